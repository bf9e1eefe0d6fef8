"""Write the result of a check as JSON, in the schema `safeclock.check/1`."""

from typing import Final

from streams.batch.check.check import CheckedFiles
from streams.batch.check.summary import ClockSummary, PlatformSummary
from streams.contract.timestamps import format_optional_timestamp

SCHEMA: Final = "safeclock.check/1"

Json = dict[str, object]


def check_document(checked: CheckedFiles) -> Json:
    """Return the document; durations in seconds, shares from 0 to 1, null if there is no value."""
    return {
        "schema": SCHEMA,
        "as_of": format_optional_timestamp(checked.as_of),
        "events": checked.events,
        "heartbeats": checked.heartbeats,
        "refused": [
            {
                "reason": group.reason,
                "field": group.field,
                "count": group.count,
                "first": group.first,
                "expected": group.expected or None,
                "looks_like": group.looks_like or None,
            }
            for group in checked.refused
        ],
        "platforms": [_platform_document(platform) for platform in checked.platforms],
    }


def _platform_document(platform: PlatformSummary) -> Json:
    return {
        "platform": platform.platform,
        "filed": platform.filed,
        "states": dict(platform.states),
        "orphans": platform.orphans,
        "duplicates": platform.duplicates,
        "heartbeats": platform.heartbeats,
        "first": format_optional_timestamp(platform.first_at),
        "last": format_optional_timestamp(platform.last_at),
        "shares": {
            "unknown_jurisdiction": platform.unknown_jurisdiction,
            "other_harm": platform.other_harm,
            "whole_hours": platform.whole_hours,
            "zero_durations": platform.zero_durations,
        },
        "clocks": {clock.clock: _clock_document(clock) for clock in platform.clocks},
        "warnings": list(platform.warnings),
        "mistakes": list(platform.mistakes),
    }


def _clock_document(clock: ClockSummary) -> Json:
    return {
        "reports": clock.reports,
        "stopped": clock.stopped,
        "median_seconds": {**clock.median_seconds._asdict(), "reached": clock.median_reached},
        "closed_only_median_seconds": clock.closed_only_median_seconds,
        "share_logged_at_close": clock.share_logged_at_close,
    }

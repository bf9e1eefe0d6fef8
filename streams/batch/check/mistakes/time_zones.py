"""Mistakes of time zones in files: local times written as UTC, offsets that ignore daylight saving, promises ahead."""

from bisect import bisect_left
from itertools import accumulate
from statistics import median
from typing import Final

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes.mistake import Measurement, Mistake
from streams.batch.check.utc_offsets import (
    NO_OFFSET,
    OffsetShare,
    format_offset,
    largest_offset_below,
    skipped_hours,
    smallest_offset_above,
)
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.integrity.confidence import share
from streams.domain.vocabulary import RefusalReason

_MIN_COUNT: Final = 50
_OFFSET_SHARE: Final = 0.1
"""If a fixed offset was added to values, at least this share of them is close to the offset."""

_MIN_USUAL_EVENTS: Final = 15
_MIN_NEIGHBOUR_DAYS: Final = 6
_WINTER: Final = frozenset({0, 1, 10, 11})
_SUMMER: Final = frozenset({4, 5, 6, 7})
_DAYLIGHT_SAVING_GROUPS: Final = (
    (range(60, 181), frozenset({"EU", "UK", "ZZ"})),
    (range(-600, -239), frozenset({"US", "ZZ"})),
)
"""Offsets from UTC, in minutes, and the groups of jurisdictions with these offsets where clocks change."""

_MAIN_SHARE: Final = 0.8


def _offset_measurement(offset: OffsetShare, over: int) -> Measurement:
    return Measurement(offset.share, over, format_offset(offset.offset))


def _ahead_by_offset(profile: LineProfile) -> Measurement:
    return _offset_measurement(smallest_offset_above(profile.future_by_ms), len(profile.future_by_ms))


def _in_the_future(profile: LineProfile) -> Measurement:
    clustered = _ahead_by_offset(profile)
    is_explained = len(profile.future_by_ms) >= _MIN_COUNT and clustered.value > _OFFSET_SHARE
    return Measurement(0.0 if is_explained else share(profile.future_lines, profile.lines), profile.future_lines)


def _logged_long_after(profile: LineProfile) -> Measurement:
    return Measurement(
        share(profile.refused[RefusalReason.TOO_OLD], profile.lines), profile.refused[RefusalReason.TOO_OLD]
    )


def _late_by_offset(profile: LineProfile) -> Measurement:
    delays = profile.delays()
    return _offset_measurement(largest_offset_below(delays), len(delays))


def _logged_after_heartbeat(profile: LineProfile) -> Measurement:
    """Measure the share of events that were logged after a heartbeat whose `complete_through` is later than they."""
    promises = sorted(profile.heartbeat_times.values())
    heartbeat_logged_at = [logged_at for logged_at, _ in promises]
    promised = list(accumulate((complete_through for _, complete_through in promises), max, initial=0))
    times = list(profile.event_times.values())
    broken_promises = sum(at < promised[bisect_left(heartbeat_logged_at, logged_at)] for at, logged_at in times)
    return Measurement(share(broken_promises, len(times)), len(times))


def _negative_durations(profile: LineProfile) -> tuple[list[int], int]:
    """Return by how many ms first actions precede their filings (over two minutes only), and the number of reports."""
    durations = profile.durations()
    return [-duration for duration in durations if duration < -120 * SECOND], len(durations)


def _acted_before_filed(profile: LineProfile) -> Measurement:
    early, over = _negative_durations(profile)
    offset = smallest_offset_above(early) if len(early) >= _MIN_COUNT else NO_OFFSET
    about = f", at most {format_offset(offset.offset)}" if offset.share > _OFFSET_SHARE else ""
    return Measurement(share(len(early), over), over, about)


def _acted_after_offset(profile: LineProfile) -> Measurement:
    durations = profile.durations()
    return _offset_measurement(largest_offset_below(durations), len(durations))


def _skipped_hour_empty(profile: LineProfile) -> Measurement:
    """Measure, for skipped hours without events, how many events the same hour has on other days; the maximum counts."""
    found = [
        _usual_count(profile, day, hour)
        for day in {day for day, _ in profile.spring_hours}
        for hour in _empty_hours(profile, day)
    ]
    return Measurement(max(found, default=0.0), _MIN_NEIGHBOUR_DAYS)


def _empty_hours(profile: LineProfile, day: int) -> list[int]:
    return [hour for hour, _ in skipped_hours(day) if not profile.spring_hours[day, hour]]


def _usual_count(profile: LineProfile, day: int, hour: int) -> float:
    """Return the median number of events in the same hour of nearby days, 0 if too few days are known."""
    nearby = [profile.spring_hours[other, hour] for other in range(day - 7, day + 8) if other != day]
    filled = [count for count in nearby if count]
    return median(filled) if len(filled) >= _MIN_NEIGHBOUR_DAYS else 0.0


def _bad_times_at_change(profile: LineProfile) -> Measurement:
    span = (profile.last_at or 0) - (profile.first_at or 0)
    at_change = share(profile.bad_times_at_change, profile.bad_times)
    return Measurement(at_change if span > 3 * DAY else 0.0, profile.bad_times)


def _skipped_hour_written(profile: LineProfile) -> Measurement:
    """Count times in a skipped hour, for zones that are recognised by both of their offsets, or by their reports."""
    counts = [
        count
        for offset, count in profile.skipped_hours.items()
        if {offset, offset + 60} <= profile.offsets.keys() or _share_with_daylight_saving(profile, offset) > _MAIN_SHARE
    ]
    return Measurement(sum(counts), profile.lines)


def _one_offset_all_year(profile: LineProfile) -> Measurement:
    """Measure the share of filings from places with daylight saving, if a single offset is used all year."""
    seasons = {month % 12 for month in profile.months}
    offset = next(iter(profile.offsets)) if len(profile.offsets) == 1 else 0
    has_both_seasons = seasons & _WINTER and seasons & _SUMMER
    return Measurement(_share_with_daylight_saving(profile, offset) if has_both_seasons else 0.0, profile.lines)


def _share_with_daylight_saving(profile: LineProfile, offset: int) -> float:
    """Return the share of filings under the law of places that have this offset, in minutes, and daylight saving."""
    groups = next((groups for offsets, groups in _DAYLIGHT_SAVING_GROUPS if offset in offsets), frozenset[str]())
    matching = sum(
        count for touched, count in profile.jurisdiction_groups.items() if groups.issuperset(touched.split("+"))
    )
    return share(matching, profile.filings)


MISTAKES: Final = (
    Mistake(
        "ahead_by_an_offset",
        "Are refused times ahead by the offset of a zone?",
        _OFFSET_SHARE,
        _MIN_COUNT,
        _ahead_by_offset,
        "{over:,} lines are refused because `time` is up to {about} after they were logged: probably `time` is local "
        "time written as UTC, or `recordedtime` is; write both with the zone's offset",
    ),
    Mistake(
        "in_the_future",
        "Are times in the future?",
        0.02,
        10,
        _in_the_future,
        "{over:,} lines are refused because they are in the future: probably local time written as UTC, a wrong year, "
        "or day and month swapped",
    ),
    Mistake(
        "logged_long_after",
        "Were filings logged more than 14 days after they occurred?",
        0.05,
        20,
        _logged_long_after,
        "{over:,} filings are refused because `recordedtime` is more than 14 days after `time`: probably a wrong year, "
        "or the time of the export; `recordedtime` is when each event was or would have been published",
    ),
    Mistake(
        "late_by_an_offset",
        "Was every event logged later by the offset of a zone?",
        _OFFSET_SHARE,
        _MIN_COUNT,
        _late_by_offset,
        "no event was logged earlier than {about} after it occurred, and many just then: probably `time` is local time "
        "written as UTC, or `recordedtime` is; write both with the zone's offset",
    ),
    Mistake(
        "logged_after_heartbeat",
        "Were events logged after a heartbeat that promised that there were no more?",
        0.05,
        _MIN_COUNT,
        _logged_after_heartbeat,
        "{value:.0%} of the events were logged after a heartbeat whose `complete_through` is later than their `time`: "
        "probably their times are local time written as UTC, or `complete_through` is ahead of what was "
        "published",
    ),
    Mistake(
        "acted_before_filed",
        "Are actions before their filings?",
        0.1,
        20,
        _acted_before_filed,
        "in {value:.0%} of the reports an action is before the filing{about}: probably the times of actions or those "
        "of filings are local time written as UTC; write both with the zone's offset",
    ),
    Mistake(
        "acted_after_an_offset",
        "Is every duration longer by the offset of a zone?",
        _OFFSET_SHARE,
        _MIN_COUNT,
        _acted_after_offset,
        "no first action is earlier than {about} after its filing, and many just then: probably the times of actions "
        "or those of filings are local time written as UTC; write both with the zone's offset",
    ),
    Mistake(
        "skipped_hour_empty",
        "Is the hour without events that daylight saving skips in spring?",
        _MIN_USUAL_EVENTS,
        _MIN_NEIGHBOUR_DAYS,
        _skipped_hour_empty,
        "no event is in the hour that daylight saving skips in spring, in which other days have {value:.0f} events: probably "
        "the times are local time written as UTC",
    ),
    Mistake(
        "bad_times_at_change",
        "Do actions precede their filings only in the night in which clocks go back?",
        0.9,
        3,
        _bad_times_at_change,
        "{over} actions are before their filings, nearly all in a night in which clocks go back: probably the times "
        "are local time written as UTC",
    ),
    Mistake(
        "skipped_hour_written",
        "Are times in an hour that daylight saving skips?",
        0.0,
        1,
        _skipped_hour_written,
        "times in an hour that daylight saving skips in spring: {value:.0f}; probably their offset was not taken from "
        "the zone's rules for that instant",
    ),
    Mistake(
        "one_offset_all_year",
        "Is the offset the same in summer and in winter, where clocks change?",
        _MAIN_SHARE,
        _MIN_COUNT,
        _one_offset_all_year,
        "all times have the same offset in summer and in winter: in zones with daylight saving, one of them is wrong by "
        "an hour",
    ),
)

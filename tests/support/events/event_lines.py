"""Lines of a file, told in words: `filed("a", at=0)`, `acted("a", "restricted", at=HOUR)`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH_OFFSET_MS = 1_767_571_200_000
"""2026-01-05T00:00:00Z, the zero of every workload."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEFAULT_LABELS = {
    "harm": "grooming",
    "reporter": "user",
    "trusted_flagger": False,
    "channel": "in_app",
    "basis": "terms",
    "jurisdictions": ["FR"],
}
REMOVAL = {"restrictions": ["removed"], "extent": "global", "ground": "terms"}


def _event_line(kind: str, platform: str, at: int, recorded_at: int | None, **rest: Any) -> bytes:  # noqa: ANN401 - JSON
    event = {
        "specversion": "1.0",
        "type": f"safeclock.{kind}.v1",
        "source": f"/platforms/{platform}",
        "time": _timestamp(at),
        **({} if recorded_at is None else {"recordedtime": _timestamp(recorded_at)}),
        **rest,
    }
    event.setdefault("id", hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()[:32])
    return json.dumps(event).encode() + b"\n"


def _timestamp(at: int) -> str:
    return (EPOCH + timedelta(milliseconds=EPOCH_OFFSET_MS + at)).isoformat(timespec="milliseconds")


def report_token(report: str) -> str:
    """Return the token of a report that a workload calls so."""
    return "k1_" + hashlib.sha256(report.encode()).hexdigest()[:43]


def filing_line(
    report: str,
    at: int,
    platform: str = "meadow",
    recorded_at: int | None = None,
    labels: Mapping[str, object] | None = None,
) -> bytes:
    """A report is filed."""
    data = {**DEFAULT_LABELS, **(labels or {})}
    return _event_line("report-filed", platform, at, recorded_at, subject=report_token(report), data=data)


def action_line(
    report: str,
    outcome: str,
    at: int,
    platform: str = "meadow",
    recorded_at: int | None = None,
    **more: str,
) -> bytes:
    """An outcome is recorded, with `more` of its fields; a restriction removes the item."""
    data = {"outcome": outcome, **(REMOVAL if outcome == "restricted" else {}), **more}
    return _event_line("action-taken", platform, at, recorded_at, subject=report_token(report), data=data)


def heartbeat_line(at: int, complete_through: int, sequence: int = 1, platform: str = "meadow") -> bytes:
    """The platform promises that it has told everything up to `through`."""
    return _event_line(
        "heartbeat", platform, at, None, data={"complete_through": _timestamp(complete_through), "sequence": sequence}
    )

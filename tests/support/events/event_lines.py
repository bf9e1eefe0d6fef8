"""Lines of a file, told in words: `filed("a", at=0)`, `acted("a", "restricted", at=HOUR)`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

START = 1_767_571_200_000
"""2026-01-05T00:00:00Z, the zero of every story."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FILING = {
    "harm": "grooming",
    "reporter": "user",
    "trusted_flagger": False,
    "channel": "in_app",
    "basis": "terms",
    "jurisdictions": ["FR"],
}
REMOVED = {"restrictions": ["removed"], "extent": "global", "ground": "terms"}


def _line(kind: str, platform: str, at: int, told: int | None, **rest: Any) -> bytes:  # noqa: ANN401 - JSON
    event = {
        "specversion": "1.0",
        "type": f"safeclock.{kind}.v1",
        "source": f"/platforms/{platform}",
        "time": _instant(at),
        **({} if told is None else {"recordedtime": _instant(told)}),
        **rest,
    }
    event.setdefault("id", hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()[:32])
    return json.dumps(event).encode() + b"\n"


def _instant(at: int) -> str:
    return (EPOCH + timedelta(milliseconds=START + at)).isoformat(timespec="milliseconds")


def token(report: str) -> str:
    """Return the token of a report that a story calls so."""
    return "k1_" + hashlib.sha256(report.encode()).hexdigest()[:43]


def filed(
    report: str, at: int, platform: str = "meadow", told: int | None = None, labels: Mapping[str, object] | None = None
) -> bytes:
    """A report is filed."""
    data = {**FILING, **(labels or {})}
    return _line("report-filed", platform, at, told, subject=token(report), data=data)


def acted(report: str, outcome: str, at: int, platform: str = "meadow", told: int | None = None) -> bytes:
    """An outcome is recorded; a restriction removes the item."""
    data = {"outcome": outcome, **(REMOVED if outcome == "restricted" else {})}
    return _line("action-taken", platform, at, told, subject=token(report), data=data)


def beat(at: int, through: int, sequence: int = 1, platform: str = "meadow") -> bytes:
    """The platform promises that it has told everything up to `through`."""
    return _line("heartbeat", platform, at, None, data={"complete_through": _instant(through), "sequence": sequence})

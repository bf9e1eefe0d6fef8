"""What platforms tell while the test looks on, seeded: reports whose deadlines pass in seconds, deeds in time or not.

A heartbeat follows everything that it promises, so that no deadline may be counted as missed and taken back.
"""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from random import Random
from typing import Any, Final

from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import DAY, SECOND
from tests.support.simulation.recent_history import event_lines, recent_plan

PLATFORM: Final = "harbor"
"""The one that tells of today; its limits are 24 hours."""

_HARMS: Final = ("csam", "grooming", "bullying", "self_harm", "sextortion")
_REPORTERS: Final = ("user", "guardian", "hotline", "automated")
_RESTRICTED: Final = {"outcome": "restricted", "restrictions": ["removed"], "extent": "global", "ground": "terms"}
_ACTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("action-taken", {"outcome": "acknowledged"}),
    ("action-taken", _RESTRICTED),
    ("action-taken", {"outcome": "no_violation"}),
    ("action-taken", {"outcome": "paused", "reason": "information_requested"}),
    ("action-taken", {"outcome": "resumed"}),
    ("action-taken", {"outcome": "reopened"}),
    ("action-taken", {"outcome": "reversed", "of": "restriction"}),
    ("report-amended", {"reason": "triage", "severity": "critical"}),
)
_MAX_OPEN_REPORTS: Final = 200


def without_platform(reports: int = 300) -> list[bytes]:
    """Return what the other platforms tell at once of a week that is over: every kind of report and deed."""
    lines = event_lines(recent_plan(reports, weeks=1, ended_ago=2 * DAY))
    return [line.rstrip() for line in lines if f"/platforms/{PLATFORM}".encode() not in line]


class LiveTraffic:
    """A platform's lines from one beat to the next; what is told is decided by `seed`, when by the clock."""

    def __init__(self, seed: int, platform: str = PLATFORM) -> None:
        self._seed = seed
        self._platform = platform
        self._random = Random(seed)
        self._number = 0
        self._heartbeat_count = 0
        self._open: list[str] = []
        self._published_count: list[bytes] = []

    def next_lines(self, now: int, reports: int = 4) -> list[bytes]:
        """Return new reports, deeds about these and older ones, now and then a line told twice, and a heartbeat."""
        filed = [self._filing(now) for _ in range(reports)]
        lines = filed + [self._action(now) for _ in range(2 * reports)]
        if self._random.random() < 0.3:
            lines.append(self._random.choice(self._published_count or lines))
        self._published_count = lines
        self._heartbeat_count += 1
        return [*lines, self._heartbeat(now)]

    def _filing(self, now: int) -> bytes:
        token = sha256(f"{self._seed}-{self._number}".encode()).digest()
        subject = f"s1_{urlsafe_b64encode(token).decode()[:43]}"
        self._open = [*self._open[-_MAX_OPEN_REPORTS:], subject]
        # Half of the reports fall due within seconds, the others tomorrow.
        ago = DAY - self._random.randrange(2 * SECOND, 20 * SECOND) if self._random.random() < 0.5 else 0
        data = {
            "harm": self._random.choice(_HARMS),
            "reporter": self._random.choice(_REPORTERS),
            "trusted_flagger": False,
            "channel": "in_app",
            "basis": "terms",
            "jurisdictions": ["FR"],
        }
        return self._line("report-filed", now - ago, data, subject)

    def _action(self, now: int) -> bytes:
        kind, data = self._random.choice(_ACTIONS)
        return self._line(kind, now, data, self._random.choice(self._open))

    def _heartbeat(self, now: int) -> bytes:
        data = {"complete_through": format_timestamp(now), "sequence": self._heartbeat_count}
        return self._line("heartbeat", now, data)

    def _line(self, kind: str, at: int, data: dict[str, Any], subject: str | None = None) -> bytes:
        self._number += 1
        event = {
            "specversion": "1.0",
            "type": f"safeclock.{kind}.v1",
            "source": f"/platforms/{self._platform}",
            "id": f"{self._seed:04x}-{self._number:08d}",
            "time": format_timestamp(at),
            "data": data,
        }
        return json.dumps(event if subject is None else {**event, "subject": subject}).encode()

"""Reads the ground truth of a simulated history, as far as the demo compares it with the board's figures."""

from pathlib import Path

import msgspec

from streams.contract.timestamps import parse_timestamp
from streams.domain.duration_bins import DAY


class ClockTruth(msgspec.Struct, frozen=True):
    """The true figures of one clock; durations in seconds."""

    share_within_24h: float | None
    closed_only_median_seconds: float | None


class Segment(msgspec.Struct, frozen=True):
    """The true figures of the filings before or after a date."""

    clocks: dict[str, ClockTruth]


class PlatformTruth(msgspec.Struct, frozen=True):
    """The planted effect of one platform; `published_clocks` cover only reports that were published."""

    truth: str
    since: str | None
    published_unanswered: int
    published_clocks: dict[str, ClockTruth]
    before: Segment | None = None
    after: Segment | None = None


class GroundTruth(msgspec.Struct, frozen=True):
    """The planted effects by platform, between two instants."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    platforms: dict[str, PlatformTruth]

    def split_day(self, platform: str) -> int:
        """Return the day, since 1970, of a platform's planted change; without a change, the middle of the history."""
        since = self.platforms[platform].since
        if since is not None:
            return parse_ms(since) // DAY
        return (parse_ms(self.begin) + parse_ms(self.end)) // 2 // DAY


def parse_ms(text: str) -> int:
    """Return an instant of the ground truth in epoch milliseconds."""
    return parse_timestamp(text)


def read_ground_truth(path: Path) -> GroundTruth:
    """Return the ground truth in a file; raises msgspec.DecodeError if the file is not a ground truth."""
    return msgspec.json.decode(path.read_bytes(), type=GroundTruth)

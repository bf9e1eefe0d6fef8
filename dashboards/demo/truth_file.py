"""The key to a simulated history, as far as the demo holds the board's figures against it."""

from pathlib import Path

import msgspec

from streams.contract.timestamps import parse_timestamp
from streams.domain.duration_bins import DAY


class ClockTruth(msgspec.Struct, frozen=True):
    """The true figures of one clock; durations in seconds."""

    share_within_24h: float | None
    closed_only_median_seconds: float | None


class Segment(msgspec.Struct, frozen=True):
    """The truth about the filings on one side of a date."""

    clocks: dict[str, ClockTruth]


class PlatformTruth(msgspec.Struct, frozen=True):
    """What is planted in one platform; `published_clocks` are over the reports that were ever told."""

    truth: str
    since: str | None
    published_unanswered: int
    published_clocks: dict[str, ClockTruth]
    before: Segment | None = None
    after: Segment | None = None


class GroundTruth(msgspec.Struct, frozen=True):
    """What is planted, by platform, between two instants."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    platforms: dict[str, PlatformTruth]

    def split_day(self, platform: str) -> int:
        """Return the day, since 1970, on which a platform is planted to change, else the middle of the span."""
        since = self.platforms[platform].since
        if since is not None:
            return parse_ms(since) // DAY
        return (parse_ms(self.begin) + parse_ms(self.end)) // 2 // DAY


def parse_ms(text: str) -> int:
    """Return an instant of the key in epoch milliseconds."""
    return parse_timestamp(text)


def read_ground_truth(path: Path) -> GroundTruth:
    """Return the key in a file; raises msgspec.DecodeError when it is not one."""
    return msgspec.json.decode(path.read_bytes(), type=GroundTruth)

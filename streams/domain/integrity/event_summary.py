"""Summarise a stream of events, and warn of times that look rounded or copied."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.domain.duration_bins import HOUR
from streams.domain.events import Action, Event, Filing, Heartbeat
from streams.domain.labels import UNKNOWN_JURISDICTION, decode_labels
from streams.domain.ledger import counters
from streams.domain.vocabulary import Harm

_MIN_INSTANTS: Final = 20
_MAX_WHOLE_HOUR_SHARE: Final = 0.2
"""Of times in seconds, one in 3,600 falls on a whole hour by chance; a fifth of them are rounded."""

_MAX_ZERO_DURATION_SHARE: Final = 0.02
"""Even automated decisions take milliseconds; two in a hundred durations of exactly 0 come from copied times."""


class EventSummary(NamedTuple):
    """Counts over one platform's events; `first_at` and `last_at` are instants in epoch milliseconds."""

    filings: int = 0
    instants: int = 0
    whole_hours: int = 0
    unknown_jurisdiction: int = 0
    other_harm: int = 0
    first_at: int | None = None
    last_at: int | None = None

    @property
    def warnings(self) -> list[str]:
        """The warnings about the platform's times."""
        if self.instants >= _MIN_INSTANTS and self.whole_hours > _MAX_WHOLE_HOUR_SHARE * self.instants:
            return [f"{self.whole_hours / self.instants:.0%} of the times are whole hours, which look rounded"]
        return []


def zero_duration_warnings(counts: Mapping[str, int]) -> list[str]:
    """Return a warning if the counters of a platform hold many stops after 0 milliseconds."""
    stops = sum(counters.counted(counts, counters.STOPPED).values())
    instant = counts.get(counters.ZERO_DURATIONS, 0)
    if stops >= _MIN_INSTANTS and instant > _MAX_ZERO_DURATION_SHARE * stops:
        return [f"{instant / stops:.0%} of the durations are 0 seconds: actions may have the times of their filings"]
    return []


class EventSummarizer:
    """Counts events by platform for their summaries."""

    def __init__(self) -> None:
        self._counts_by_platform: dict[str, list[int]] = {}

    def add(self, event: Event) -> None:
        """Count one event; heartbeats are left out."""
        if isinstance(event, Heartbeat):
            return
        counts = self._counts_by_platform.setdefault(event.platform, [0, 0, 0, 0, 0, event.at, event.at])
        counts[5], counts[6] = min(counts[5], event.at), max(counts[6], event.at)
        if isinstance(event, Filing | Action):
            counts[1] += 1
            counts[2] += event.at % HOUR == 0
        if isinstance(event, Filing):
            labels = decode_labels(event.encoded_labels)
            counts[0] += 1
            counts[3] += UNKNOWN_JURISDICTION in labels.jurisdictions.split("+")
            counts[4] += labels.harm is Harm.OTHER

    def summaries(self) -> Mapping[str, EventSummary]:
        """Return the summary of each platform."""
        return {platform: EventSummary(*counts) for platform, counts in self._counts_by_platform.items()}

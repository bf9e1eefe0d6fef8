"""How many reports were filed and decided, and how long that took in all: counted from the events, without the ledger.

Only what the simulator does is understood here: no conflicting ids, and every action decides its whole report.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import MINUTE
from streams.domain.events import Action, Event, Filing, Retraction
from streams.domain.ledger import counters

_CLOCK: Final = next(clock for clock in STANDARD_CLOCKS if clock.id == "time_to_decision")
_SKEW: Final = 2 * MINUTE
_CORRECTED_PREFIX: Final = counters.corrected("")


class DecisionCounts(NamedTuple):
    """Reports filed, reports decided, and the sum of the times to their decisions, in milliseconds."""

    filed: int
    decided: int
    duration: int


def counts_of_ledger(desks: Iterable[Mapping[str, int]]) -> DecisionCounts:
    """Return what was counted, less what was corrected, by the counters of every platform and partition."""
    known = list(desks)

    def net(begin: str) -> int:
        counts = ((name, value) for platform_counters in known for name, value in platform_counters.items())
        return sum(
            -value if name.startswith(_CORRECTED_PREFIX) else value
            for name, value in counts
            if name.removeprefix(_CORRECTED_PREFIX).startswith(begin)
        )

    filed = sum(
        platform_counters.get(counters.FILED, 0) - platform_counters.get(counters.UNFILED, 0)
        for platform_counters in known
    )
    return DecisionCounts(filed, net(f"stopped|{_CLOCK.key}|"), net(counters.stopped_ms(_CLOCK.key)))


def counts_of_events(events: Iterable[Event]) -> DecisionCounts:
    """Return what the events say."""
    known = list(events)
    retracted = {(event.key, event.retracted_id) for event in known if isinstance(event, Retraction)}
    filings: dict[bytes, int] = {}
    actions: dict[bytes, list[Action]] = defaultdict(list)
    for event in known:
        if isinstance(event, Filing) and (event.key, event.id) not in retracted and not event.is_test:
            filings[event.key] = event.at
        elif isinstance(event, Action) and (event.key, event.id) not in retracted:
            actions[event.key].append(event)
    durations = [found for key, at in filings.items() if (found := _decision(at, actions[key])) is not None]
    return DecisionCounts(len(filings), len(durations), sum(durations))


def _decision(filed: int, actions: Iterable[Action]) -> int | None:
    """Return the time to the decision on one report, None where there is none."""
    for action in sorted(actions, key=lambda action: (action.at, action.content)):
        if action.at < filed - _SKEW:
            continue
        if action.kind in _CLOCK.stops:
            return max(action.at - filed, 0)
        if action.kind in _CLOCK.competes:
            return None
    return None

"""Classify report profiles: find the traits that integrity checks count."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import FROZEN, OPEN, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import FROM_START, ClockValue, ReportProfile, is_total, unpack_profile
from streams.domain.duration_bins import HOUR, MINUTE, bin_of
from streams.domain.integrity.counts import ReportTraits, Trait, TraitCounts, Zone, limit_neighbourhood
from streams.domain.labels import DOWNGRADED, UNKNOWN_JURISDICTION, Labels
from streams.domain.vocabulary import Harm, Severity

PROMPT_WITHIN: Final = 15 * MINUTE
"""A filing that is logged within this time has no delayed entry: docs/definitions.md §4."""

_DECISION_CLOCK: Final = next(clock for clock in STANDARD_CLOCKS if clock.id == "time_to_decision").hash
_SLOW_BIN: Final = bin_of(12 * HOUR)
_SECONDS_BIN: Final = bin_of(PROMPT_WITHIN)
"""Up to this bin, bins are few and seconds wide, so honest automated decisions share them."""
_FIRST_BIN: Final = 0

_DECIDED_STATES: Final = frozenset(
    {State.RESTRICTED, State.REVERSED, State.NO_VIOLATION, State.ALREADY_RESTRICTED, State.UNAVAILABLE}
)
_ACTED_STATES: Final = frozenset({State.RESTRICTED, State.REVERSED})
_DROPPED_STATES: Final = frozenset({State.WITHDRAWN, State.EXPIRED, State.MERGED})
_NEARLY_CLOSED_STATES: Final = frozenset({State.INTERIM, State.MERGED})
"""Open states in which a platform may regard a report as done."""


class _TraitInputs(NamedTuple):
    """The values from which a report's traits follow; `is_grave`: a label is not a sufficient answer."""

    state: State
    is_grave: bool
    decided_at_once: bool
    is_slow: bool
    ended_slowly: bool
    was_logged_late: bool
    was_logged_only_at_end: bool


class ReportClassifier:
    """Finds the traits of stored profiles; `clocks` are those with limits to watch.

    `allowance`: how many milliseconds after it occurred a filing may be logged without a delayed entry.
    """

    def __init__(self, clocks: Iterable[Clock], allowance: int = PROMPT_WITHIN) -> None:
        limits = {clock.hash: clock.limit for clock in clocks if clock.limit is not None}
        found = {clock_hash: limit_neighbourhood(limit) for clock_hash, limit in limits.items()}
        self.neighbourhoods = {
            clock_hash: neighbourhood for clock_hash, neighbourhood in found.items() if neighbourhood is not None
        }
        self._allowance = bin_of(allowance)

    def count(self, counts: TraitCounts, key: CohortKey, name: bytes, by: int) -> None:
        """Add `by` reports to `counts`, for the profile (or number) that a cohort stores under `name`."""
        if is_total(name):
            if name == DOWNGRADED:
                counts.traits[Trait.DOWNGRADED] += by
            return
        labels = key.labels
        counts.count(
            self.classify(unpack_profile(name), is_grave=labels.harm is not Harm.AGE_INAPPROPRIATE), labels.channel, by
        )
        if has_missing_labels(labels):
            counts.traits[Trait.MISSING_LABELS] += by

    def classify(self, profile: ReportProfile, *, is_grave: bool) -> ReportTraits:
        """Return the traits of a report with this profile; `is_grave`: a label is not a sufficient answer."""
        state, entry, _, clocks = profile
        ended, stopped = _decision_bins(clocks)
        inputs = _TraitInputs(
            state=state,
            is_grave=is_grave,
            decided_at_once=stopped == _FIRST_BIN,
            is_slow=ended is None or ended > _SLOW_BIN,
            ended_slowly=ended is not None and ended > self._allowance,
            was_logged_late=entry != FROM_START,
            was_logged_only_at_end=ended is not None and entry >= ended,
        )
        decided = stopped if stopped is not None and stopped > _SECONDS_BIN else None
        return ReportTraits(_traits(inputs), self._stops_near_limits(clocks), decided)

    def _stops_near_limits(self, clocks: Iterable[ClockValue]) -> tuple[tuple[bytes, Zone], ...]:
        """Return the hashes of the clocks that stopped near their limits, each with its zone."""
        found = []
        for clock_hash, value, ending in clocks:
            if ending == STOPPED and clock_hash in self.neighbourhoods:
                zone = self.neighbourhoods[clock_hash].zone_of(value)
                if zone is not None:
                    found.append((clock_hash, zone))
        return tuple(found)


@lru_cache(maxsize=65536)
def has_missing_labels(labels: Labels) -> bool:
    """Return whether a filing has no severity or an unknown jurisdiction."""
    return labels.severity is Severity.UNSPECIFIED or UNKNOWN_JURISDICTION in labels.jurisdictions.split("+")


def _decision_bins(clocks: Iterable[ClockValue]) -> tuple[int | None, int | None]:
    """Return the duration bins in which the report ended and was decided, None for each that has not happened."""
    for clock_hash, value, ending in clocks:
        if clock_hash == _DECISION_CLOCK and ending not in {OPEN, FROZEN}:
            return value, value if ending == STOPPED else None
    return None, None


@lru_cache(maxsize=4096)
def _traits(inputs: _TraitInputs) -> tuple[Trait, ...]:
    state, rejected, dropped = inputs.state, inputs.state is State.NO_VIOLATION, inputs.state in _DROPPED_STATES
    has = {
        Trait.FILED: True,
        Trait.REJECTED: rejected,
        Trait.REJECTED_AT_ONCE: rejected and inputs.decided_at_once,
        Trait.ACKNOWLEDGED_ONLY: state is State.ACKNOWLEDGED,
        Trait.DECIDED: state in _DECIDED_STATES,
        Trait.ACTED: state in _ACTED_STATES,
        Trait.ACTED_GRAVE: state in _ACTED_STATES and inputs.is_grave,
        Trait.PARTIAL_ONLY_GRAVE: state is State.INTERIM and inputs.is_grave,
        Trait.ENDED_SLOWLY: inputs.ended_slowly,
        Trait.LOGGED_ONLY_AT_END: inputs.ended_slowly and inputs.was_logged_only_at_end,
        Trait.LOGGED_LATE: inputs.was_logged_late,
        Trait.LOGGED_LATE_AND_OPEN: inputs.was_logged_late
        and not inputs.was_logged_only_at_end
        and state not in _NEARLY_CLOSED_STATES,
        Trait.SLOW: inputs.is_slow,
        Trait.SLOW_DROPPED: inputs.is_slow and dropped,
        Trait.FAST: not inputs.is_slow,
        Trait.FAST_DROPPED: not inputs.is_slow and dropped,
    }
    return tuple([trait for trait, holds in has.items() if holds])

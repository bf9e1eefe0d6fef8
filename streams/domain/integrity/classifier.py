"""From a cohort's signature to what tripwires look at."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import FROZEN, OPEN, STOPPED
from streams.domain.clocks.report_state import State
from streams.domain.clocks.standard import STANDARD
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import FROM_THE_START, Reading, Signature, is_sum, unpack
from streams.domain.duration_bins import HOUR, MINUTE, bin_of
from streams.domain.integrity.counts import Glimpse, Seen, Side, Trait, stretch
from streams.domain.labels import SOFTENED, UNKNOWN_JURISDICTION, Attributes
from streams.domain.vocabulary import Harm, Severity

PROMPT: Final = 15 * MINUTE
"""Nobody is late who tells a filing within this time; see docs/definitions.md §4."""

_DECISION: Final = next(clock for clock in STANDARD if clock.id == "time_to_decision").mark
_HALF_THE_LIMIT: Final = bin_of(12 * HOUR)
_FEW_BINS: Final = bin_of(PROMPT)
"""Up to here bins are seconds wide, and honest machines share a few of them."""
_AT_ONCE: Final = 0

_DECIDED: Final = frozenset(
    {State.RESTRICTED, State.REVERSED, State.NO_VIOLATION, State.ALREADY_RESTRICTED, State.UNAVAILABLE}
)
_ACTED: Final = frozenset({State.RESTRICTED, State.REVERSED})
_DROPPED: Final = frozenset({State.WITHDRAWN, State.EXPIRED, State.MERGED})
_AS_GOOD_AS_ENDED: Final = frozenset({State.INTERIM, State.MERGED})
"""Open states in which a platform may hold a report for done with."""


class _Shape(NamedTuple):
    """All that the traits of a report follow from; a `grave` one is not answered by a label."""

    state: State
    grave: bool
    at_once: bool
    slow: bool
    slow_to_end: bool
    late: bool
    untold: bool


class Lens:
    """Reads stored signatures under a platform's clocks; within `allowance` milliseconds it tells nothing late."""

    def __init__(self, clocks: Iterable[Clock], allowance: int = PROMPT) -> None:
        limits = {clock.mark: clock.limit for clock in clocks if clock.limit is not None}
        found = {mark: stretch(limit) for mark, limit in limits.items()}
        self.stretches = {mark: around for mark, around in found.items() if around is not None}
        self._allowance = bin_of(allowance)

    def count(self, seen: Seen, key: CohortKey, name: bytes, by: int) -> None:
        """Count in a digest what a cohort stores under a name."""
        if is_sum(name):
            if name == SOFTENED:
                seen.traits[Trait.SOFTENED] += by
            return
        labels = key.labels
        seen.count(self.glimpse(unpack(name), grave=labels.harm is not Harm.AGE_INAPPROPRIATE), labels.channel, by)
        if is_unlabelled(labels):
            seen.traits[Trait.UNLABELLED] += by

    def glimpse(self, signature: Signature, *, grave: bool) -> Glimpse:
        """Return what a report with this signature adds; a `grave` one is not answered by a label."""
        state, entry, _, clocks = signature
        ended, stopped = _decision(clocks)
        shape = _Shape(
            state=state,
            grave=grave,
            at_once=stopped == _AT_ONCE,
            slow=ended is None or ended > _HALF_THE_LIMIT,
            slow_to_end=ended is not None and ended > self._allowance,
            late=entry != FROM_THE_START,
            untold=ended is not None and entry >= ended,
        )
        decided = stopped if stopped is not None and stopped > _FEW_BINS else None
        return Glimpse(_traits(shape), self._near(clocks), decided)

    def _near(self, clocks: Iterable[Reading]) -> tuple[tuple[bytes, Side], ...]:
        """Return the clocks that stopped near their limits."""
        found = []
        for mark, value, ending in clocks:
            if ending == STOPPED and mark in self.stretches:
                side = self.stretches[mark].side(value)
                if side is not None:
                    found.append((mark, side))
        return tuple(found)


@lru_cache(maxsize=65536)
def is_unlabelled(labels: Attributes) -> bool:
    """Return whether a filing says nothing of its severity or of where it belongs."""
    return labels.severity is Severity.UNSPECIFIED or UNKNOWN_JURISDICTION in labels.jurisdictions.split("+")


def _decision(clocks: Iterable[Reading]) -> tuple[int | None, int | None]:
    """Return the bins in which the report ended and was decided, None for not (yet)."""
    for mark, value, ending in clocks:
        if mark == _DECISION and ending not in {OPEN, FROZEN}:
            return value, value if ending == STOPPED else None
    return None, None


@lru_cache(maxsize=4096)
def _traits(shape: _Shape) -> tuple[Trait, ...]:
    state, rejected, dropped = shape.state, shape.state is State.NO_VIOLATION, shape.state in _DROPPED
    has = {
        Trait.FILED: True,
        Trait.REJECTED: rejected,
        Trait.REJECTED_AT_ONCE: rejected and shape.at_once,
        Trait.LEFT: state is State.ACKNOWLEDGED,
        Trait.DECIDED: state in _DECIDED,
        Trait.ACTED: state in _ACTED,
        Trait.ACTED_OR_MORE: state in _ACTED and shape.grave,
        Trait.LABELLED: state is State.INTERIM and shape.grave,
        Trait.SLOW_TO_END: shape.slow_to_end,
        Trait.ENDED_UNTOLD: shape.slow_to_end and shape.untold,
        Trait.TOLD_LATE: shape.late,
        Trait.TOLD_LATE_AND_OPEN: shape.late and not shape.untold and state not in _AS_GOOD_AS_ENDED,
        Trait.SLOW: shape.slow,
        Trait.SLOW_DROPPED: shape.slow and dropped,
        Trait.FAST: not shape.slow,
        Trait.FAST_DROPPED: not shape.slow and dropped,
    }
    return tuple([trait for trait, holds in has.items() if holds])

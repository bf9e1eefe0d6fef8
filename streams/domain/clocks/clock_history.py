"""The roster of a partition: every clock that was ever loaded there, and when.

A pack may change while reports wait. Each report stays under the definitions that were in force when it was filed, so
a definition that is taken out of the pack is kept and goes on for the reports that began under it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from streams.domain.clocks.definition import ALWAYS_VALID, Clock, ValidityPeriod
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.labels import DOWNGRADED

_CHANGE_LEAD: Final = HOUR
"""How much later than all that was told a change of the pack counts: no accepted filing lies that far ahead."""


class ClockError(ValueError):
    """A pack that does not go with what is stored; the message says which clock, and what to do."""


class LoadedClock(NamedTuple):
    """A clock as its pack defines it, and the days of filing for which it was loaded."""

    clock: Clock
    loaded: tuple[ValidityPeriod, ...]

    @property
    def effective(self) -> Clock:
        """The clock with the windows in which it is both in force and loaded."""
        windows = [
            (max(since, first), min(until, last)) for since, until in self.clock.validity for first, last in self.loaded
        ]
        return self.clock._replace(validity=tuple([(since, until) for since, until in windows if since < until]))


def load_pack(pack: Sequence[Clock], stored: Iterable[LoadedClock], logged_at: int) -> dict[str, LoadedClock]:
    """Return the roster, by the keys of the clocks, of a partition that now loads a pack.

    `stored` is the roster as it was, empty for a partition that begins: then the pack holds for all of history.
    Otherwise what changes counts from the first UTC midnight an hour or more after everything that was `told`, so that
    no day's cohort is under two definitions. Raises ClockError for a definition that changed under its name.
    """
    known = {each.clock.key: each for each in stored}
    since = -(-(logged_at + _CHANGE_LEAD) // DAY) * DAY
    wanted = {clock.key: clock for clock in pack}
    history = {key: each if key in wanted else _unload_from(each, since) for key, each in known.items()}
    for key, clock in wanted.items():
        history[key] = _load_from(known.get(key), clock, since if known else 0)
    check_unique([each.clock for each in history.values()])
    return history


def _load_from(previous: LoadedClock | None, clock: Clock, since: int) -> LoadedClock:
    """Return a clock as loaded from `since` on, or from when it was if it still is."""
    if previous is None:
        return LoadedClock(clock, ((since, FOREVER_MS),) if since else ALWAYS_VALID)
    if previous.clock != clock:
        raise ClockError(f"clock {clock.key}: expected the definition it was first loaded with; give it a new version")
    *before, (first, last) = previous.loaded
    if last == FOREVER_MS:
        return previous
    return LoadedClock(
        clock, (*before, (first, FOREVER_MS)) if last >= since else (*previous.loaded, (since, FOREVER_MS))
    )


def _unload_from(previous: LoadedClock, until: int) -> LoadedClock:
    """Return a clock that is loaded no longer for reports filed from `until` on."""
    *before, (first, last) = previous.loaded
    return LoadedClock(previous.clock, (*before, (first, min(last, until))))


def check_unique(clocks: Iterable[Clock]) -> None:
    """Raise ClockError if two clocks have one mark."""
    for clock, problem in hash_collisions(clocks):
        raise ClockError(f"clock {clock.key}: {problem}")


def hash_collisions(clocks: Iterable[Clock]) -> Iterator[tuple[Clock, str]]:
    """Yield every clock that has the mark of another one, and what is to be done about it."""
    marks = {DOWNGRADED: "a count beside the clocks"}
    for clock in clocks:
        other = marks.setdefault(clock.hash, clock.key)
        if other != clock.key:
            yield clock, f"its mark is that of {other}; give one of them another version"

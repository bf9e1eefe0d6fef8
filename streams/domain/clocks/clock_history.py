"""The roster of a partition: every clock that was ever loaded there, and when.

A pack may change while reports wait. Each report stays under the definitions that were in force when it was filed, so
a definition that is taken out of the pack is kept and goes on for the reports that began under it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from streams.domain.clocks.definition import ALWAYS, Clock, Window
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.labels import SOFTENED

_AHEAD: Final = HOUR
"""How much later than all that was told a change of the pack counts: no accepted filing lies that far ahead."""


class ClockError(ValueError):
    """A pack that does not go with what is stored; the message says which clock, and what to do."""


class Enrolled(NamedTuple):
    """A clock as its pack defines it, and the days of filing for which it was loaded."""

    clock: Clock
    loaded: tuple[Window, ...]

    @property
    def running(self) -> Clock:
        """The clock with the windows in which it is both in force and loaded."""
        windows = [
            (max(since, first), min(until, last)) for since, until in self.clock.windows for first, last in self.loaded
        ]
        return self.clock._replace(windows=tuple([(since, until) for since, until in windows if since < until]))


def enrol(pack: Sequence[Clock], stored: Iterable[Enrolled], told: int) -> dict[str, Enrolled]:
    """Return the roster, by the keys of the clocks, of a partition that now loads a pack.

    `stored` is the roster as it was, empty for a partition that begins: then the pack holds for all of history.
    Otherwise what changes counts from the first UTC midnight an hour or more after everything that was `told`, so that
    no day's cohort is under two definitions. Raises ClockError for a definition that changed under its name.
    """
    known = {each.clock.key: each for each in stored}
    since = -(-(told + _AHEAD) // DAY) * DAY
    wanted = {clock.key: clock for clock in pack}
    roster = {key: each if key in wanted else _closed(each, since) for key, each in known.items()}
    for key, clock in wanted.items():
        roster[key] = _open(known.get(key), clock, since if known else 0)
    distinct([each.clock for each in roster.values()])
    return roster


def _open(former: Enrolled | None, clock: Clock, since: int) -> Enrolled:
    """Return a clock as loaded from `since` on, or from when it was if it still is."""
    if former is None:
        return Enrolled(clock, ((since, FOREVER_MS),) if since else ALWAYS)
    if former.clock != clock:
        raise ClockError(f"clock {clock.key}: expected the definition it was first loaded with; give it a new version")
    *before, (first, last) = former.loaded
    if last == FOREVER_MS:
        return former
    return Enrolled(clock, (*before, (first, FOREVER_MS)) if last >= since else (*former.loaded, (since, FOREVER_MS)))


def _closed(former: Enrolled, until: int) -> Enrolled:
    """Return a clock that is loaded no longer for reports filed from `until` on."""
    *before, (first, last) = former.loaded
    return Enrolled(former.clock, (*before, (first, min(last, until))))


def distinct(clocks: Iterable[Clock]) -> None:
    """Raise ClockError if two clocks have one mark."""
    for clock, problem in colliding(clocks):
        raise ClockError(f"clock {clock.key}: {problem}")


def colliding(clocks: Iterable[Clock]) -> Iterator[tuple[Clock, str]]:
    """Yield every clock that has the mark of another one, and what is to be done about it."""
    marks = {SOFTENED: "a count beside the clocks"}
    for clock in clocks:
        other = marks.setdefault(clock.mark, clock.key)
        if other != clock.key:
            yield clock, f"its mark is that of {other}; give one of them another version"

"""The clock history of a partition: every clock that was ever loaded, and for which filing days.

A rule pack may change while reports are open. Each report keeps the clocks that applied on its filing day, so a clock
that is removed from the pack continues on the reports that were filed before.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from streams.domain.clocks.definition import ALWAYS_VALID, Clock, ValidityPeriod
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.labels import DOWNGRADED

_CHANGE_LEAD: Final = HOUR
"""A changed pack counts from at least this long after the last logged-at; no accepted filing lies that far ahead."""


class ClockError(ValueError):
    """A pack contradicts the stored clock history, or two clocks have one hash; the message names the clock."""


class LoadedClock(NamedTuple):
    """A clock as its pack defines it, and the periods of filing for which it was loaded."""

    clock: Clock
    loaded: tuple[ValidityPeriod, ...]

    @property
    def effective(self) -> Clock:
        """The clock, valid only in the periods in which it is both in force and loaded."""
        windows = [
            (max(since, first), min(until, last)) for since, until in self.clock.validity for first, last in self.loaded
        ]
        return self.clock._replace(validity=tuple([(since, until) for since, until in windows if since < until]))


def load_pack(pack: Sequence[Clock], stored: Iterable[LoadedClock], logged_at: int) -> dict[str, LoadedClock]:
    """Return the clock history, by clock key, of a partition that now loads a pack.

    `stored` is the history so far; if it is empty, the pack applies to all filing days. Otherwise changes count from
    the first UTC midnight that is an hour or more after `logged_at`, the last logged-at of all events, so that no
    cohort has two clock sets. Raises ClockError for a definition that changed under its id and version.
    """
    known = {loaded.clock.key: loaded for loaded in stored}
    since = -(-(logged_at + _CHANGE_LEAD) // DAY) * DAY
    wanted = {clock.key: clock for clock in pack}
    history = {key: loaded if key in wanted else _unload_from(loaded, since) for key, loaded in known.items()}
    for key, clock in wanted.items():
        history[key] = _load_from(known.get(key), clock, since if known else 0)
    check_unique([loaded.clock for loaded in history.values()])
    return history


def _load_from(previous: LoadedClock | None, clock: Clock, since: int) -> LoadedClock:
    """Return a clock as loaded for filings from `since` on; a clock that is still loaded does not change."""
    if previous is None:
        return LoadedClock(clock, ((since, FOREVER_MS),) if since else ALWAYS_VALID)
    if previous.clock != clock:
        raise ClockError(
            f"clock {clock.key}: expected the definition that was loaded first, got another one; give it a new version"
        )
    *before, (first, last) = previous.loaded
    if last == FOREVER_MS:
        return previous
    return LoadedClock(
        clock, (*before, (first, FOREVER_MS)) if last >= since else (*previous.loaded, (since, FOREVER_MS))
    )


def _unload_from(previous: LoadedClock, until: int) -> LoadedClock:
    """Return a clock that is not loaded any more for reports filed from `until` on."""
    *before, (first, last) = previous.loaded
    return LoadedClock(previous.clock, (*before, (first, min(last, until))))


def check_unique(clocks: Iterable[Clock]) -> None:
    """Raise ClockError if two clocks have the same hash."""
    for clock, problem in hash_collisions(clocks):
        raise ClockError(f"clock {clock.key}: {problem}")


def hash_collisions(clocks: Iterable[Clock]) -> Iterator[tuple[Clock, str]]:
    """Yield every clock that has the hash of another clock, with the error and what to do."""
    owners = {DOWNGRADED: "the count of downgraded reports"}
    for clock in clocks:
        other = owners.setdefault(clock.hash, clock.key)
        if other != clock.key:
            yield clock, f"expected a unique hash, got that of {other}; give one of them another version"

"""Clocks as data: which deeds start, stop, pause or compete, and within what limit."""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import Deed
from streams.domain.labels import Attributes
from streams.domain.vocabulary import Outcome

_RESTRICTIONS: Final = (Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED)

PARTIAL_RESTRICTIONS: Final = frozenset(Deed(outcome) for outcome in _RESTRICTIONS)
FINAL_RESTRICTIONS: Final = frozenset(Deed(outcome, final=True) for outcome in _RESTRICTIONS)


class AfterReopen(StrEnum):
    """What becomes of an ended clock when its report is opened again."""

    KEEP = "keep"
    RESTART = "restart"


class Scope(NamedTuple):
    """Which reports a clock runs on; an empty set stands for all."""

    harms: frozenset[str] = frozenset()
    reporters: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()
    trusted_flagger: bool | None = None

    def holds(self, attributes: Attributes) -> bool:
        """Return whether a report with these labels is in scope."""
        chosen = (self.harms, self.reporters, self.channels, self.bases, self.severities)
        labels = (attributes.harm, attributes.reporter, attributes.channel, attributes.basis, attributes.severity)
        return (
            all(not words or label in words for words, label in zip(chosen, labels, strict=True))
            and (not self.jurisdictions or not self.jurisdictions.isdisjoint(attributes.jurisdictions.split("+")))
            and self.trusted_flagger in (None, attributes.trusted_flagger)
        )


Window = tuple[int, int]
"""From an instant to before another, in epoch milliseconds."""

ALWAYS: Final[tuple[Window, ...]] = ((0, FOREVER_MS),)

MARK_BYTES: Final = 2
"""Bytes of a clock's mark: few, since every remembered signature holds one for each of its clocks."""


class Clock(NamedTuple):
    """One definition of time to something.

    `starts` empty means that the filing starts it. `limit` is in milliseconds and on the grid; None for a clock
    that only measures. It runs on reports that were filed in one of its `windows`.
    """

    id: str
    version: str
    stops: frozenset[Deed]
    competes: frozenset[Deed] = frozenset()
    starts: frozenset[Deed] = frozenset()
    pauses: frozenset[Deed] = frozenset()
    resumes: frozenset[Deed] = frozenset()
    scope: Scope = Scope()
    all_items: bool = True
    after_reopen: AfterReopen = AfterReopen.KEEP
    limit: int | None = None
    windows: tuple[Window, ...] = ALWAYS

    @property
    def key(self) -> str:
        """Name this very definition, so that two versions run side by side."""
        return f"{self.id}@{self.version}"

    @property
    def mark(self) -> bytes:
        """Stand for this very definition where cohorts are stored, wherever it stands in a pack."""
        return _mark(self.key)

    def runs(self, attributes: Attributes, filed: int) -> bool:
        """Return whether it runs on a report with these labels, filed at that instant."""
        return self.scope.holds(attributes) and self.in_force(filed)

    def in_force(self, filed: int) -> bool:
        """Return whether it runs on reports that were filed at that instant."""
        return any(since <= filed < until for since, until in self.windows)


def by_id(clocks: Iterable[Clock]) -> dict[str, tuple[Clock, ...]]:
    """Return the definitions of every id, in their order: a figure of a clock takes its versions together."""
    found: dict[str, tuple[Clock, ...]] = {}
    for clock in clocks:
        found[clock.id] = (*found.get(clock.id, ()), clock)
    return found


@lru_cache(maxsize=1024)
def _mark(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=MARK_BYTES).digest()

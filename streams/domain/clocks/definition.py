"""Clocks as data: which deeds start, stop, pause or compete, and within what limit."""

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import ActionKind
from streams.domain.labels import Labels
from streams.domain.vocabulary import Outcome

_RESTRICTING_OUTCOMES: Final = (Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED)

PARTIAL_RESTRICTION_ACTIONS: Final = frozenset(ActionKind(outcome) for outcome in _RESTRICTING_OUTCOMES)
FINAL_RESTRICTION_ACTIONS: Final = frozenset(ActionKind(outcome, is_final=True) for outcome in _RESTRICTING_OUTCOMES)


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

    def matches(self, filing_labels: Labels) -> bool:
        """Return whether a report with these labels is in scope."""
        chosen = (self.harms, self.reporters, self.channels, self.bases, self.severities)
        labels = (
            filing_labels.harm,
            filing_labels.reporter,
            filing_labels.channel,
            filing_labels.basis,
            filing_labels.severity,
        )
        return (
            all(not words or label in words for words, label in zip(chosen, labels, strict=True))
            and (not self.jurisdictions or not self.jurisdictions.isdisjoint(filing_labels.jurisdictions.split("+")))
            and self.trusted_flagger in (None, filing_labels.trusted_flagger)
        )


ValidityPeriod = tuple[int, int]
"""From an instant to before another, in epoch milliseconds."""

ALWAYS_VALID: Final[tuple[ValidityPeriod, ...]] = ((0, FOREVER_MS),)

CLOCK_HASH_BYTES: Final = 2
"""Bytes of a clock's mark: few, since every remembered signature holds one for each of its clocks."""


class Clock(NamedTuple):
    """One definition of time to something.

    `starts` empty means that the filing starts it. `limit` is in milliseconds and on the grid; None for a clock
    that only measures. It runs on reports that were filed in one of its `windows`.
    """

    id: str
    version: str
    stops: frozenset[ActionKind]
    competes: frozenset[ActionKind] = frozenset()
    starts: frozenset[ActionKind] = frozenset()
    pauses: frozenset[ActionKind] = frozenset()
    resumes: frozenset[ActionKind] = frozenset()
    scope: Scope = Scope()
    all_items: bool = True
    after_reopen: AfterReopen = AfterReopen.KEEP
    limit: int | None = None
    validity: tuple[ValidityPeriod, ...] = ALWAYS_VALID

    @property
    def key(self) -> str:
        """Name this very definition, so that two versions run side by side."""
        return f"{self.id}@{self.version}"

    @property
    def hash(self) -> bytes:
        """Stand for this very definition where cohorts are stored, wherever it stands in a pack."""
        return _hash_key(self.key)

    def applies_to(self, labels: Labels, filed_at: int) -> bool:
        """Return whether it runs on a report with these labels, filed at that instant."""
        return self.scope.matches(labels) and self.is_in_force(filed_at)

    def is_in_force(self, filed_at: int) -> bool:
        """Return whether it runs on reports that were filed at that instant."""
        return any(since <= filed_at < until for since, until in self.validity)


def group_by_id(clocks: Iterable[Clock]) -> dict[str, tuple[Clock, ...]]:
    """Return the definitions of every id, in their order: a figure of a clock takes its versions together."""
    found: dict[str, tuple[Clock, ...]] = {}
    for clock in clocks:
        found[clock.id] = (*found.get(clock.id, ()), clock)
    return found


@lru_cache(maxsize=1024)
def _hash_key(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=CLOCK_HASH_BYTES).digest()

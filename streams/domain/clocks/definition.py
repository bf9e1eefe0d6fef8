"""Define clocks as data: which action kinds start, stop, pause or compete, and within which limit."""

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
    """What happens to an ended clock when its report is reopened: `keep` its end, or `restart` it."""

    KEEP = "keep"
    RESTART = "restart"


class Scope(NamedTuple):
    """Which reports a clock runs on; an empty set, and None, mean all."""

    harms: frozenset[str] = frozenset()
    reporters: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()
    trusted_flagger: bool | None = None

    def matches(self, filing_labels: Labels) -> bool:
        """Return whether a report with these labels is in scope."""
        allowed_labels = (self.harms, self.reporters, self.channels, self.bases, self.severities)
        labels = (
            filing_labels.harm,
            filing_labels.reporter,
            filing_labels.channel,
            filing_labels.basis,
            filing_labels.severity,
        )
        return (
            all(not allowed or label in allowed for allowed, label in zip(allowed_labels, labels, strict=True))
            and (not self.jurisdictions or not self.jurisdictions.isdisjoint(filing_labels.jurisdictions.split("+")))
            and self.trusted_flagger in (None, filing_labels.trusted_flagger)
        )


ValidityPeriod = tuple[int, int]
"""From an instant to before another, in epoch milliseconds."""

ALWAYS_VALID: Final[tuple[ValidityPeriod, ...]] = ((0, FOREVER_MS),)

CLOCK_HASH_BYTES: Final = 2
"""Bytes of a clock hash: few, since every stored report profile holds one for each of its clocks."""


class Clock(NamedTuple):
    """One version of a clock's definition: docs/definitions.md §3.

    If `starts` is empty, the filing starts the clock. `limit` is in milliseconds and an edge of the duration bins; None
    for a clock without deadline. The clock runs on reports that were filed in one of its `validity` periods.
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
        """The clock's name with its version, `id@version`; two versions can run side by side."""
        return f"{self.id}@{self.version}"

    @property
    def hash(self) -> bytes:
        """The clock hash: two bytes that name this clock and version in stored cohorts."""
        return _hash_key(self.key)

    def applies_to(self, labels: Labels, filed_at: int) -> bool:
        """Return whether the clock runs on a report with these labels, filed at `filed_at`."""
        return self.scope.matches(labels) and self.is_in_force(filed_at)

    def is_in_force(self, filed_at: int) -> bool:
        """Return whether the clock runs on reports that were filed at `filed_at`, whatever their labels."""
        return any(since <= filed_at < until for since, until in self.validity)


def group_by_id(clocks: Iterable[Clock]) -> dict[str, tuple[Clock, ...]]:
    """Return the versions of every clock by its id, in their order: a figure of a clock adds up its versions."""
    versions: dict[str, tuple[Clock, ...]] = {}
    for clock in clocks:
        versions[clock.id] = (*versions.get(clock.id, ()), clock)
    return versions


@lru_cache(maxsize=1024)
def _hash_key(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=CLOCK_HASH_BYTES).digest()

"""The rulebook: all clocks of an installation, with the objective and the legal basis of each.

No lawyer has reviewed an interpretation of a law here unless the rule names the reviewer.
"""

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from itertools import combinations
from typing import Final, NamedTuple

import msgspec

from streams.domain.clocks.clock_history import ClockError, hash_collisions
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.standard import STANDARD_CLOCKS, STANDARD_PACK
from streams.domain.cohorts.objectives import Period, Statistic, Target
from streams.domain.events import ACTION_KINDS, ActionKind


class LegalBasis(NamedTuple):
    """The legal basis of a rule: its text and link, the source of the interpretation, the reviewer and the day."""

    text: str
    source: str
    link: str = ""
    reviewed_by: str = ""
    reviewed_on: date | None = None

    @property
    def is_reviewed(self) -> bool:
        """Whether a named reviewer has confirmed the interpretation."""
        return bool(self.reviewed_by and self.reviewed_on)


class Rule(NamedTuple):
    """A clock with its objective.

    `objective`: the required share of reports within the limit, or the order of the quantile that must not exceed the
    limit; None for the other statistics. `pack`: the name of the rule's pack. `location`: file and line of the rule,
    "" for a standard rule.
    """

    clock: Clock
    title: str
    statistic: Statistic
    objective: float | None
    period: Period
    legal_basis: LegalBasis
    pack: str = STANDARD_PACK
    location: str = ""

    @property
    def required_share(self) -> float | None:
        """The share of reports that must be within the limit; None for a rule on the mean or without a limit."""
        if self.clock.limit is None or self.statistic is Statistic.MEAN:
            return None
        return 1.0 if self.objective is None else self.objective

    @property
    def target(self) -> Target | None:
        """The target for the clock's durations; None without a limit."""
        limit = self.clock.limit
        return None if limit is None else Target(self.statistic, limit, self.required_share)


class RulebookError(ClockError):
    """Rule packs that contradict each other; the message names the clocks."""


class Rulebook(NamedTuple):
    """All rules of an installation; `packs` are the names of their rule packs."""

    packs: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The names of the packs and the digest; rulebooks with equal names have equal clocks."""
        return f"{'+'.join(self.packs)}#{self.digest}"

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """The clocks of all rules."""
        return tuple([rule.clock for rule in self.rules])

    @property
    def digest(self) -> str:
        """A digest of all clocks and objectives in any order: twelve hexadecimal digits of SHA-256."""
        defined = [
            (_canonical_definition(rule.clock), rule.statistic, rule.objective, rule.period)
            for rule in sorted(self.rules, key=lambda rule: rule.clock.key)
        ]
        return sha256(msgspec.json.encode(defined)).hexdigest()[:12]

    def merge(self, packs: Iterable["Rulebook"]) -> "Rulebook":
        """Return this rulebook together with the rules of other packs.

        Raises RulebookError with every clock that is defined twice, every two versions of a clock that may run on one
        report, and every clock whose hash equals that of another clock.
        """
        merged, problems = self, list[str]()
        for pack in packs:
            known = {rule.clock.key: rule for rule in merged.rules}
            problems += [
                _duplicate_problem(rule, known[rule.clock.key]) for rule in pack.rules if rule.clock.key in known
            ]
            merged = Rulebook((*merged.packs, *pack.packs), (*merged.rules, *pack.rules))
        locations = {rule.clock.key: rule.location for rule in merged.rules}
        problems += [
            f"{locations[clock.key]}: clock {clock.key!r}: version: {problem}"
            for clock, problem in hash_collisions(merged.clocks)
        ]
        problems += [
            _overlap_problem(former, rule)
            for former, rule in combinations(merged.rules, 2)
            if _can_overlap(former.clock, rule.clock)
        ]
        if problems:
            raise RulebookError("\n".join(problems))
        return merged


def duplicate_clock_problem(location: str) -> str:
    """Return the problem of a clock that is defined a second time."""
    return f"expected one definition, found another{location}"


def _duplicate_problem(rule: Rule, former: Rule) -> str:
    problem = duplicate_clock_problem(f" at {former.location}" if former.location else ": Safeclock's own")
    return f"{rule.location}: clock {rule.clock.key!r}: id: {problem}"


def _can_overlap(one: Clock, other: Clock) -> bool:
    """Return whether two versions of a clock may run on one report, which would then be counted twice."""
    # A report has exactly one value of each of these labels, while it may have several jurisdictions.
    labels = zip(one.scope[:5], other.scope[:5], strict=True)
    flaggers = {one.scope.trusted_flagger, other.scope.trusted_flagger}
    return (
        one.id == other.id
        and one.version != other.version
        and any(since < end and first < until for since, until in one.validity for first, end in other.validity)
        and all(not own_labels or not other_labels or own_labels & other_labels for own_labels, other_labels in labels)
        and flaggers != {True, False}
    )


def _overlap_problem(former: Rule, rule: Rule) -> str:
    return (
        f"{rule.location}: clock {rule.clock.key!r}: version: expected no report on which {former.clock.key} also runs"
        f" (let in_force_until of one be in_force_from of the other)"
    )


def _canonical_definition(clock: Clock) -> object:
    """Return the definition of a clock in a form that does not depend on the order of sets."""
    return (
        clock.key,
        [_kind_numbers(kinds) for kinds in (clock.starts, clock.stops, clock.competes, clock.pauses, clock.resumes)],
        [sorted(part) if isinstance(part, frozenset) else part for part in clock.scope],
        (clock.all_items, clock.after_reopen, clock.limit, clock.validity),
    )


def _kind_numbers(kinds: frozenset[ActionKind]) -> list[int]:
    return sorted(ACTION_KINDS.index(kind) for kind in kinds)


_OWN_BASIS: Final = LegalBasis("Safeclock's own definition; its limit is not required by law", "Safeclock")
_STANDARD_TITLES: Final = ("Time to acknowledge", "Time to a decision", "Time to action")

STANDARD_RULES: Final = Rulebook(
    (STANDARD_PACK,),
    tuple(
        Rule(clock, title, Statistic.EACH, None, Period.QUARTER, _OWN_BASIS)
        for clock, title in zip(STANDARD_CLOCKS, _STANDARD_TITLES, strict=True)
    ),
)
"""The rules of the three standard clocks, which every installation has."""

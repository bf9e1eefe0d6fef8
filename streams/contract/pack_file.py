"""A rule pack read from TOML: every mistake at once, with its file, line, clock and field. docs/packs.md tells the fields."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Final

from streams.contract import pack_fields as fields
from streams.contract.jurisdictions import OTHER, UNKNOWN
from streams.contract.registry import Registry
from streams.contract.rulebook import STANDARD_RULES, Basis, Rule, Rulebook, another
from streams.contract.tables import TOP, Field, Reader, Table, TablesError, Where, decoded, unreadable, words
from streams.domain import vocabulary
from streams.domain.clocks import ALWAYS, AfterReopen, Clock, Scope
from streams.domain.events import Deed
from streams.domain.grid import FOREVER_MS, HOUR
from streams.domain.objective import Period, Statistic
from streams.domain.vocabulary import Severity

_CLOCK_FIELDS: Final = {
    *("id", "version", "title", "harms", "reporters", "channels", "bases", "severities", "jurisdictions"),
    *("trusted_flagger", "start", "stops", "competes", "pauses", "resumes", "items", "after_reopen", "limit"),
    *("statistic", "objective", "period", "basis", "source", "link", "in_force_from", "in_force_until"),
    *("reviewed_by", "reviewed_on"),
}
_EASTERNMOST: Final = 14 * HOUR
"""How much earlier than in Greenwich a day begins where it begins first."""

_PARTS: Final = {
    "start": "deeds that start it",
    "stops": "stops",
    "competes": "competing ones",
    "pauses": "pauses",
    "resumes": "resuming ones",
}


class PackError(TablesError):
    """A pack that cannot be used."""


def rulebook_of(paths: Iterable[Path], registry: Registry, now: int) -> Rulebook:
    """Return the standard rules with those of the packs in files; `now` in epoch milliseconds.

    Raises PackError with every mistake in all of them, or ClockError for packs that do not go together.
    """
    groups = (*registry.groups, OTHER, UNKNOWN)
    packs: list[Rulebook] = []
    problems: list[str] = []
    for path in paths:
        try:
            packs.append(load(path, groups))
        except PackError as error:
            problems += error.problems
    problems += [problem for pack in packs for problem in _foreseen(pack, now)]
    if problems:
        raise PackError(problems)
    return STANDARD_RULES.joined(packs)


def _foreseen(pack: Rulebook, now: int) -> Iterator[str]:
    """Yield a problem for every review that has not taken place yet, wherever the reviewer may live."""
    for rule in pack.rules:
        day = rule.basis.reviewed_on
        if day is not None and fields.midnight(day) > now + _EASTERNMOST:
            yield f"{rule.place}: clock {rule.clock.key!r}: reviewed_on: expected a day that has come, got {day}"


def load(path: Path, groups: Sequence[str]) -> Rulebook:
    """Return the rulebook of the pack in the TOML file at `path`; `groups` are the registry's jurisdiction groups.

    Raises PackError with every mistake in it, or for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackError([unreadable(path, error)]) from error
    return parse(content, str(path), groups)


def parse(content: bytes, name: str, groups: Sequence[str]) -> Rulebook:
    """Return the rulebook written in `content`; `name` stands in the messages of a PackError."""
    try:
        reader = _Reader(name, decoded(content, name), groups=frozenset(groups))
        pack = reader.pack(reader.tree())
    except TablesError as error:
        raise PackError(list(error.problems)) from error
    if reader.problems:
        raise PackError(reader.problems)
    return pack


@dataclass
class _Reader(Reader):
    """Reads a pack."""

    groups: frozenset[str] = frozenset()

    def pack(self, tree: Table) -> Rulebook:
        self.closed(TOP, tree, {"id", "version", "clocks"})
        name = f"{self.take(TOP, tree, 'id', fields.ID)}@{self.take(TOP, tree, 'version', fields.VERSION)}"
        found = self.take(TOP, tree, "clocks", fields.TABLES)
        rules = [
            self._rule(Where(f"clock {entry.get('id', '?')!r}: ", "clocks", place), entry)._replace(pack=name)
            for place, entry in enumerate(found)
        ]
        self._distinct(rules)
        return Rulebook((name,), tuple(rules))

    def _rule(self, where: Where, entry: Table) -> Rule:
        self.closed(where, entry, _CLOCK_FIELDS)
        rule = Rule(
            clock=self._clock(where, entry),
            title=self.take(where, entry, "title", fields.TITLE),
            statistic=Statistic(self.take(where, entry, "statistic", fields.one_of(Statistic, Statistic.EACH))),
            objective=self.take(where, entry, "objective", fields.OBJECTIVE),
            period=Period(self.take(where, entry, "period", fields.one_of(Period, Period.QUARTER))),
            basis=Basis(
                text=self.take(where, entry, "basis", fields.BASIS),
                source=self.take(where, entry, "source", fields.SOURCE),
                link=self.take(where, entry, "link", fields.LINK),
                reviewed_by=self.take(where, entry, "reviewed_by", fields.REVIEWER),
                reviewed_on=self.take(where, entry, "reviewed_on", fields.DATE),
            ),
            place=self.place(where, "id"),
        )
        self._asked(where, entry, rule)
        return rule

    def _clock(self, where: Where, entry: Table) -> Clock:
        clock = Clock(
            id=self.take(where, entry, "id", fields.ID),
            version=self.take(where, entry, "version", fields.VERSION),
            starts=self._deeds(where, entry, "start", fields.START),
            stops=self._deeds(where, entry, "stops", fields.STOPS),
            competes=self._deeds(where, entry, "competes"),
            pauses=self._deeds(where, entry, "pauses"),
            resumes=self._deeds(where, entry, "resumes"),
            scope=self._scope(where, entry),
            all_items=self.take(where, entry, "items", fields.ITEMS) == "all",
            after_reopen=AfterReopen(
                self.take(where, entry, "after_reopen", fields.one_of(AfterReopen, AfterReopen.KEEP))
            ),
            limit=self.take(where, entry, "limit", fields.LIMIT),
            windows=self._windows(where, entry),
        )
        self._coherent(where, entry, clock)
        return clock

    def _scope(self, where: Where, entry: Table) -> Scope:
        severities = self._labels(where, entry, "severities", vocabulary.Severity)
        # Unspecified is read as the strictest there is.
        strictest = frozenset({Severity.UNSPECIFIED}) if Severity.CRITICAL in severities else frozenset[str]()
        expected = f"a list of distinct groups of the registry, of {', '.join(sorted(self.groups))}"
        groups = self.take(where, entry, "jurisdictions", Field[list[str]](expected, self._groups, []))
        return Scope(
            harms=self._labels(where, entry, "harms", vocabulary.Harm),
            reporters=self._labels(where, entry, "reporters", vocabulary.Reporter),
            channels=self._labels(where, entry, "channels", vocabulary.Channel),
            bases=self._labels(where, entry, "bases", vocabulary.Basis),
            severities=severities | strictest,
            jurisdictions=frozenset(groups),
            trusted_flagger=self.take(where, entry, "trusted_flagger", fields.FLAG),
        )

    def _groups(self, value: list[str]) -> list[str]:
        return words(value, self.groups)

    def _labels(self, where: Where, entry: Table, name: str, allowed: type[StrEnum]) -> frozenset[str]:
        found = self.take(where, entry, name, fields.list_of({word.value for word in allowed}))
        return frozenset(found)

    def _deeds(
        self, where: Where, entry: Table, name: str, rule: Field[list[str]] = fields.DEED_LIST
    ) -> frozenset[Deed]:
        found = self.take(where, entry, name, rule)
        return frozenset[Deed]().union(*[fields.DEED_WORDS[word] for word in found])

    def _windows(self, where: Where, entry: Table) -> tuple[tuple[int, int], ...]:
        since, until = (self.take(where, entry, name, fields.DATE) for name in ("in_force_from", "in_force_until"))
        if since is not None and until is not None and until <= since:
            self.say(where, "in_force_until", f"expected a day after {since}, got {until}")
        window = (
            0 if since is None else fields.midnight(since),
            FOREVER_MS if until is None else fields.midnight(until),
        )
        return ALWAYS if window == ALWAYS[0] else (window,)

    def _coherent(self, where: Where, entry: Table, clock: Clock) -> None:
        """Refuse a deed with two parts in one clock, and pauses that never end."""
        deeds = dict(zip(_PARTS, (clock.starts, clock.stops, clock.competes, clock.pauses, clock.resumes), strict=True))
        for former, latter in combinations(_PARTS, 2):
            if both := deeds[former] & deeds[latter]:
                got = next(word for word in entry[latter] if fields.DEED_WORDS[word] & both)
                self.say(where, latter, f"expected none of the {_PARTS[former]}, got {got}")
        if ("pauses" in entry) != ("resumes" in entry):
            self.say(where, "pauses", "expected pauses and resumes, or neither")

    def _asked(self, where: Where, entry: Table, rule: Rule) -> None:
        """Refuse what is asked without what it needs; of a field that could not be read that much is said already."""
        if ("reviewed_by" in entry) != ("reviewed_on" in entry):
            self.say(where, "reviewed_by", "expected reviewed_by and reviewed_on, or neither")
        if rule.statistic != entry.get("statistic", Statistic.EACH):
            return
        if rule.statistic is not Statistic.EACH and "limit" not in entry:
            self.say(where, "limit", f"expected a limit with statistic {rule.statistic}, found none")
        of_a_share = rule.statistic in {Statistic.SHARE, Statistic.QUANTILE}
        if of_a_share and "objective" not in entry:
            self.say(where, "objective", f"expected {fields.OBJECTIVE.expected}, found nothing")
        if not of_a_share and rule.objective is not None:
            self.say(where, "objective", f"expected none with statistic {rule.statistic}, got {rule.objective}")

    def _distinct(self, rules: Sequence[Rule]) -> None:
        keys = [rule.clock.key for rule in rules]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                former = rules[keys.index(key)].place
                self.say(Where(f"clock {key!r}: ", "clocks", place), "id", another(f" at {former}"))

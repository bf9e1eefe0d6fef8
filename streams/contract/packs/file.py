"""Read a rule pack from TOML and report all mistakes at once, with file, line, clock and field.

docs/rule-packs.md describes the fields.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Final

from streams.contract.packs import fields
from streams.contract.packs.rulebook import STANDARD_RULES, LegalBasis, Rule, Rulebook, duplicate_clock_problem
from streams.contract.registry.jurisdictions import OTHER_GROUP, UNKNOWN_JURISDICTION
from streams.contract.registry.registry import Registry
from streams.contract.toml_reader import (
    TOP_LEVEL,
    Field,
    Table,
    TableRef,
    TomlFileError,
    TomlReader,
    decode_file,
    distinct_words,
    unreadable_file_problem,
)
from streams.domain import vocabulary
from streams.domain.clocks.definition import ALWAYS_VALID, AfterReopen, Clock, Scope
from streams.domain.cohorts.objectives import Period, Statistic
from streams.domain.duration_bins import FOREVER_MS, HOUR
from streams.domain.events import ActionKind
from streams.domain.vocabulary import Severity

_CLOCK_FIELDS: Final = {
    *("id", "version", "title", "harms", "reporters", "channels", "bases", "severities", "jurisdictions"),
    *("trusted_flagger", "start", "stops", "competes", "pauses", "resumes", "items", "after_reopen", "limit"),
    *("statistic", "objective", "period", "basis", "source", "link", "in_force_from", "in_force_until"),
    *("reviewed_by", "reviewed_on"),
}
_MAX_UTC_OFFSET_MS: Final = 14 * HOUR
"""The largest offset from UTC: a day begins this much earlier in the first time zone."""

_ACTION_ROLES: Final = {
    "start": "starting actions",
    "stops": "stopping actions",
    "competes": "competing actions",
    "pauses": "pausing actions",
    "resumes": "resuming actions",
}


class PackError(TomlFileError):
    """A rule pack with mistakes."""


def load_rulebook(paths: Iterable[Path], registry: Registry, now: int) -> Rulebook:
    """Return the standard rules together with the rules of the packs in files; `now` in epoch milliseconds.

    Raises PackError with every mistake in all packs, or ClockError for packs that contradict each other.
    """
    groups = (*registry.groups, OTHER_GROUP, UNKNOWN_JURISDICTION)
    packs: list[Rulebook] = []
    problems: list[str] = []
    for path in paths:
        try:
            packs.append(read_pack(path, groups))
        except PackError as error:
            problems += error.problems
    problems += [problem for pack in packs for problem in _future_reviews(pack, now)]
    if problems:
        raise PackError(problems)
    return STANDARD_RULES.merge(packs)


def _future_reviews(pack: Rulebook, now: int) -> Iterator[str]:
    """Yield a problem for every review whose day has not begun in any time zone."""
    for rule in pack.rules:
        reviewed_on = rule.legal_basis.reviewed_on
        if reviewed_on is not None and fields.day_start_ms(reviewed_on) > now + _MAX_UTC_OFFSET_MS:
            yield (
                f"{rule.location}: clock {rule.clock.key!r}: reviewed_on: expected a day that is not in the future,"
                f" got {reviewed_on}"
            )


def read_pack(path: Path, groups: Sequence[str]) -> Rulebook:
    """Return the rulebook of the pack in the TOML file at `path`; `groups` are the registry's jurisdiction groups.

    Raises PackError with every mistake in the file, or for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackError([unreadable_file_problem(path, error)]) from error
    return parse_pack(content, str(path), groups)


def parse_pack(content: bytes, name: str, groups: Sequence[str]) -> Rulebook:
    """Return the rulebook in the TOML of `content`; `name` is the file's name in the messages of a PackError."""
    try:
        reader = _PackParser(name, decode_file(content, name), groups=frozenset(groups))
        pack = reader.parse_pack(reader.load())
    except TomlFileError as error:
        raise PackError(list(error.problems)) from error
    if reader.problems:
        raise PackError(reader.problems)
    return pack


@dataclass
class _PackParser(TomlReader):
    """Reads a pack."""

    groups: frozenset[str] = frozenset()

    def parse_pack(self, tree: Table) -> Rulebook:
        self.reject_unknown(TOP_LEVEL, tree, {"id", "version", "clocks"})
        name = f"{self.read_field(TOP_LEVEL, tree, 'id', fields.ID)}@{self.read_field(TOP_LEVEL, tree, 'version', fields.VERSION)}"
        entries = self.read_field(TOP_LEVEL, tree, "clocks", fields.TABLES)
        rules = [
            self._parse_rule(TableRef(f"clock {entry.get('id', '?')!r}: ", "clocks", index), entry)._replace(pack=name)
            for index, entry in enumerate(entries)
        ]
        self._check_unique(rules)
        return Rulebook((name,), tuple(rules))

    def _parse_rule(self, ref: TableRef, entry: Table) -> Rule:
        self.reject_unknown(ref, entry, _CLOCK_FIELDS)
        rule = Rule(
            clock=self._parse_clock(ref, entry),
            title=self.read_field(ref, entry, "title", fields.TITLE),
            statistic=Statistic(
                self.read_field(ref, entry, "statistic", fields.choice_field(Statistic, Statistic.EACH))
            ),
            objective=self.read_field(ref, entry, "objective", fields.OBJECTIVE),
            period=Period(self.read_field(ref, entry, "period", fields.choice_field(Period, Period.QUARTER))),
            legal_basis=LegalBasis(
                text=self.read_field(ref, entry, "basis", fields.BASIS),
                source=self.read_field(ref, entry, "source", fields.SOURCE),
                link=self.read_field(ref, entry, "link", fields.LINK),
                reviewed_by=self.read_field(ref, entry, "reviewed_by", fields.REVIEWER),
                reviewed_on=self.read_field(ref, entry, "reviewed_on", fields.DATE),
            ),
            location=self.location(ref, "id"),
        )
        self._check_objective(ref, entry, rule)
        return rule

    def _parse_clock(self, ref: TableRef, entry: Table) -> Clock:
        clock = Clock(
            id=self.read_field(ref, entry, "id", fields.ID),
            version=self.read_field(ref, entry, "version", fields.VERSION),
            starts=self._parse_action_kinds(ref, entry, "start", fields.START),
            stops=self._parse_action_kinds(ref, entry, "stops", fields.STOPS),
            competes=self._parse_action_kinds(ref, entry, "competes"),
            pauses=self._parse_action_kinds(ref, entry, "pauses"),
            resumes=self._parse_action_kinds(ref, entry, "resumes"),
            scope=self._parse_scope(ref, entry),
            all_items=self.read_field(ref, entry, "items", fields.ITEMS) == "all",
            after_reopen=AfterReopen(
                self.read_field(ref, entry, "after_reopen", fields.choice_field(AfterReopen, AfterReopen.KEEP))
            ),
            limit=self.read_field(ref, entry, "limit", fields.LIMIT),
            validity=self._parse_windows(ref, entry),
        )
        self._check_actions(ref, entry, clock)
        return clock

    def _parse_scope(self, ref: TableRef, entry: Table) -> Scope:
        severities = self._parse_labels(ref, entry, "severities", vocabulary.Severity)
        # Reports of unspecified severity are treated like those of the strictest severity.
        strictest = frozenset({Severity.UNSPECIFIED}) if Severity.CRITICAL in severities else frozenset[str]()
        expected = f"a list of distinct groups of the registry, of {', '.join(sorted(self.groups))}"
        groups = self.read_field(ref, entry, "jurisdictions", Field[list[str]](expected, self._parse_groups, []))
        return Scope(
            harms=self._parse_labels(ref, entry, "harms", vocabulary.Harm),
            reporters=self._parse_labels(ref, entry, "reporters", vocabulary.Reporter),
            channels=self._parse_labels(ref, entry, "channels", vocabulary.Channel),
            bases=self._parse_labels(ref, entry, "bases", vocabulary.Basis),
            severities=severities | strictest,
            jurisdictions=frozenset(groups),
            trusted_flagger=self.read_field(ref, entry, "trusted_flagger", fields.FLAG),
        )

    def _parse_groups(self, value: list[str]) -> list[str]:
        return distinct_words(value, self.groups)

    def _parse_labels(self, ref: TableRef, entry: Table, name: str, allowed: type[StrEnum]) -> frozenset[str]:
        words = self.read_field(ref, entry, name, fields.list_field({word.value for word in allowed}))
        return frozenset(words)

    def _parse_action_kinds(
        self, ref: TableRef, entry: Table, name: str, rule: Field[list[str]] = fields.ACTION_LIST
    ) -> frozenset[ActionKind]:
        words = self.read_field(ref, entry, name, rule)
        return frozenset[ActionKind]().union(*[fields.ACTION_WORDS[word] for word in words])

    def _parse_windows(self, ref: TableRef, entry: Table) -> tuple[tuple[int, int], ...]:
        since, until = (self.read_field(ref, entry, name, fields.DATE) for name in ("in_force_from", "in_force_until"))
        if since is not None and until is not None and until <= since:
            self.add_problem(ref, "in_force_until", f"expected a day after {since}, got {until}")
        window = (
            0 if since is None else fields.day_start_ms(since),
            FOREVER_MS if until is None else fields.day_start_ms(until),
        )
        return ALWAYS_VALID if window == ALWAYS_VALID[0] else (window,)

    def _check_actions(self, ref: TableRef, entry: Table, clock: Clock) -> None:
        """Refuse an action kind with two roles in one clock, and pauses without resuming actions."""
        kinds = dict(
            zip(_ACTION_ROLES, (clock.starts, clock.stops, clock.competes, clock.pauses, clock.resumes), strict=True)
        )
        for former, latter in combinations(_ACTION_ROLES, 2):
            if both := kinds[former] & kinds[latter]:
                got = next(word for word in entry[latter] if fields.ACTION_WORDS[word] & both)
                self.add_problem(ref, latter, f"expected none of the {_ACTION_ROLES[former]}, got {got}")
        if ("pauses" in entry) != ("resumes" in entry):
            self.add_problem(ref, "pauses", "expected both pauses and resumes, or neither, found one of them")

    def _check_objective(self, ref: TableRef, entry: Table, rule: Rule) -> None:
        """Refuse an objective without the fields that it needs; a field that could not be read is already reported."""
        if ("reviewed_by" in entry) != ("reviewed_on" in entry):
            self.add_problem(ref, "reviewed_by", "expected both reviewed_by and reviewed_on, or neither, found one")
        if rule.statistic != entry.get("statistic", Statistic.EACH):
            return
        if rule.statistic is not Statistic.EACH and "limit" not in entry:
            self.add_problem(ref, "limit", f"expected a limit with statistic {rule.statistic}, found nothing")
        of_a_share = rule.statistic in {Statistic.SHARE, Statistic.QUANTILE}
        if of_a_share and "objective" not in entry:
            self.add_problem(ref, "objective", f"expected {fields.OBJECTIVE.expected}, found nothing")
        if not of_a_share and rule.objective is not None:
            self.add_problem(
                ref, "objective", f"expected nothing with statistic {rule.statistic}, got {rule.objective}"
            )

    def _check_unique(self, rules: Sequence[Rule]) -> None:
        keys = [rule.clock.key for rule in rules]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                former = rules[keys.index(key)].location
                self.add_problem(
                    TableRef(f"clock {key!r}: ", "clocks", index), "id", duplicate_clock_problem(f" at {former}")
                )

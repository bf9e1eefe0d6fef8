"""A registry read from TOML: every mistake at once, each with its file, platform, field and what was expected."""

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from re import compile as pattern
from typing import Any, Final, Generic, TypeVar

from streams.contract.jurisdictions import COUNTRIES, DEFAULT_GROUPS, OTHER, UNKNOWN, Groups
from streams.contract.registry import DEFAULT_CADENCE_MS, DEFAULT_PARTITIONS, PLATFORM_ID, Platform, Registry, Role

T = TypeVar("T")
Table = Mapping[str, Any]  # what tomllib returns

_DURATION: Final = pattern(r"([1-9][0-9]{0,5})([smhd])")
_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TOPIC: Final = pattern(r"[A-Za-z0-9._-]{1,249}")
_GROUP: Final = pattern(r"[A-Za-z][A-Za-z0-9-]{0,15}")
_MAX_PARTITIONS: Final = 4096
_FIELDS: Final = {
    "id",
    "provider",
    "report_filed",
    "action_taken",
    "cadence",
    "measured_from",
    "jurisdictions",
    "principal",
}


class RegistryError(ValueError):
    """A registry that cannot be used; `problems` lists every mistake, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(path: Path) -> Registry:
    """Return the registry in the TOML file at `path`.

    Raises RegistryError with every mistake in it, and OSError when the file cannot be read.
    """
    return parse(path.read_bytes(), str(path))


def parse(content: bytes, name: str) -> Registry:
    """Return the registry written in `content`; `name` stands in the messages of a RegistryError."""
    try:
        tree = tomllib.loads(content.decode())
    except ValueError as error:
        raise RegistryError([f"{name}: expected TOML in UTF-8: {error}"]) from error
    reader = _Reader(name)
    registry = reader.registry(tree)
    if reader.problems:
        raise RegistryError(reader.problems)
    return registry


@dataclass(frozen=True)
class _Rule(Generic[T]):
    """How one field is read; `read` raises ValueError or TypeError for a value that is not what was expected."""

    expected: str
    read: Callable[[Any], T]
    default: T
    required: bool = False


@dataclass
class _Reader:
    """Collects what is wrong while it reads; a value that is wrong is replaced by its default."""

    name: str
    problems: list[str] = field(default_factory=list)

    def registry(self, tree: Table) -> Registry:
        self._closed("", tree, {"partitions", "groups", "platforms"})
        groups = self._groups(self._field("", tree, "groups", _TABLE))
        platforms = [self._platform(entry, {*groups, OTHER}) for entry in self._field("", tree, "platforms", _TABLES)]
        self._distinct(platforms)
        partitions = self._field("", tree, "partitions", _PARTITIONS)
        return Registry({each.id: each for each in platforms}, groups, partitions)

    def _groups(self, tree: Table) -> Groups:
        if not tree:
            return DEFAULT_GROUPS
        for name in tree:
            if not _GROUP.fullmatch(name) or name in {OTHER, UNKNOWN}:
                self._wrong("", "groups", f"names of letters, digits, hyphens, not {OTHER!r} or {UNKNOWN!r}", name)
        return {name: self._field("groups: ", tree, name, _COUNTRIES) for name in tree}

    def _platform(self, entry: Table, groups: set[str]) -> Platform:
        where = f"platform {entry.get('id', '?')!r}: "
        self._closed(where, entry, _FIELDS)
        platform = self._field(where, entry, "id", _ID)
        return Platform(
            id=platform,
            provider=self._field(where, entry, "provider", _PROVIDER),
            report_filed=self._field(where, entry, "report_filed", _topic(Role.REPORT_FILED, platform)),
            action_taken=self._field(where, entry, "action_taken", _topic(Role.ACTION_TAKEN, platform)),
            cadence_ms=self._field(where, entry, "cadence", _CADENCE),
            measured_from=self._field(where, entry, "measured_from", _MEASURED_FROM),
            jurisdictions=self._field(where, entry, "jurisdictions", _members_of(groups)),
            principal=self._field(where, entry, "principal", _PRINCIPAL),
        )

    def _field(self, where: str, entry: Table, name: str, rule: _Rule[T]) -> T:
        if name not in entry:
            if rule.required:
                self.problems.append(f"{self.name}: {where}{name}: expected {rule.expected}, found nothing")
            return rule.default
        try:
            return rule.read(entry[name])
        except (TypeError, ValueError):
            self._wrong(where, name, rule.expected, entry[name])
            return rule.default

    def _closed(self, where: str, entry: Table, names: set[str]) -> None:
        for name in sorted(set(entry) - names):
            self.problems.append(f"{self.name}: {where}{name}: expected one of {', '.join(sorted(names))}")

    def _distinct(self, platforms: list[Platform]) -> None:
        ids = Counter(each.id for each in platforms)
        for platform in sorted(each for each, count in ids.items() if count > 1):
            self.problems.append(
                f"{self.name}: platform {platform!r}: id: expected a distinct id, found {ids[platform]}"
            )
        filed = {each.report_filed for each in platforms}
        for topic in sorted(filed & {each.action_taken for each in platforms}):
            self.problems.append(f"{self.name}: topic {topic!r}: expected either reports or actions on it, found both")

    def _wrong(self, where: str, name: str, expected: str, came: object) -> None:
        self.problems.append(f"{self.name}: {where}{name}: expected {expected}, got {came!r}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value


def _matching(expression: str) -> Callable[[Any], str]:
    def read(value: str) -> str:
        if not pattern(expression).fullmatch(value):
            raise ValueError
        return value

    return read


def _table(value: object) -> Table:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _tables(value: object) -> list[Table]:
    if not isinstance(value, list) or not value:
        raise TypeError
    return [_table(entry) for entry in value]


def _partitions(value: object) -> int:
    if type(value) is not int or not 1 <= value <= _MAX_PARTITIONS:
        raise ValueError
    return value


def _duration_ms(value: str) -> int:
    match = _DURATION.fullmatch(value)
    if not match:
        raise ValueError
    return int(match[1]) * _UNITS_MS[match[2]]


def _instant_ms(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return int(value.timestamp()) * 1000


def _words(value: list[str], allowed: set[str] | frozenset[str]) -> list[str]:
    if not value or len(set(value)) < len(value) or not set(value) <= allowed:
        raise ValueError
    return value


def _members_of(groups: set[str]) -> _Rule[tuple[str, ...]]:
    expected = f"a list of distinct groups, of {', '.join(sorted(groups))}"
    return _Rule(expected, lambda value: tuple(sorted(_words(value, groups))), ())


def _topic(role: Role, platform: str) -> _Rule[str]:
    expected = "a topic of at most 249 letters, digits, dots, hyphens and underscores"
    return _Rule(expected, _matching(_TOPIC.pattern), f"{role}.{platform}")


_ID: Final = _Rule(
    "a lower-case letter, then up to 31 of a-z, 0-9 and -", _matching(PLATFORM_ID.pattern), "", required=True
)
_PROVIDER: Final = _Rule("the name of the company that answers for it", _text, "", required=True)
_PRINCIPAL: Final = _Rule("a Kafka principal", _text, "")
_CADENCE: Final = _Rule("a duration such as 30s, 5m, 24h or 1d", _duration_ms, DEFAULT_CADENCE_MS)
_MEASURED_FROM: Final = _Rule[int | None]("a date and time with its offset", _instant_ms, None)
_PARTITIONS: Final = _Rule(f"a whole number from 1 to {_MAX_PARTITIONS}", _partitions, DEFAULT_PARTITIONS)
_COUNTRIES: Final = _Rule(
    "a list of distinct ISO 3166 alpha-2 codes", lambda value: frozenset(_words(value, COUNTRIES)), frozenset[str]()
)
_TABLE: Final = _Rule[Table]("a table of lists of ISO 3166 alpha-2 codes", _table, {})
_TABLES: Final = _Rule[list[Table]]("at least one [[platforms]] table", _tables, [], required=True)

"""A registry read from TOML: every mistake at once, each with its file, platform, field and what was expected."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path
from re import compile as pattern
from typing import Final

from streams.contract.jurisdictions import COUNTRIES, DEFAULT_GROUPS, OTHER, UNKNOWN, Groups
from streams.contract.registry import (
    DEFAULT_CADENCE_MS,
    DEFAULT_PARTITIONS,
    PLATFORM_ID,
    History,
    Platform,
    Registry,
    Role,
)
from streams.contract.tables import (
    TOP,
    Field,
    Reader,
    Table,
    TablesError,
    Where,
    decoded,
    duration_ms,
    matching,
    table,
    tables,
    text,
    unreadable,
    words,
)
from streams.domain.rules import CAPACITY

_TOPIC: Final = pattern(r"[A-Za-z0-9._-]{1,249}")
_GROUP: Final = pattern(r"[A-Za-z][A-Za-z0-9-]{0,15}")
_MAX_PARTITIONS: Final = 4096
_LEAST_CAPACITY: Final = 10_000
_MOST_CAPACITY: Final = 100_000_000
_LONGEST_OFFICE: Final = 64
_FIELDS: Final = {
    "id",
    "provider",
    "report_filed",
    "action_taken",
    "cadence",
    "measured_from",
    "jurisdictions",
    "principal",
    "capacity",
    "feedback",
    "history",
}
_HISTORY_FIELDS: Final = {"from", "until", "opened_on", "opened_by", "closes_on"}


class RegistryError(TablesError):
    """A registry that cannot be used."""


def load(path: Path) -> Registry:
    """Return the registry in the TOML file at `path`.

    Raises RegistryError with every mistake in it, or for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegistryError([unreadable(path, error)]) from error
    return parse(content, str(path))


def parse(content: bytes, name: str) -> Registry:
    """Return the registry written in `content`; `name` stands in the messages of a RegistryError."""
    try:
        reader = _Reader(name, decoded(content, name))
        registry = reader.registry(reader.tree())
    except TablesError as error:
        raise RegistryError(list(error.problems)) from error
    if reader.problems:
        raise RegistryError(reader.problems)
    return registry


@dataclass
class _Reader(Reader):
    """Reads a registry; `spans` is how many spans of history have been read, over all platforms."""

    spans: int = 0

    def registry(self, tree: Table) -> Registry:
        self.closed(TOP, tree, {"partitions", "groups", "platforms"})
        groups = self._groups(self.take(TOP, tree, "groups", _TABLE))
        found = self.take(TOP, tree, "platforms", _TABLES)
        platforms = [
            self._platform(Where(f"platform {entry.get('id', '?')!r}: ", "platforms", place), entry, {*groups, OTHER})
            for place, entry in enumerate(found)
        ]
        self._distinct(platforms)
        partitions = self.take(TOP, tree, "partitions", _PARTITIONS)
        return Registry({each.id: each for each in platforms}, groups, partitions)

    def _groups(self, tree: Table) -> Groups:
        if not tree:
            return DEFAULT_GROUPS
        for name in tree:
            if not _GROUP.fullmatch(name) or name in {OTHER, UNKNOWN}:
                expected = f"names of letters, digits, hyphens, not {OTHER!r} or {UNKNOWN!r}"
                self.say(TOP, "groups", f"expected {expected}, got {name!r}")
        return {name: self.take(Where("groups: ", "groups"), tree, name, _COUNTRIES) for name in tree}

    def _platform(self, where: Where, entry: Table, groups: set[str]) -> Platform:
        self.closed(where, entry, _FIELDS)
        platform = self.take(where, entry, "id", _ID)
        found = self.take(where, entry, "history", _HISTORY)
        history = sorted([self._history(where, each) for each in found], key=lambda span: span.since)
        if any(one.until > other.since for one, other in pairwise(history)):
            self.say(where, "history", "expected spans that do not overlap")
        return Platform(
            id=platform,
            provider=self.take(where, entry, "provider", _PROVIDER),
            report_filed=self.take(where, entry, "report_filed", _topic(Role.REPORT_FILED, platform)),
            action_taken=self.take(where, entry, "action_taken", _topic(Role.ACTION_TAKEN, platform)),
            cadence_ms=self.take(where, entry, "cadence", _CADENCE),
            measured_from=self.take(where, entry, "measured_from", _MEASURED_FROM),
            jurisdictions=self.take(where, entry, "jurisdictions", _members_of(groups)),
            principal=self.take(where, entry, "principal", _PRINCIPAL),
            capacity=self.take(where, entry, "capacity", _CAPACITY),
            feedback=self.take(where, entry, "feedback", _topic("feedback", platform)),
            history=tuple(history),
        )

    def _history(self, platform: Where, entry: Table) -> History:
        where = Where(f"{platform.text}history: ", "platforms.history", self.spans)
        self.spans += 1
        self.closed(where, entry, _HISTORY_FIELDS)
        since, until = (self.take(where, entry, name, _DAY) for name in ("from", "until"))
        opened = self.take(where, entry, "opened_on", _DAY)
        closes = self.take(where, entry, "closes_on", _LAST_DAY)
        if all((since, until, opened)):
            if since >= until:
                self.say(where, "until", "expected a date after `from`")
            if until > opened:
                self.say(where, "until", "expected a date not after `opened_on`: what is to come is live")
            if closes is not None and closes <= opened:
                self.say(where, "closes_on", "expected a date after `opened_on`")
        return History(
            since=since,
            until=until,
            opened_on=opened,
            opened_by=self.take(where, entry, "opened_by", _OFFICE),
            closes_on=closes,
        )

    def _distinct(self, platforms: list[Platform]) -> None:
        ids = Counter(each.id for each in platforms)
        for platform in sorted(each for each, count in ids.items() if count > 1):
            self.problems.append(
                f"{self.name}: platform {platform!r}: id: expected a distinct id, found {ids[platform]}"
            )
        filed = {each.report_filed for each in platforms}
        for topic in sorted(filed & {each.action_taken for each in platforms}):
            self.problems.append(f"{self.name}: topic {topic!r}: expected either reports or actions on it, found both")
        named = Counter(feedback for _, feedback in {(each.id, each.feedback) for each in platforms})
        named.update(filed | {each.action_taken for each in platforms})
        for topic in sorted({each.feedback for each in platforms if named[each.feedback] > 1}):
            self.problems.append(
                f"{self.name}: topic {topic!r}: expected the feedback of one platform and nothing else"
            )


def _partitions(value: object) -> int:
    if type(value) is not int or not 1 <= value <= _MAX_PARTITIONS:
        raise ValueError
    return value


def _capacity(value: object) -> int:
    if type(value) is not int or not _LEAST_CAPACITY <= value <= _MOST_CAPACITY:
        raise ValueError
    return value


def _instant_ms(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return int(value.timestamp()) * 1000


def _day_ms(value: object) -> int:
    if type(value) is date:
        return int(datetime.combine(value, time(), UTC).timestamp()) * 1000
    return _instant_ms(value)


def _office(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_OFFICE:
        raise ValueError
    return text(value)


def _members_of(groups: set[str]) -> Field[tuple[str, ...]]:
    expected = f"a list of distinct groups, of {', '.join(sorted(groups))}"
    return Field(expected, lambda value: tuple(sorted(words(value, groups))), ())


def _topic(role: str, platform: str) -> Field[str]:
    expected = "a topic of at most 249 letters, digits, dots, hyphens and underscores"
    return Field(expected, matching(_TOPIC.pattern), f"{role}.{platform}")


_ID: Final = Field(
    "a lower-case letter, then up to 31 of a-z, 0-9 and -", matching(PLATFORM_ID.pattern), "", required=True
)
_PROVIDER: Final = Field("the name of the company that answers for it", text, "", required=True)
_PRINCIPAL: Final = Field("a Kafka principal", text, "")
_CADENCE: Final = Field("a duration such as 30s, 5m, 24h or 1d", duration_ms, DEFAULT_CADENCE_MS)
_MEASURED_FROM: Final = Field[int | None]("a date and time with its offset", _instant_ms, None)
_CAPACITY: Final = Field(f"a whole number from {_LEAST_CAPACITY} to {_MOST_CAPACITY}", _capacity, CAPACITY)
_DAY: Final = Field("a date (its midnight in UTC), or a date and time with its offset", _day_ms, 0, required=True)
_LAST_DAY: Final = Field[int | None]("a date, or a date and time with its offset", _day_ms, None)
_OFFICE: Final = Field(
    f"the office that opened it, such as 'audit', of at most {_LONGEST_OFFICE} characters", _office, "", required=True
)
_PARTITIONS: Final = Field(f"a whole number from 1 to {_MAX_PARTITIONS}", _partitions, DEFAULT_PARTITIONS)
_COUNTRIES: Final = Field(
    "a list of distinct ISO 3166 alpha-2 codes", lambda value: frozenset(words(value, COUNTRIES)), frozenset[str]()
)
_TABLE: Final = Field[Table]("a table of lists of ISO 3166 alpha-2 codes", table, {})
_HISTORY: Final = Field[list[Table]]("[[platforms.history]] tables", tables, [])
_TABLES: Final = Field[list[Table]]("at least one [[platforms]] table", tables, [], required=True)

"""Read a registry from TOML and report all mistakes at once, each with file, platform, field and expected value."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path
from re import compile as pattern
from typing import Final

from streams.contract.registry.jurisdictions import COUNTRIES, DEFAULT_GROUPS, OTHER_GROUP, UNKNOWN_JURISDICTION, Groups
from streams.contract.registry.registry import (
    DEFAULT_CADENCE_MS,
    DEFAULT_PARTITIONS,
    PLATFORM_ID,
    AuditedHistory,
    Platform,
    Registry,
    Role,
)
from streams.contract.toml_reader import (
    TOP_LEVEL,
    Field,
    Table,
    TableRef,
    TomlFileError,
    TomlReader,
    decode_file,
    distinct_words,
    duration_ms,
    one_line_text,
    table,
    tables,
    text_matching,
    unreadable_file_problem,
)
from streams.domain.ledger.config import DEFAULT_CAPACITY

_TOPIC: Final = pattern(r"[A-Za-z0-9._-]{1,249}")
_GROUP: Final = pattern(r"[A-Za-z][A-Za-z0-9-]{0,15}")
_MAX_PARTITIONS: Final = 4096
_MIN_CAPACITY: Final = 10_000
_MAX_CAPACITY: Final = 100_000_000
_MAX_OFFICE_LENGTH: Final = 64
_PLATFORM_FIELDS: Final = {
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


class RegistryError(TomlFileError):
    """A registry file with mistakes."""


def read_registry(path: Path) -> Registry:
    """Return the registry in the TOML file at `path`.

    Raises RegistryError with every mistake in the file, or for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegistryError([unreadable_file_problem(path, error)]) from error
    return parse_registry(content, str(path))


def parse_registry(content: bytes, name: str) -> Registry:
    """Return the registry in the TOML of `content`; `name` is the file's name in the messages of a RegistryError."""
    try:
        reader = _RegistryParser(name, decode_file(content, name))
        registry = reader.parse_registry(reader.load())
    except TomlFileError as error:
        raise RegistryError(list(error.problems)) from error
    if reader.problems:
        raise RegistryError(reader.problems)
    return registry


@dataclass
class _RegistryParser(TomlReader):
    """Parses a registry; `span_count` is how many spans of history were parsed so far, over all platforms."""

    span_count: int = 0

    def parse_registry(self, tree: Table) -> Registry:
        self.reject_unknown(TOP_LEVEL, tree, {"partitions", "groups", "platforms"})
        groups = self._parse_groups(self.read_field(TOP_LEVEL, tree, "groups", _GROUPS))
        entries = self.read_field(TOP_LEVEL, tree, "platforms", _PLATFORMS)
        platforms = [
            self._parse_platform(
                TableRef(f"platform {entry.get('id', '?')!r}: ", "platforms", index), entry, {*groups, OTHER_GROUP}
            )
            for index, entry in enumerate(entries)
        ]
        self._check_unique(platforms)
        partitions = self.read_field(TOP_LEVEL, tree, "partitions", _PARTITIONS)
        return Registry({platform.id: platform for platform in platforms}, groups, partitions)

    def _parse_groups(self, tree: Table) -> Groups:
        if not tree:
            return DEFAULT_GROUPS
        for name in tree:
            if not _GROUP.fullmatch(name) or name in {OTHER_GROUP, UNKNOWN_JURISDICTION}:
                expected = f"names of letters, digits, hyphens, not {OTHER_GROUP!r} or {UNKNOWN_JURISDICTION!r}"
                self.add_problem(TOP_LEVEL, "groups", f"expected {expected}, got {name!r}")
        return {name: self.read_field(TableRef("groups: ", "groups"), tree, name, _COUNTRIES) for name in tree}

    def _parse_platform(self, ref: TableRef, entry: Table, groups: set[str]) -> Platform:
        self.reject_unknown(ref, entry, _PLATFORM_FIELDS)
        platform = self.read_field(ref, entry, "id", _ID)
        entries = self.read_field(ref, entry, "history", _HISTORY)
        history = sorted(
            [self._parse_history(ref, history_entry) for history_entry in entries], key=lambda span: span.since
        )
        if any(former.until > latter.since for former, latter in pairwise(history)):
            self.add_problem(ref, "history", "expected spans that do not overlap, found two that do")
        return Platform(
            id=platform,
            provider=self.read_field(ref, entry, "provider", _PROVIDER),
            report_filed=self.read_field(ref, entry, "report_filed", _topic_field(Role.REPORT_FILED, platform)),
            action_taken=self.read_field(ref, entry, "action_taken", _topic_field(Role.ACTION_TAKEN, platform)),
            cadence_ms=self.read_field(ref, entry, "cadence", _CADENCE),
            measured_from=self.read_field(ref, entry, "measured_from", _MEASURED_FROM),
            jurisdictions=self.read_field(ref, entry, "jurisdictions", _groups_field(groups)),
            principal=self.read_field(ref, entry, "principal", _PRINCIPAL),
            capacity=self.read_field(ref, entry, "capacity", _CAPACITY),
            feedback=self.read_field(ref, entry, "feedback", _topic_field("feedback", platform)),
            history=tuple(history),
        )

    def _parse_history(self, platform: TableRef, entry: Table) -> AuditedHistory:
        ref = TableRef(f"{platform.message_prefix}history: ", "platforms.history", self.span_count)
        self.span_count += 1
        self.reject_unknown(ref, entry, _HISTORY_FIELDS)
        since, until = (self.read_field(ref, entry, name, _DAY) for name in ("from", "until"))
        opened = self.read_field(ref, entry, "opened_on", _DAY)
        closes = self.read_field(ref, entry, "closes_on", _LAST_DAY)
        if all((since, until, opened)):
            if since >= until:
                self.add_problem(ref, "until", "expected a date after `from`")
            if until > opened:
                self.add_problem(ref, "until", "expected a date not after `opened_on`: later events are live")
            if closes is not None and closes <= opened:
                self.add_problem(ref, "closes_on", "expected a date after `opened_on`")
        return AuditedHistory(
            since=since,
            until=until,
            opened_on=opened,
            opened_by=self.read_field(ref, entry, "opened_by", _OFFICE),
            closes_on=closes,
        )

    def _check_unique(self, platforms: list[Platform]) -> None:
        ids = Counter(entry.id for entry in platforms)
        for platform in sorted(entry for entry, count in ids.items() if count > 1):
            self.problems.append(
                f"{self.name}: platform {platform!r}: id: expected a distinct id, found {ids[platform]}"
            )
        filed = {entry.report_filed for entry in platforms}
        for topic in sorted(filed & {entry.action_taken for entry in platforms}):
            self.problems.append(f"{self.name}: topic {topic!r}: expected either reports or actions, found both")
        use_count = Counter(feedback for _, feedback in {(entry.id, entry.feedback) for entry in platforms})
        use_count.update(filed | {entry.action_taken for entry in platforms})
        for topic in sorted({entry.feedback for entry in platforms if use_count[entry.feedback] > 1}):
            self.problems.append(
                f"{self.name}: topic {topic!r}: expected only the feedback of one platform, found a second use"
            )


def _parse_partitions(value: object) -> int:
    if type(value) is not int or not 1 <= value <= _MAX_PARTITIONS:
        raise ValueError
    return value


def _parse_capacity(value: object) -> int:
    if type(value) is not int or not _MIN_CAPACITY <= value <= _MAX_CAPACITY:
        raise ValueError
    return value


def _parse_instant(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return int(value.timestamp()) * 1000


def _parse_day(value: object) -> int:
    if type(value) is date:
        return int(datetime.combine(value, time(), UTC).timestamp()) * 1000
    return _parse_instant(value)


def _parse_office(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_OFFICE_LENGTH:
        raise ValueError
    return one_line_text(value)


def _groups_field(groups: set[str]) -> Field[tuple[str, ...]]:
    expected = f"a list of distinct groups, of {', '.join(sorted(groups))}"
    return Field(expected, lambda value: tuple(sorted(distinct_words(value, groups))), ())


def _topic_field(role: str, platform: str) -> Field[str]:
    expected = "a topic of at most 249 letters, digits, dots, hyphens and underscores"
    return Field(expected, text_matching(_TOPIC.pattern), f"{role}.{platform}")


_ID: Final = Field(
    "a lower-case letter, then up to 31 of a-z, 0-9 and -", text_matching(PLATFORM_ID.pattern), "", is_required=True
)
_PROVIDER: Final = Field("the name of the responsible company", one_line_text, "", is_required=True)
_PRINCIPAL: Final = Field("a Kafka principal", one_line_text, "")
_CADENCE: Final = Field("a duration such as 30s, 5m, 24h or 1d", duration_ms, DEFAULT_CADENCE_MS)
_MEASURED_FROM: Final = Field[int | None]("a date and time with an offset", _parse_instant, None)
_CAPACITY: Final = Field(f"a whole number from {_MIN_CAPACITY} to {_MAX_CAPACITY}", _parse_capacity, DEFAULT_CAPACITY)
_DAY: Final = Field("a date (midnight in UTC), or a date and time with an offset", _parse_day, 0, is_required=True)
_LAST_DAY: Final = Field[int | None]("a date, or a date and time with an offset", _parse_day, None)
_OFFICE: Final = Field(
    f"the office that opened the history, such as 'audit', at most {_MAX_OFFICE_LENGTH} characters",
    _parse_office,
    "",
    is_required=True,
)
_PARTITIONS: Final = Field(f"a whole number from 1 to {_MAX_PARTITIONS}", _parse_partitions, DEFAULT_PARTITIONS)
_COUNTRIES: Final = Field(
    "a list of distinct ISO 3166 alpha-2 codes",
    lambda value: frozenset(distinct_words(value, COUNTRIES)),
    frozenset[str](),
)
_GROUPS: Final = Field[Table]("a table of lists of ISO 3166 alpha-2 codes", table, {})
_HISTORY: Final = Field[list[Table]]("[[platforms.history]] tables", tables, [])
_PLATFORMS: Final = Field[list[Table]]("at least one [[platforms]] table", tables, [], is_required=True)

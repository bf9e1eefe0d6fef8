"""Read tables from TOML and collect all mistakes, each with its file, line, field and the expected value."""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from pathlib import Path
from re import compile as pattern
from re import escape
from typing import Any, Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Table = Mapping[str, Any]
"""A table as tomllib returns it."""

_TOML_ERROR: Final = pattern(r"(?P<what>.*) \(at line (?P<line>[0-9]+), (?P<column>column [0-9]+)\)")
"""The form of tomllib's error messages, which contain the line and the column."""
_HEADING: Final = pattern(r"\s*\[{1,2}\s*(?P<kind>[\w.-]+)\s*\]{1,2}\s*(#.*)?")
_DURATION: Final = pattern(r"([1-9][0-9]{0,5})([smhd])")
_MAX_SHOWN_LENGTH: Final = 80
_MIN_SIMILARITY: Final = 0.75
_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class TomlFileError(ValueError):
    """A file with mistakes; `problems` lists every mistake, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class InvalidValueError(ValueError):
    """A part of a value that is not allowed; `suggestion` is the most similar allowed word, or ""."""

    def __init__(self, part: object, suggestion: str = "") -> None:
        super().__init__()
        self.value = part
        self.suggestion = suggestion


class TableRef(NamedTuple):
    """A table of a file, by its kind and its number among the tables of this kind; by default the file's top level.

    `message_prefix` begins every message about the table.
    """

    message_prefix: str = ""
    kind: str = ""
    table_number: int = 0


TOP_LEVEL: Final = TableRef()


@dataclass(frozen=True)
class Field(Generic[T]):
    """A field of a table; `parse` raises ValueError or TypeError for a value that is not the expected one."""

    expected: str
    parse: Callable[[Any], T]
    default: T
    is_required: bool = False


def unreadable_file_problem(path: Path, error: OSError) -> str:
    """Return the problem of a file that cannot be read."""
    return f"{path}: expected a file to read: {error.strerror}"


def decode_file(content: bytes, name: str) -> str:
    """Return the text of a file without a byte order mark; raises TomlFileError for content that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TomlFileError([f"{name}:{line}: expected TOML in UTF-8, found a byte that is not UTF-8"]) from error


@dataclass
class TomlReader:
    """Collects problems while reading tables; the default of a field replaces a wrong value."""

    name: str
    text: str = ""
    problems: list[str] = field(default_factory=list)

    def load(self) -> Table:
        """Return the whole file as a table; raises TomlFileError for a text that is not TOML."""
        try:
            return tomllib.loads(self.text)
        except RecursionError as error:
            raise TomlFileError(
                [f"{self.name}: expected TOML, found lists or tables that are nested too deeply"]
            ) from error
        except ValueError as error:
            position = _TOML_ERROR.fullmatch(str(error))
            line, message = (
                (f":{position['line']}", f"{position['what']} ({position['column']})") if position else ("", str(error))
            )
            raise TomlFileError([f"{self.name}{line}: expected TOML: {message}"]) from error

    def read_field(self, ref: TableRef, entry: Table, name: str, spec: Field[T]) -> T:
        """Return the value of a field, or its default after a problem was added."""
        if name not in entry:
            if spec.is_required:
                self.add_problem(ref, name, f"expected {spec.expected}, found nothing")
            return spec.default
        try:
            return spec.parse(entry[name])
        except InvalidValueError as error:
            self.add_problem(ref, name, f"expected {error.suggestion or spec.expected}, got {quoted(error.value)}")
        except (TypeError, ValueError):
            self.add_problem(ref, name, f"expected {spec.expected}, got {quoted(entry[name])}")
        return spec.default

    def reject_unknown(self, ref: TableRef, entry: Table, names: set[str]) -> None:
        """Add a problem for every field that is not in `names`."""
        for name in sorted(set(entry) - names):
            expected = closest_word(name, names) or f"one of {', '.join(sorted(names))}"
            self.add_problem(ref, name, f"expected {expected}")

    def add_problem(self, ref: TableRef, name: str, problem: str) -> None:
        """Add a problem with a field."""
        self.problems.append(f"{self.location(ref, name)}: {ref.message_prefix}{name}: {problem}")

    def location(self, ref: TableRef, name: str) -> str:
        """Return file and line of a field as FILE:LINE, or those of its table if the field is missing."""
        first, last = self._line_range(ref)
        field_named = pattern(rf"""\s*["']?{escape(name)}["']?\s*[.=]""")
        own_lines = (number + 1 for number in range(first, last) if field_named.match(self._lines[number]))
        headings = (number + 1 for number, kind in self._headings if not ref.kind and kind == name)
        line_number = next(chain(own_lines, headings), first)
        return f"{self.name}:{line_number}" if line_number else self.name

    def _line_range(self, ref: TableRef) -> tuple[int, int]:
        """Return the range of lines after a table's heading and before the next; the top level ends at the first one.

        Tables in an inline list have no headings, so the line of the list is returned for all of them.
        """
        own_headings = [index for index, (_, kind) in enumerate(self._headings) if kind == ref.kind]
        if ref.kind and not own_headings:
            inline = pattern(rf"\s*{escape(ref.kind)}\s*[.=]")
            first = next((number + 1 for number, line in enumerate(self._lines) if inline.match(line)), 0)
            return first, first
        index = own_headings[ref.table_number] if ref.table_number < len(own_headings) else -1
        start = self._headings[index][0] + 1 if index >= 0 else 0
        return start, self._headings[index + 1][0] if index + 1 < len(self._headings) else len(self._lines)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def _headings(self) -> list[tuple[int, str]]:
        """The line number, counted from 0, and the kind of table of every heading."""
        matches = [(number, _HEADING.fullmatch(line)) for number, line in enumerate(self._lines)]
        return [(number, heading["kind"]) for number, heading in matches if heading]


def one_line_text(value: object) -> str:
    """Return a text of one line that is not blank; raises ValueError for any other value."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value


def text_matching(expression: str) -> Callable[[Any], str]:
    """Return a function that parses a text that fully matches a pattern."""

    def read(value: str) -> str:
        if not pattern(expression).fullmatch(value):
            raise ValueError
        return value

    return read


def table(value: object) -> Table:
    """Return a table; raises TypeError for any other value."""
    if not isinstance(value, dict):
        raise TypeError
    return value


def tables(value: object) -> list[Table]:
    """Return a non-empty list of tables; raises TypeError for any other value."""
    if not isinstance(value, list) or not value:
        raise TypeError
    return [table(entry) for entry in value]


def duration_ms(value: str) -> int:
    """Return a duration such as `90s`, `5m`, `24h` or `7d` in milliseconds."""
    match = _DURATION.fullmatch(value)
    if not match:
        raise ValueError
    return int(match[1]) * _UNITS_MS[match[2]]


def distinct_words(value: list[str], allowed: Collection[str]) -> list[str]:
    """Return a list of distinct allowed words; raises InvalidValueError with the first word that is not allowed."""
    if type(value) is not list or not value or len(set(value)) < len(value):
        raise ValueError
    for word in value:
        if word not in allowed:
            raise InvalidValueError(word, closest_word(word, allowed))
    return value


def closest_word(given: object, allowed: Collection[str]) -> str:
    """Return the allowed word that is most similar to `given`, or "" if no word is similar enough."""
    matches = get_close_matches(given, allowed, 1, _MIN_SIMILARITY) if isinstance(given, str) else []
    return matches[0] if matches else ""


def quoted(value: object) -> str:
    """Return a value as the file writes it, shortened to a limit, since a file may contain anything."""
    match value:
        case bool():
            shown = str(value).lower()
        case date() | time():
            shown = value.isoformat()
        case dict():
            shown = "a table"
        case list():
            shown = f"[{', '.join(['a list' if isinstance(item, list) else quoted(item) for item in value[:_MAX_SHOWN_LENGTH]])}]"
        case _:
            shown = repr(value)
    return shown if len(shown) <= _MAX_SHOWN_LENGTH else f"{shown[:_MAX_SHOWN_LENGTH]}…"

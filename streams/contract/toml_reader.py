"""Reading tables from TOML: every mistake at once, each with its file, line, field and what was expected."""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from re import compile as pattern
from re import escape
from typing import Any, Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Table = Mapping[str, Any]
"""What tomllib returns."""

_TOML_ERROR: Final = pattern(r"(?P<what>.*) \(at line (?P<line>[0-9]+), (?P<column>column [0-9]+)\)")
"""How tomllib says where."""
_HEADING: Final = pattern(r"\s*\[{1,2}\s*(?P<kind>[\w.-]+)\s*\]{1,2}\s*(#.*)?")
_DURATION: Final = pattern(r"([1-9][0-9]{0,5})([smhd])")
_MAX_SHOWN_LENGTH: Final = 80
_MIN_SIMILARITY: Final = 0.75
_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class TomlFileError(ValueError):
    """A file that cannot be used; `problems` lists every mistake, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class InvalidValueError(ValueError):
    """A part of a value that is not what was expected; `near` is the allowed word that is most like it, if one is."""

    def __init__(self, part: object, near: str = "") -> None:
        super().__init__()
        self.value = part
        self.suggestion = near


class TableRef(NamedTuple):
    """A table of a file: how a message names it, and which of the tables of a kind it is; the file itself by default."""

    message_prefix: str = ""
    kind: str = ""
    table_number: int = 0


TOP_LEVEL: Final = TableRef()


@dataclass(frozen=True)
class Field(Generic[T]):
    """How one field is read; `read` raises ValueError or TypeError for a value that is not what was expected."""

    expected: str
    parse: Callable[[Any], T]
    default: T
    is_required: bool = False


def unreadable_file_problem(path: Path, error: OSError) -> str:
    """Return the problem of a file that cannot be read."""
    return f"{path}: expected a file to read: {error.strerror}"


def decode_file(content: bytes, name: str) -> str:
    """Return the text of a file, without the mark that some editors put before it; raises TablesError if it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TomlFileError([f"{name}:{line}: expected TOML in UTF-8, found a byte that is none"]) from error


@dataclass
class TomlReader:
    """Collects what is wrong while it reads; a value that is wrong is replaced by its default."""

    name: str
    text: str = ""
    problems: list[str] = field(default_factory=list)

    def load(self) -> Table:
        """Return the whole file as a table; raises TablesError for what is no TOML."""
        try:
            return tomllib.loads(self.text)
        except RecursionError as error:
            raise TomlFileError(
                [f"{self.name}: expected TOML, found lists or tables within too many others"]
            ) from error
        except ValueError as error:
            spot = _TOML_ERROR.fullmatch(str(error))
            at, what = (f":{spot['line']}", f"{spot['what']} ({spot['column']})") if spot else ("", str(error))
            raise TomlFileError([f"{self.name}{at}: expected TOML: {what}"]) from error

    def read_field(self, ref: TableRef, entry: Table, name: str, spec: Field[T]) -> T:
        """Return the value of a field."""
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
        """Take note of fields that are none of `names`."""
        for name in sorted(set(entry) - names):
            expected = closest_word(name, names) or f"one of {', '.join(sorted(names))}"
            self.add_problem(ref, name, f"expected {expected}")

    def add_problem(self, ref: TableRef, name: str, problem: str) -> None:
        """Take note of a problem with a field."""
        self.problems.append(f"{self.location(ref, name)}: {ref.message_prefix}{name}: {problem}")

    def location(self, ref: TableRef, name: str) -> str:
        """Return the file and the line of a field, or of its table where it is missing."""
        first, last = self._line_range(ref)
        field_named = pattern(rf"""\s*["']?{escape(name)}["']?\s*[.=]""")
        found = next((number + 1 for number in range(first, last) if field_named.match(self._lines[number])), first)
        return f"{self.name}:{found}" if found else self.name

    def _line_range(self, ref: TableRef) -> tuple[int, int]:
        """Return the lines from after a table's heading to before the next; those of the file itself before any.

        Of tables without headings, which stand in a list, nobody can tell more than where that begins.
        """
        own = [place for place, (_, kind) in enumerate(self._headings) if kind == ref.kind]
        if ref.kind and not own:
            inline = pattern(rf"\s*{escape(ref.kind)}\s*[.=]")
            first = next((number + 1 for number, line in enumerate(self._lines) if inline.match(line)), 0)
            return first, first
        place = own[ref.table_number] if ref.table_number < len(own) else -1
        start = self._headings[place][0] + 1 if place >= 0 else 0
        return start, self._headings[place + 1][0] if place + 1 < len(self._headings) else len(self._lines)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def _headings(self) -> list[tuple[int, str]]:
        """The headings: on which line, counted from 0, and of which kind of table."""
        matches = [(number, _HEADING.fullmatch(line)) for number, line in enumerate(self._lines)]
        return [(number, heading["kind"]) for number, heading in matches if heading]


def one_line_text(value: object) -> str:
    """Return a text of one line that is not blank."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value


def text_matching(expression: str) -> Callable[[Any], str]:
    """Return what reads a text of a form."""

    def read(value: str) -> str:
        if not pattern(expression).fullmatch(value):
            raise ValueError
        return value

    return read


def table(value: object) -> Table:
    """Return a table."""
    if not isinstance(value, dict):
        raise TypeError
    return value


def tables(value: object) -> list[Table]:
    """Return a list of tables that is not empty."""
    if not isinstance(value, list) or not value:
        raise TypeError
    return [table(entry) for entry in value]


def duration_ms(value: str) -> int:
    """Return a duration such as `90s`, `5m`, `24h` or `7d` in milliseconds."""
    found = _DURATION.fullmatch(value)
    if not found:
        raise ValueError
    return int(found[1]) * _UNITS_MS[found[2]]


def distinct_words(value: list[str], allowed: Collection[str]) -> list[str]:
    """Return a list of distinct words, each of them allowed; raises UnfitError with the first that is not."""
    if type(value) is not list or not value or len(set(value)) < len(value):
        raise ValueError
    for word in value:
        if word not in allowed:
            raise InvalidValueError(word, closest_word(word, allowed))
    return value


def closest_word(given: object, allowed: Collection[str]) -> str:
    """Return the allowed word that is most like what was given, "" where none is so like it that it may be meant."""
    near = get_close_matches(given, allowed, 1, _MIN_SIMILARITY) if isinstance(given, str) else []
    return near[0] if near else ""


def quoted(value: object) -> str:
    """Return a value as the file has it, cut short: a file may hold anything."""
    match value:
        case bool():
            shown = str(value).lower()
        case date() | time():
            shown = value.isoformat()
        case dict():
            shown = "a table"
        case list():
            shown = f"[{', '.join(['a list' if isinstance(each, list) else quoted(each) for each in value[:_MAX_SHOWN_LENGTH]])}]"
        case _:
            shown = repr(value)
    return shown if len(shown) <= _MAX_SHOWN_LENGTH else f"{shown[:_MAX_SHOWN_LENGTH]}…"

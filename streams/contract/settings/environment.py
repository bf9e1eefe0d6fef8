"""Read settings from SAFECLOCK_* variables and from flags that override them, and report all mistakes at once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from re import compile as pattern
from typing import Any, Final

from streams.contract.toml_reader import closest_word

Variables = Mapping[str, tuple[str, Callable[[str], Any]]]
"""For each variable, the field that it sets and its parser, which raises ValueError with the expected value."""


PREFIX: Final = "SAFECLOCK_"
"""The prefix of all variables of Safeclock."""

_MAX_PORT: Final = 65_535
_MAX_SHOWN_LENGTH: Final = 200
_match_address: Final = pattern(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+)(:(?P<port>[0-9]{1,5}))?").fullmatch


class BadSettingsError(Exception):
    """Wrong settings; the message has one line for each, with the name of the variable."""


def non_blank(text: str) -> str:
    """Return a text without surrounding blanks; raises ValueError for a blank text."""
    if not text.strip():
        raise ValueError("a text that is not blank")
    return text.strip()


def bootstrap_servers(text: str) -> str:
    """Return the addresses of brokers, joined by commas."""
    addresses = [address.strip() for address in text.split(",")]
    matches = [_match_address(address) for address in addresses]
    if not all(match is not None and int(match["port"] or 0) <= _MAX_PORT for match in matches):
        raise ValueError("HOST:PORT[,HOST:PORT…]")
    return ",".join(addresses)


def port(text: str) -> int:
    """Return a port to listen on; 0 means any free port."""
    if not text.isascii() or not text.isdigit() or int(text) > _MAX_PORT:
        raise ValueError(f"a port, 0 to {_MAX_PORT}")
    return int(text)


def files(text: str) -> tuple[Path, ...]:
    """Return the files in a text, separated by commas; a blank text gives none."""
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    if not all(names):
        raise ValueError("files separated by commas")
    return tuple(Path(name) for name in names)


def at_least(minimum: int, factor: int = 1) -> Callable[[str], int]:
    """Return a parser of whole numbers of at least `minimum`, which multiplies them by `factor`."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < minimum:
            raise ValueError(f"a whole number of at least {minimum}")
        return int(text) * factor

    return parse


def is_safe_to_show(text: str) -> bool:
    """Return whether an error may repeat a setting: it is short and contains no address with a password and no key."""
    return len(text) <= _MAX_SHOWN_LENGTH and "@" not in text and "-----" not in text and text.isprintable()


def secret_from_file(file: str) -> str:
    """Return the content of a file without its last line break; no error repeats `file`, which may be the secret."""
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise ValueError("a file to read") from None


def choice(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Return a parser of one of `choices`."""

    def parse(text: str) -> StrEnum:
        if text not in set(choices):
            raise ValueError(f"one of {', '.join(choices)}")
        return choices(text)

    return parse


def read_variables(
    variables: Variables, environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Return the fields that are set; `flags`, by variable name, override the environment unless they are None.

    Raises BadSettingsError with every wrong setting.
    """
    given = {name: text for name in variables if (text := environment.get(name)) is not None}
    given |= {name: text for name, text in (flags or {}).items() if text is not None}
    values: dict[str, Any] = {}
    problems = []
    for name, text in given.items():
        field, parse = variables[name]
        try:
            values[field] = parse(text)
        except ValueError as expected:
            got = repr(text) if parse is not secret_from_file and is_safe_to_show(text) else "a text that is not shown"
            problems.append(f"{name}: expected {expected}, got {got}")
    if problems:
        raise BadSettingsError("\n".join(problems))
    return values


def unknown_variables(names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    """Yield one sentence for each of `names` that has the prefix of our variables and is not known."""
    known_suffixes = {name.removeprefix(PREFIX): name for name in known}
    for name in sorted(set(names) - set(known)):
        if name.startswith(PREFIX):
            closest = closest_word(name.removeprefix(PREFIX), known_suffixes)
            expected = f"expected {known_suffixes[closest]}; " if closest else ""
            yield f"{name}: {expected}nothing reads a variable of this name"


def merge_settings(*readers: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields of all `readers` together; raises BadSettingsError with the mistakes of all readers."""
    values: dict[str, Any] = {}
    problems = []
    for read in readers:
        try:
            values |= read()
        except BadSettingsError as error:
            problems.append(str(error))
    if problems:
        raise BadSettingsError("\n".join(problems))
    return values

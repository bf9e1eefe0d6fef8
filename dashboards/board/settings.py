"""What a board is told from outside: the environment's SAFECLOCK_* variables, and flags that override them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


class BadSettingsError(Exception):
    """Every setting that is wrong, one a line, by the name of its variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A board's settings; durations in milliseconds. `registry` None: every platform that is told of."""

    bootstrap: str = "127.0.0.1:9092"
    registry: Path | None = None
    http_host: str = "127.0.0.1"
    http_port: int = 0
    refresh_ms: int = 2_000


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError("a word")
    return text.strip()


def _at_least(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise ValueError(f"a whole number from {least}")
        return int(text)

    return read


_VARIABLES: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "SAFECLOCK_BOOTSTRAP": ("bootstrap", _word),
    "SAFECLOCK_REGISTRY": ("registry", Path),
    "SAFECLOCK_HTTP_HOST": ("http_host", _word),
    "SAFECLOCK_HTTP_PORT": ("http_port", _at_least(0)),
    "SAFECLOCK_REFRESH_MS": ("refresh_ms", _at_least(100)),
}
VARIABLES: Final = tuple(_VARIABLES)
"""The names of the variables that `load` reads."""


def load(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Return the settings of an environment; `flags`, by variable name, override it where they are not None.

    Raises BadSettingsError that names every wrong setting.
    """
    given = {name: text for name in _VARIABLES if (text := environment.get(name)) is not None}
    given |= {name: text for name, text in (flags or {}).items() if text is not None}
    values: dict[str, Any] = {}
    wrong = []
    for name, text in given.items():
        field, read = _VARIABLES[name]
        try:
            values[field] = read(text)
        except ValueError as expected:
            wrong.append(f"{name}: expected {expected}, got {text!r}")
    if wrong:
        raise BadSettingsError("\n".join(wrong))
    return Settings(**values)

"""What a worker is told from outside: the environment's SAFECLOCK_* variables, and flags that override them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from streams.domain.grid import DAY


class RecordTime(StrEnum):
    """Whose stamp is a record's log time: the broker's (log) or the sender's (create; demo and audited history)."""

    LOG = "log"
    CREATE = "create"


class JournalMode(StrEnum):
    """How commits are made; auto takes transactions where the broker has them."""

    AUTO = "auto"
    TRANSACTIONS = "transactions"
    APPEND = "append"


class BadSettingsError(Exception):
    """Every setting that is wrong, one a line, by the name of its variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A worker's settings; durations in milliseconds. `registry` None: every platform, on the shared topics."""

    bootstrap: str = "127.0.0.1:9092"
    application: str = "safeclock"
    registry: Path | None = None
    record_time: RecordTime = RecordTime.LOG
    journal: JournalMode = JournalMode.AUTO
    commit_interval_ms: int = 100
    http_host: str = "127.0.0.1"
    http_port: int = 0
    memory_ms: int = 200 * DAY


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError("a word")
    return text.strip()


def _at_least(least: int, factor: int = 1) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise ValueError(f"a whole number from {least}")
        return int(text) * factor

    return read


def _one_of(words: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        if text not in set(words):
            raise ValueError(f"one of {', '.join(words)}")
        return words(text)

    return read


_VARIABLES: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "SAFECLOCK_BOOTSTRAP": ("bootstrap", _word),
    "SAFECLOCK_APPLICATION": ("application", _word),
    "SAFECLOCK_REGISTRY": ("registry", Path),
    "SAFECLOCK_RECORD_TIME": ("record_time", _one_of(RecordTime)),
    "SAFECLOCK_JOURNAL": ("journal", _one_of(JournalMode)),
    "SAFECLOCK_COMMIT_INTERVAL_MS": ("commit_interval_ms", _at_least(1)),
    "SAFECLOCK_HTTP_HOST": ("http_host", _word),
    "SAFECLOCK_HTTP_PORT": ("http_port", _at_least(0)),
    "SAFECLOCK_MEMORY_DAYS": ("memory_ms", _at_least(1, DAY)),
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

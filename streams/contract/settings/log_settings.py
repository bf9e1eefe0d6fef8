"""Settings of the log, the same for all processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from streams.contract.settings.environment import Variables, choice, read_variables


class LogFormat(StrEnum):
    """The format of a log line: text for people, or one JSON object for machines."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important messages that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The format of a process's log, and the level of our own messages (`client_filter` handles the others)."""

    format: LogFormat = LogFormat.TEXT
    level: LogLevel = LogLevel.INFO


_READERS: Final[Variables] = {
    "SAFECLOCK_LOG_FORMAT": ("format", choice(LogFormat)),
    "SAFECLOCK_LOG_LEVEL": ("level", choice(LogLevel)),
}
VARIABLES: Final = tuple(_READERS)
"""The names of the variables that `load_log_settings` reads."""


def load_log_settings(environment: Mapping[str, str]) -> LogSettings:
    """Return the log settings of an environment; an empty variable counts as not given.

    Raises BadSettingsError with every wrong setting.
    """
    return LogSettings(**read_variables(_READERS, {name: text for name, text in environment.items() if text}))

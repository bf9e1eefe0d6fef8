"""The settings of a board: SAFECLOCK_* environment variables, and flags that override them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from streams.contract.settings import http_security, kafka_security, log_settings
from streams.contract.settings.environment import (
    Variables,
    at_least,
    bootstrap_servers,
    files,
    merge_settings,
    non_blank,
    port,
    read_variables,
)
from streams.contract.settings.http_security import HttpSecurity, load_http_security
from streams.contract.settings.kafka_security import KafkaSecurity, load_kafka_security
from streams.contract.settings.log_settings import LogSettings, load_log_settings
from streams.contract.topics import MEASURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A board's settings; durations in milliseconds.

    Without a `registry` the board exports every platform that occurs in the measures. `packs` and
    `declarations` must be those of the workers. `measures` is the topic to read; no variable sets it.
    """

    bootstrap: str = "127.0.0.1:9092"
    registry: Path | None = None
    packs: tuple[Path, ...] = ()
    declarations: tuple[Path, ...] = ()
    http_host: str = "127.0.0.1"
    http_port: int = 0
    refresh_ms: int = 2_000
    measures: str = MEASURES
    access: KafkaSecurity = field(default_factory=KafkaSecurity)
    http_security: HttpSecurity = field(default_factory=HttpSecurity)
    log: LogSettings = field(default_factory=LogSettings)


_VARIABLES: Final[Variables] = {
    "SAFECLOCK_BOOTSTRAP": ("bootstrap", bootstrap_servers),
    "SAFECLOCK_REGISTRY": ("registry", Path),
    "SAFECLOCK_PACKS": ("packs", files),
    "SAFECLOCK_DECLARATIONS": ("declarations", files),
    "SAFECLOCK_HTTP_HOST": ("http_host", non_blank),
    "SAFECLOCK_HTTP_PORT": ("http_port", port),
    "SAFECLOCK_REFRESH_MS": ("refresh_ms", at_least(100)),
}
VARIABLES: Final = (*_VARIABLES, *kafka_security.VARIABLES, *http_security.VARIABLES, *log_settings.VARIABLES)
"""The names of the variables that `load_settings` reads."""


def load_settings(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Return the settings of an environment; `flags`, by variable name, override variables where they are not None.

    Raises BadSettingsError, which names every wrong setting.
    """
    return Settings(
        **merge_settings(
            lambda: read_variables(_VARIABLES, environment, flags),
            lambda: {"access": load_kafka_security(environment)},
            lambda: {"http_security": load_http_security(environment, flags)},
            lambda: {"log": load_log_settings(environment)},
        )
    )

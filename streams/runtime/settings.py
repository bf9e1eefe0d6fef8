"""The settings of a worker: SAFECLOCK_* variables of the environment, and flags that override them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from streams.contract.settings import http_security, kafka_security, log_settings
from streams.contract.settings.environment import (
    Variables,
    at_least,
    bootstrap_servers,
    choice,
    files,
    merge_settings,
    non_blank,
    port,
    read_variables,
)
from streams.contract.settings.http_security import HttpSecurity, load_http_security
from streams.contract.settings.kafka_security import KafkaSecurity, load_kafka_security
from streams.contract.settings.log_settings import LogSettings, load_log_settings
from streams.domain.duration_bins import DAY


class RecordTime(StrEnum):
    """Which timestamp is a record's log time: the broker's (log) or the sender's (create; demo and audited history)."""

    LOG = "log"
    CREATE = "create"


class ReportUpdates(StrEnum):
    """Which report updates are published."""

    ALL = "all"
    NONE = "none"


class JournalMode(StrEnum):
    """How commits are made; `auto` uses transactions if the broker has them."""

    AUTO = "auto"
    TRANSACTIONS = "transactions"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A worker's settings; durations in milliseconds.

    `registry` None: every platform is accepted, on the shared topics. `packs` are loaded in addition to the standard
    clocks. `declarations` are files of declared verdicts. `instance` is the worker's static member id (group.instance.id), so that the group waits for the worker
    while it restarts; "": the worker joins as a new member at every start.
    """

    bootstrap: str = "127.0.0.1:9092"
    application: str = "safeclock"
    instance: str = ""
    registry: Path | None = None
    packs: tuple[Path, ...] = ()
    declarations: tuple[Path, ...] = ()
    record_time: RecordTime = RecordTime.LOG
    journal: JournalMode = JournalMode.AUTO
    commit_interval_ms: int = 100
    http_host: str = "127.0.0.1"
    http_port: int = 0
    retention_ms: int = 200 * DAY
    report_updates: ReportUpdates = ReportUpdates.ALL
    access: KafkaSecurity = field(default_factory=KafkaSecurity)
    http_security: HttpSecurity = field(default_factory=HttpSecurity)
    log: LogSettings = field(default_factory=LogSettings)


_VARIABLES: Final[Variables] = {
    "SAFECLOCK_BOOTSTRAP": ("bootstrap", bootstrap_servers),
    "SAFECLOCK_APPLICATION": ("application", non_blank),
    "SAFECLOCK_INSTANCE": ("instance", non_blank),
    "SAFECLOCK_REGISTRY": ("registry", Path),
    "SAFECLOCK_PACKS": ("packs", files),
    "SAFECLOCK_DECLARATIONS": ("declarations", files),
    "SAFECLOCK_RECORD_TIME": ("record_time", choice(RecordTime)),
    "SAFECLOCK_JOURNAL": ("journal", choice(JournalMode)),
    "SAFECLOCK_COMMIT_INTERVAL_MS": ("commit_interval_ms", at_least(1)),
    "SAFECLOCK_HTTP_HOST": ("http_host", non_blank),
    "SAFECLOCK_HTTP_PORT": ("http_port", port),
    "SAFECLOCK_RETENTION_DAYS": ("retention_ms", at_least(1, DAY)),
    "SAFECLOCK_REPORT_UPDATES": ("report_updates", choice(ReportUpdates)),
}
VARIABLES: Final = (*_VARIABLES, *kafka_security.VARIABLES, *http_security.VARIABLES, *log_settings.VARIABLES)
"""The names of the variables that `load_settings` reads."""


def load_settings(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Return the settings of an environment; `flags`, by variable name, override it where they are not None.

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

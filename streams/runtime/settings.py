"""What a worker is told from outside: the environment's SAFECLOCK_* variables, and flags that override them."""

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
    """Whose stamp is a record's log time: the broker's (log) or the sender's (create; demo and audited history)."""

    LOG = "log"
    CREATE = "create"


class ReportUpdates(StrEnum):
    """Which events about single reports are published."""

    ALL = "all"
    NONE = "none"


class JournalMode(StrEnum):
    """How commits are made; auto takes transactions where the broker has them."""

    AUTO = "auto"
    TRANSACTIONS = "transactions"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A worker's settings; durations in milliseconds.

    `registry` None: every platform, on the shared topics. `packs` are read beside the standard clocks. `instance` names
    this worker in the consumer group for good, so that the group waits for it while it restarts; "": it is a new member
    every time.
    """

    bootstrap: str = "127.0.0.1:9092"
    application: str = "safeclock"
    instance: str = ""
    registry: Path | None = None
    packs: tuple[Path, ...] = ()
    record_time: RecordTime = RecordTime.LOG
    journal: JournalMode = JournalMode.AUTO
    commit_interval_ms: int = 100
    http_host: str = "127.0.0.1"
    http_port: int = 0
    retention_ms: int = 200 * DAY
    report_updates: ReportUpdates = ReportUpdates.ALL
    access: KafkaSecurity = field(default_factory=KafkaSecurity)
    guard: HttpSecurity = field(default_factory=HttpSecurity)
    log: LogSettings = field(default_factory=LogSettings)


_VARIABLES: Final[Variables] = {
    "SAFECLOCK_BOOTSTRAP": ("bootstrap", bootstrap_servers),
    "SAFECLOCK_APPLICATION": ("application", non_blank),
    "SAFECLOCK_INSTANCE": ("instance", non_blank),
    "SAFECLOCK_REGISTRY": ("registry", Path),
    "SAFECLOCK_PACKS": ("packs", files),
    "SAFECLOCK_RECORD_TIME": ("record_time", choice(RecordTime)),
    "SAFECLOCK_JOURNAL": ("journal", choice(JournalMode)),
    "SAFECLOCK_COMMIT_INTERVAL_MS": ("commit_interval_ms", at_least(1)),
    "SAFECLOCK_HTTP_HOST": ("http_host", non_blank),
    "SAFECLOCK_HTTP_PORT": ("http_port", port),
    "SAFECLOCK_RETENTION_DAYS": ("retention_ms", at_least(1, DAY)),
    "SAFECLOCK_REPORT_UPDATES": ("report_updates", choice(ReportUpdates)),
}
VARIABLES: Final = (*_VARIABLES, *kafka_security.VARIABLES, *http_security.VARIABLES, *log_settings.VARIABLES)
"""The names of the variables that `load` reads."""


def load_settings(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Return the settings of an environment; `flags`, by variable name, override it where they are not None.

    Raises BadSettingsError that names every wrong setting.
    """
    return Settings(
        **merge_settings(
            lambda: read_variables(_VARIABLES, environment, flags),
            lambda: {"access": load_kafka_security(environment)},
            lambda: {"guard": load_http_security(environment, flags)},
            lambda: {"log": load_log_settings(environment)},
        )
    )

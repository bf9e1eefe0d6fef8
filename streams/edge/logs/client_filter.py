"""Filter the log records of client libraries, which repeat some records up to thousands of times a second.

Records below WARNING are never logged, at any level of our own log, since some of them contain passwords at DEBUG.
Records during a broker outage are summed up (`broker_outage`). Other records are mostly about operations that the
library retries, so they are logged only if they continue for longer than a retry takes.
"""

import logging
from collections.abc import Callable
from re import compile as pattern
from typing import Final

from typing_extensions import override

from streams.edge.logs.broker_outage import BrokerOutage
from streams.edge.logs.rate_limiter import LogRateLimiter, with_suppressed_count

KAFKA_LOGGERS: Final = ("aiokafka", "kafka")
"""Loggers of Kafka's clients; a warning of these clients makes the process probe the broker."""
LIBRARY_LOGGERS: Final = (
    *KAFKA_LOGGERS,
    "faust",
    "mode",
    "aiohttp",
    "asyncio",
    # Faust logs for these services of ours, under the names of their modules.
    "streams.runtime.faust_app",
    "streams.runtime.kafka.fetch_thread",
    "streams.runtime.kafka.consumer",
)

_PERSISTENT_AFTER_MS: Final = 10_000
_RESET_AFTER_MS: Final = 60_000
_MAX_KINDS: Final = 256


def is_logger_below(logger: str, names: tuple[str, ...]) -> bool:
    """Return whether a logger is one of `names` or a child of one."""
    return any(logger == name or logger.startswith(f"{name}.") for name in names)


class PersistenceDetector:
    """Detects messages that continue for some time; times in milliseconds. The number of kinds is bounded."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def is_persistent(self, kind: str, now: int) -> bool:
        """Return whether messages of this kind have come for ten seconds, without a gap of more than a minute."""
        first_at, last_at = self._seen.pop(kind, (now, now))
        if now - last_at > _RESET_AFTER_MS or now < last_at:
            first_at = now
        if len(self._seen) >= _MAX_KINDS:
            del self._seen[next(iter(self._seen))]
        self._seen[kind] = (first_at, now)
        return now - first_at >= _PERSISTENT_AFTER_MS


class ClientLogFilter(logging.Filter):
    """Decides which records of client libraries are logged; all other records pass.

    `now_ms` returns monotonic milliseconds. `on_kafka_warning` is called at every warning of Kafka's clients. With
    `log_transient`, records are logged even if they do not continue.
    """

    def __init__(self, outage: BrokerOutage, now_ms: Callable[[], int], *, log_transient: bool = False) -> None:
        super().__init__()
        self._now_ms = now_ms
        self.outage = outage
        self.on_kafka_warning = _ignore
        self._log_transient = log_transient
        self._rate_limiter = LogRateLimiter()
        self._persistence_detector = PersistenceDetector()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged; a library's record becomes a warning with a count of the others."""
        if not is_logger_below(record.name, LIBRARY_LOGGERS):
            return True
        if record.levelno < logging.WARNING:
            return False
        now = self._now_ms()
        if is_logger_below(record.name, KAFKA_LOGGERS):
            self.on_kafka_warning()
        if self.outage.is_suppressed(now):
            return False
        return self._should_log(record, now)

    def _should_log(self, record: logging.LogRecord, now: int) -> bool:
        kind = f"{record.name} {_safe_message(record) if is_logger_below(record.name, ('asyncio',)) else record.msg}"
        can_be_transient = record.levelno < logging.ERROR or is_logger_below(record.name, KAFKA_LOGGERS)
        if can_be_transient and not self._persistence_detector.is_persistent(kind, now) and not self._log_transient:
            return False
        suppressed = self._rate_limiter.admit(kind, now)
        if suppressed is None:
            return False
        record.msg, record.args = with_suppressed_count(_safe_message(record), suppressed), ()
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


def _safe_message(record: logging.LogRecord) -> str:
    """Return the message of a record; of asyncio only the first words, since the objects after them may hold input."""
    try:
        message = record.getMessage()
    except (
        TypeError,
        ValueError,
    ):  # the arguments do not fit the message; an error here would be raised in the library
        message = str(record.msg)
    return (
        pattern(r"[\n<(\[{]").split(message, maxsplit=1)[0].rstrip()
        if is_logger_below(record.name, ("asyncio",))
        else message
    )


def _ignore() -> None:
    """Ignore a warning."""

"""Configure the log of a process on standard error: one handler, one format, and a filter for client libraries."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from typing_extensions import override

from streams.contract.settings.kafka_security import KafkaSecurity, KafkaSecurityError
from streams.contract.settings.log_settings import LogFormat, LogLevel, LogSettings
from streams.edge.clock import monotonic_ms
from streams.edge.logs.broker_outage import BrokerOutage
from streams.edge.logs.client_filter import LIBRARY_LOGGERS, ClientLogFilter
from streams.edge.logs.tracebacks import format_trace

log = logging.getLogger(__name__)

_TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_PROBE_INTERVAL_SECONDS: Final = 1.0


class TextFormatter(logging.Formatter):
    """Formats a record as one line of text, followed by the lines of an error's trace."""

    @override
    def formatException(self, ei: Any) -> str:
        """Return the trace of an error without texts that may contain input."""
        return format_trace(ei[1])


class JsonFormatter(TextFormatter):
    """Formats a record as one line of JSON: time, level, logger, process, message, and an error's trace."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def configure_logging(settings: LogSettings, process: str, bootstrap: str, security: KafkaSecurity) -> None:
    """Configure this process's log by its settings, and probe the broker at warnings of Kafka's clients.

    Does nothing if a log is already configured, since this process is then a part of another one.
    """
    if logging.getLogger().handlers:
        return
    client_filter = ClientLogFilter(
        BrokerOutage(bootstrap), monotonic_ms, log_transient=settings.level is LogLevel.DEBUG
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process) if settings.format is LogFormat.JSON else TextFormatter(_TEXT_FORMAT))
    handler.addFilter(client_filter)
    logging.basicConfig(level=settings.level.upper(), handlers=[handler])
    for name in LIBRARY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    client_filter.on_kafka_warning = BrokerWatcher(
        client_filter.outage, lambda: broker_problem(bootstrap, security)
    ).request_probe


def broker_problem(bootstrap: str, security: KafkaSecurity) -> str | None:
    """Return why no broker can be used, or None if one accepts the login; blocks some seconds for each address."""
    from streams.edge.kafka_client.login_check import NoBrokerError, check_login  # noqa: PLC0415 - it takes 0.3 s

    try:
        return None if check_login(bootstrap, security) else str(NoBrokerError(bootstrap, security))
    except KafkaSecurityError as error:
        return str(error)
    except OSError as error:  # such as a missing file of certificates
        return f"{security.setting_name('bootstrap')}: expected a broker, but the probe failed: {error.strerror}"


class BrokerWatcher:
    """A thread that probes the broker on request, and then once a second until the broker answers.

    `find_problem` returns why the broker cannot be used, or None if it can.
    """

    def __init__(self, outage: BrokerOutage, find_problem: Callable[[], str | None]) -> None:
        self._outage = outage
        self._find_problem = find_problem
        self._probe_requested = threading.Event()
        self._thread: threading.Thread | None = None

    def request_probe(self) -> None:
        """Request a probe of the broker; returns at once."""
        self._probe_requested.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="safeclock-broker-watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while self._probe_requested.wait():
            line = self._outage.apply_probe(self._find_problem(), monotonic_ms())
            if line is not None:
                log.log(logging.WARNING if self._outage.is_ongoing else logging.INFO, "%s", line)
            pause.wait(_PROBE_INTERVAL_SECONDS)
            if not self._outage.is_ongoing:
                self._probe_requested.clear()

"""The log of a process, on standard error: one handler, one form, and client libraries that are kept short."""

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
    """A line of text a record, and lines for the trace of an error."""

    @override
    def formatException(self, ei: Any) -> str:
        """Return where an error arose, without texts that may hold what came in."""
        return format_trace(ei[1])


class JsonFormatter(TextFormatter):
    """One JSON object a record, on one line: time, level, logger, process, message, and the trace of an error."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    @override
    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def configure_logging(settings: LogSettings, process: str, bootstrap: str, security: KafkaSecurity) -> None:
    """Write this process's log as its settings say, and try the broker when Kafka's clients warn of something.

    Does nothing where something else has configured a log before: this process is part of that.
    """
    if logging.getLogger().handlers:
        return
    clients = ClientLogFilter(BrokerOutage(bootstrap), monotonic_ms, log_transient=settings.level is LogLevel.DEBUG)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process) if settings.format is LogFormat.JSON else TextFormatter(_TEXT_FORMAT))
    handler.addFilter(clients)
    logging.basicConfig(level=settings.level.upper(), handlers=[handler])
    for name in LIBRARY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    clients.on_kafka_warning = BrokerWatcher(clients.outage, lambda: broker_problem(bootstrap, security)).request_probe


def broker_problem(bootstrap: str, security: KafkaSecurity) -> str | None:
    """Return why no broker can be used now, None when one lets us in; blocking, some seconds for each address."""
    from streams.edge.kafka_client.login import NoBrokerError, check_login  # noqa: PLC0415 - a client library of a third of a second

    try:
        return None if check_login(bootstrap, security) else str(NoBrokerError(bootstrap, security))
    except KafkaSecurityError as error:
        return str(error)
    except OSError as error:  # such as a file of certificates that is gone
        return f"{security.setting_name('bootstrap')}: expected a broker to be tried, this failed: {error.strerror}"


class BrokerWatcher:
    """A thread that tries the broker once it is told to look, and once a second until it answers.

    `problem` says why the broker cannot be used, None when it can.
    """

    def __init__(self, outage: BrokerOutage, find_problem: Callable[[], str | None]) -> None:
        self._outage = outage
        self._find_problem = find_problem
        self._probe_requested = threading.Event()
        self._thread: threading.Thread | None = None

    def request_probe(self) -> None:
        """Try the broker soon; returns at once."""
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

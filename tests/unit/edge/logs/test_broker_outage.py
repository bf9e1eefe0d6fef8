"""An outage is told when it begins, once a minute, and when it ends, however much client libraries say meanwhile."""

import logging

import pytest
from typing_extensions import override

from streams.edge.logs.broker_outage import BrokerOutage
from streams.edge.logs.client_filter import LIBRARY_LOGGERS, ClientLogFilter

NO_BROKER_MESSAGE = "SAFECLOCK_BOOTSTRAP: expected a broker at here:1, none answered"
MINUTE = 60_000


class ManualClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 5_000

    def __call__(self) -> int:
        """Return the time in milliseconds."""
        return self.now


class RecordingHandler(logging.Handler):
    """What was logged, as level and message."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.lines.append(f"{record.levelname} {record.getMessage()}")


class OutageLog:
    """A log as a process has it, its clock, and how often its client libraries have complained."""

    def __init__(self, *, everything: bool = False) -> None:
        self.clock, self.outage, self.shown, self.complaints = (
            ManualClock(),
            BrokerOutage("here:1"),
            RecordingHandler(),
            0,
        )
        clients = ClientLogFilter(self.outage, self.clock, log_transient=everything)
        clients.on_kafka_warning = self._outage_lines
        self.shown.addFilter(clients)

    def logs_line(self, name: str, level: int, message: str, *arguments: object) -> None:
        """Log something."""
        record = logging.LogRecord(name, level, __file__, 1, message, arguments, None)
        self.shown.handle(record)

    def fail_attempt(self, problem: str | None) -> str | None:
        """Try the broker, and return the line that is due."""
        return self.outage.apply_probe(problem, self.clock())

    def _outage_lines(self) -> None:
        self.complaints += 1


@pytest.fixture
def log() -> OutageLog:
    return OutageLog()


def test_an_outage_of_five_minutes_is_six_lines(log: OutageLog) -> None:
    lines = []
    for second in range(302):
        log.clock.now = 1_000 * second
        lines.append(log.fail_attempt(NO_BROKER_MESSAGE if 1 <= second < 301 else None))
        for _ in range(200):
            log.logs_line("aiokafka", logging.ERROR, "Unable connect to node with id %s: %s", 1, "refused")

    said = [line for line in lines if line is not None]
    assert len(said) == 6
    assert said[0] == f"{NO_BROKER_MESSAGE}; trying again until a broker answers"
    assert said[1] == f"{NO_BROKER_MESSAGE}, for 60 s (12000 messages of client libraries were suppressed)"
    assert (
        said[-1]
        == "the broker at here:1 answers again after 300 s (12000 messages of client libraries were suppressed)"
    )
    assert log.shown.lines == []
    assert log.complaints == 302 * 200


def test_what_is_still_said_just_after_an_outage_belongs_to_it(log: OutageLog) -> None:
    log.fail_attempt(NO_BROKER_MESSAGE)
    log.clock.now += 3_000
    log.fail_attempt(None)
    log.logs_line("faust.app", logging.ERROR, "a rebalance failed")
    log.clock.now += 10_000

    log.logs_line("faust.app", logging.ERROR, "another failed")

    assert log.shown.lines == ["WARNING another failed"]


def test_a_broker_that_answers_throughout_is_not_spoken_of(log: OutageLog) -> None:
    assert [log.fail_attempt(None) for _ in range(3)] == [None] * 3


def test_a_second_outage_is_reported_like_the_first(log: OutageLog) -> None:
    lines = [log.fail_attempt(problem) for problem in (NO_BROKER_MESSAGE, None, NO_BROKER_MESSAGE, None)]

    assert lines[0] == lines[2]
    assert lines[1] == lines[3] == "the broker at here:1 answers again after 0 s"


def test_what_a_client_tries_again_by_itself_is_not_logged_and_what_continues_is(log: OutageLog) -> None:
    for second in range(0, 100, 5):
        log.clock.now = 1_000 * second
        log.logs_line("aiokafka.consumer", logging.ERROR, "Group Coordinator Request failed: %s", second)

    assert log.shown.lines == [
        "WARNING Group Coordinator Request failed: 10",
        "WARNING Group Coordinator Request failed: 70 (11 more like this since the last line)",
    ]


def test_a_failure_of_another_library_is_logged_at_once_and_then_once_a_minute(log: OutageLog) -> None:
    for _ in range(5):
        log.logs_line("asyncio", logging.ERROR, "Task exception was never retrieved")
    log.clock.now += MINUTE
    log.logs_line("asyncio", logging.ERROR, "Task exception was never retrieved")

    assert log.shown.lines == [
        "WARNING Task exception was never retrieved",
        "WARNING Task exception was never retrieved (4 more like this since the last line)",
    ]


@pytest.mark.parametrize("library", LIBRARY_LOGGERS)
def test_nothing_below_a_warning_of_a_library_is_logged_at_any_level(library: str) -> None:
    log = OutageLog(everything=True)

    for level in (logging.DEBUG, logging.INFO):
        log.logs_line(f"{library}.conn", level, "Request SaslAuthenticate(auth_bytes=hush)")
    log.logs_line(f"{library}.conn", logging.WARNING, "a warning")

    assert log.shown.lines == ["WARNING a warning"]


def test_our_own_messages_pass_whatever_the_broker_does(log: OutageLog) -> None:
    log.fail_attempt(NO_BROKER_MESSAGE)

    log.logs_line("streams.runtime.partition.partition", logging.ERROR, "offsets are gone")
    log.logs_line("streams.runtime.applied", logging.INFO, "only named like a library")

    assert log.shown.lines == ["ERROR offsets are gone", "INFO only named like a library"]


def test_a_library_that_never_says_the_same_twice_does_not_fill_the_memory(log: OutageLog) -> None:
    filters = log.shown.filters[0]
    assert isinstance(filters, ClientLogFilter)

    for number in range(1_000):
        log.logs_line("asyncio", logging.ERROR, f"error {number}")
        log.logs_line("aiokafka", logging.ERROR, f"error {number}")

    assert len(filters._rate_limiter._kinds) <= 256
    assert len(filters._persistence_detector._seen) <= 256


def test_of_asyncio_only_the_first_words_are_logged(log: OutageLog) -> None:
    log.logs_line(
        "asyncio", logging.ERROR, "Task exception was never retrieved\nfuture: <Task exception=KeyError('k1_x')>"
    )
    log.logs_line("asyncio", logging.ERROR, "Exception in callback <Handle f('k1_x')>")

    assert log.shown.lines == ["WARNING Task exception was never retrieved", "WARNING Exception in callback"]


def test_a_record_whose_arguments_do_not_fit_raises_nothing(log: OutageLog) -> None:
    log.logs_line("mode", logging.ERROR, "%d failures", "no number")

    assert log.shown.lines == ["WARNING %d failures"]

"""The log of a process: text or one JSON object a line, in the form and of the level that its settings say."""

import json
import logging
import subprocess
import sys

import pytest

from streams.contract.settings.environment import BadSettingsError
from streams.contract.settings.log_settings import LogFormat, LogLevel, LogSettings, load_log_settings
from streams.edge.logs.configuration import JsonFormatter
from streams.edge.logs.tracebacks import format_trace
from streams.runtime.journal.journal import ClaimError


def test_a_log_is_text_from_information_on_unless_it_is_set_otherwise() -> None:
    assert load_log_settings({}) == load_log_settings({"SAFECLOCK_LOG_FORMAT": "", "SAFECLOCK_LOG_LEVEL": ""})
    assert load_log_settings({}) == LogSettings(format=LogFormat.TEXT, level=LogLevel.INFO)
    assert load_log_settings({"SAFECLOCK_LOG_FORMAT": "json", "SAFECLOCK_LOG_LEVEL": "debug"}) == LogSettings(
        format=LogFormat.JSON, level=LogLevel.DEBUG
    )


def test_wrong_settings_of_the_log_are_reported_together() -> None:
    with pytest.raises(BadSettingsError) as raised:
        load_log_settings({"SAFECLOCK_LOG_FORMAT": "xml", "SAFECLOCK_LOG_LEVEL": "DEBUG"})

    assert str(raised.value).splitlines() == [
        "SAFECLOCK_LOG_FORMAT: expected one of text, json, got 'xml'",
        "SAFECLOCK_LOG_LEVEL: expected one of debug, info, warning, error, got 'DEBUG'",
    ]


def log_record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    trace = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("streams.runtime.worker", logging.ERROR, __file__, 1, message, (), trace)
    made.created = 1_796_061_600.25
    return made


def test_a_record_is_one_object_on_one_line() -> None:
    line = JsonFormatter("worker").format(log_record('two\nlines and a "quote"'))

    assert json.loads(line) == {
        "time": "2026-11-30T18:00:00.250Z",
        "level": "ERROR",
        "logger": "streams.runtime.worker",
        "process": "worker",
        "message": 'two\nlines and a "quote"',
    }
    assert "\n" not in line


def test_the_trace_of_an_error_is_inside_the_object() -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("a reason")

    line = JsonFormatter("board").format(log_record("failed", caught.value))

    assert "\n" not in line
    trace = json.loads(line)["trace"].splitlines()
    assert f"{__file__}:" in trace[0]
    assert trace[-1] == "ValueError"


def test_the_text_of_an_error_is_logged_only_where_it_cannot_hold_what_came_in() -> None:
    def raised(error: BaseException) -> str:
        error.__cause__ = KeyError("token-of-a-report")
        return format_trace(error)

    found = {
        type(error): raised(error)
        for error in (ClaimError("no transaction"), OSError(24, "Too many"), ValueError("k1_x"))
    }

    assert [found[kind].splitlines()[-1] for kind in found] == [
        "ClaimError: no transaction",
        "OSError: Too many",
        "ValueError",
    ]
    assert not [one for one in found.values() if "token" in one or "k1_x" in one]
    assert all("KeyError" in one for one in found.values())


def test_the_errors_of_a_group_are_reported_each() -> None:
    group = BaseExceptionGroup("2 errors", [ValueError("k1_x"), TimeoutError()])

    assert format_trace(group).splitlines() == ["ExceptionGroup", "  | ValueError", "  | TimeoutError"]


def formatted_lines(form: str, level: str) -> list[str]:
    """Return what a process writes whose libraries and own code log at every level."""
    program = """
import logging, os
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.contract.settings.log_settings import load_log_settings
from streams.edge.logs.configuration import configure_logging
configure_logging(load_log_settings(os.environ), "trial", "127.0.0.1:1", KafkaSecurity())
for name in ("streams.trial", "kafka.protocol", "aiokafka.conn", "faust"):
    logging.getLogger(name).debug("hush %s", name)
    logging.getLogger(name).info("said by %s", name)
logging.getLogger("streams.trial").error("wrong")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"SAFECLOCK_LOG_FORMAT": form, "SAFECLOCK_LOG_LEVEL": level},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stderr.splitlines()


def test_the_level_is_that_of_our_own_messages_and_never_of_client_libraries() -> None:
    assert [line.split(" ", 2)[2] for line in formatted_lines("text", "debug")] == [
        "DEBUG streams.trial hush streams.trial",
        "INFO streams.trial said by streams.trial",
        "ERROR streams.trial wrong",
    ]
    assert [json.loads(line)["message"] for line in formatted_lines("json", "warning")] == ["wrong"]

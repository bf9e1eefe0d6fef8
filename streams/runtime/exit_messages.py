"""The messages with which a worker ends: what is committed, what is not, and what made it fail."""

from collections.abc import Mapping
from typing import Final

from aiokafka.errors import KafkaError

from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.domain.clocks.clock_history import ClockError
from streams.edge.exit_codes import FAILURE, OK
from streams.edge.http_server.listener import AddressError
from streams.edge.kafka_client.login_check import NoBrokerError, describe_error
from streams.edge.shutdown import ProcessExit
from streams.runtime.journal.journal import ClaimError, RowTooLargeError
from streams.runtime.partition.takeover.takeover import SourceTopicError
from streams.runtime.topic_checks.preflight import PreflightError, StateTopicError

_PLAN_ADVICE: Final = "`safeclock admin plan` shows the expected topics, and `safeclock admin apply` creates them"
_ACCEPT_ADVICE: Final = (
    "Restore the former log, or accept the present one: safeclock admin accept-source-reset TOPIC --from beginning|end"
)
_RESTORE_ADVICE: Final = (
    "Restore the topic as it was, or recreate both the changelog and the measures, then restore a backup (safeclock"
    " admin restore), or let workers measure the records of the source topics again"
)
_EXPECTED_ERRORS: Final[Mapping[type[BaseException], str]] = {
    KafkaSecurityError: "",
    AddressError: "",
    NoBrokerError: "",
    PreflightError: _PLAN_ADVICE,
    SourceTopicError: _ACCEPT_ADVICE,
    StateTopicError: _RESTORE_ADVICE,
    ClockError: "",
    ClaimError: "",
    RowTooLargeError: "",
}
"""The errors that stop a worker without a traceback, with the advice to log where the message itself has none."""


def describe_stop(uncommitted: Mapping[int, int], error: BaseException | None = None) -> ProcessExit:
    """Return how a worker ends that was asked to stop.

    `uncommitted`: records by partition that may not be committed; `error`: why, if known.
    """
    remaining = {number: records for number, records in sorted(uncommitted.items()) if records}
    if not remaining:
        return ProcessExit(OK, "stopped: everything that was applied is committed")
    records, partitions = sum(remaining.values()), ", ".join(map(str, remaining))
    why = "" if error is None else f" ({type(error).__name__})"
    return ProcessExit(
        FAILURE,
        f"stopped: {records} records of partitions {partitions} may not be committed{why}; the next start reads the"
        " uncommitted ones again",
    )


def failure_message(error: BaseException) -> str | None:
    """Return the message for an expected error or a broker's failure, with advice; None for an error of ours."""
    for expected, advice in _EXPECTED_ERRORS.items():
        if isinstance(error, expected):
            return ". ".join(filter(None, (str(error), advice)))
    return broker_failure_message(error)


def broker_failure_message(error: BaseException) -> str | None:
    """Return the message for a failure that a broker caused, in place of a traceback; None for any other failure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KafkaError):
        cause = cause.__cause__
    if cause is None:
        return None
    return f"{describe_error(cause)}; the next start reads uncommitted records again"

"""The messages with which a worker ends: what is committed, what is not, and what made it fail."""

from collections.abc import Mapping

from aiokafka.errors import KafkaError

from streams.edge.exit_codes import FAILURE, OK
from streams.edge.kafka_client.login_check import describe_error
from streams.edge.shutdown import ProcessExit


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


def broker_failure_message(error: BaseException) -> str | None:
    """Return the message for a failure that a broker caused, in place of a traceback; None for any other failure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KafkaError):
        cause = cause.__cause__
    if cause is None:
        return None
    return f"{describe_error(cause)}; the next start reads uncommitted records again"

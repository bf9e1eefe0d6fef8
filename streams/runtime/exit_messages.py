"""How a worker ends, in words: what is committed, what is not, and what made it fail."""

from collections.abc import Mapping

from aiokafka.errors import KafkaError

from streams.edge.exit_codes import FAILURE, OK
from streams.edge.kafka_client.login import describe_error
from streams.edge.shutdown import ProcessExit


def describe_stop(uncommitted: Mapping[int, int], error: BaseException | None = None) -> ProcessExit:
    """Return the end of a worker that was asked to stop; `uncommitted` are records by partition, `problem` says why."""
    left = {number: records for number, records in sorted(uncommitted.items()) if records}
    if not left:
        return ProcessExit(OK, "stopped: everything that was applied is committed")
    records, partitions = sum(left.values()), ", ".join(map(str, left))
    why = "" if error is None else f" ({type(error).__name__})"
    return ProcessExit(
        FAILURE,
        f"stopped: {records} records of partitions {partitions} are not known to be committed{why}; the next start reads"
        " again those that are not",
    )


def broker_failure_message(error: BaseException) -> str | None:
    """Return what to say of a failure that a broker caused, in place of a trace; None for any other failure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KafkaError):
        cause = cause.__cause__
    if cause is None:
        return None
    return f"{describe_error(cause)}; what is not committed is read again at the next start"

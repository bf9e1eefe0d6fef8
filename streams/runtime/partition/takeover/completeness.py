"""Whether the changelog and the measures are both there in full: each bears witness of how far the other must be.

Both hold the number of the last commit. A topic that was made anew, emptied or brought back from an older copy has
fewer commits than the other one, or none.
"""

import asyncio
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, decode_partition_status
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.edge.kafka_client.consumer_shutdown import close_consumer
from streams.edge.kafka_client.login import missing_right_error
from streams.runtime.journal.checkpoint import Checkpoint

_TAIL_RECORDS: Final = 200
_POLL_MS: Final = 200
_PATIENCE_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.1


class StoredCommits(NamedTuple):
    """What a partition of the changelog and of the measures holds.

    `first` is where the changelog begins, `position` None where it holds none, `status` likewise of the measures.
    """

    changelog: str
    measures: str
    first_offset: int
    checkpoint: Checkpoint | None
    status: PartitionStatus | None


def missing_commits(stored: StoredCommits, *, transactions: bool) -> str | None:
    """Return what is missing of one of the topics, as the other one tells it; None where both are there in full."""
    position, status = stored.checkpoint, stored.status
    if stored.first_offset:
        return f"{stored.changelog}: expected a log that begins at offset 0, it begins at {stored.first_offset}"
    if position is None:
        return None if status is None else _missing_message(stored.changelog, status.commit_number, "none")
    if status is None:
        return _missing_message(stored.measures, position.commit_number, "none") if position.commit_number else None
    if status.commit_number > position.commit_number:
        return _missing_message(stored.changelog, status.commit_number, f"commit {position.commit_number}")
    if status.commit_number < position.commit_number - max_unsent_commits(transactions=transactions):
        return _missing_message(stored.measures, position.commit_number, f"commit {status.commit_number}")
    return None


def max_unsent_commits(*, transactions: bool) -> int:
    """Return of how many commits the values may be missing: without transactions they are sent after the rows."""
    return 0 if transactions else 1


def _missing_message(topic: str, commit: int, found: str) -> str:
    return (
        f"{topic}: expected everything up to commit {commit}, found {found}: what it held is gone, in whole or in part"
    )


async def last_status(
    bootstrap: str, slot: TopicPartition, min_commit: int, access: KafkaSecurity
) -> PartitionStatus | None:
    """Return the last status on a partition of the measures, None where there is none.

    One of an earlier commit than `least` is looked for again for some seconds: a broker says that a transaction is
    committed before readers see it. Raises AccessError for whoever may not read the measures.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        **access.client_options(),
    )
    seconds = asyncio.get_running_loop().time
    try:  # one that could not start must be stopped as well
        await consumer.start()
        deadline = seconds() + _PATIENCE_SECONDS
        while True:
            status = await _find_last_status(consumer, slot)
            if seconds() >= deadline or (0 if status is None else status.commit_number) >= min_commit:
                return status
            await asyncio.sleep(_RETRY_SECONDS)
    except TopicAuthorizationFailedError as error:
        raise missing_right_error(access, f"READ topic {slot.topic}") from error
    finally:
        await close_consumer(consumer)


async def _find_last_status(consumer: AIOKafkaConsumer, slot: TopicPartition) -> PartitionStatus | None:
    """Return the last status that can be read: mostly at the very end, else wherever it is."""
    first = (await consumer.beginning_offsets([slot]))[slot]
    end = (await consumer.end_offsets([slot]))[slot]
    for start in (max(first, end - _TAIL_RECORDS), first):
        status = await _find_status_from(consumer, slot, start, end)
        if status is not None or start == first:
            return status
    return None


async def _find_status_from(
    consumer: AIOKafkaConsumer, slot: TopicPartition, start: int, end: int
) -> PartitionStatus | None:
    consumer.assign([slot])
    consumer.seek(slot, start)  # at once: a consumer that waits without a position looks for one itself
    found: bytes | None = None
    while await consumer.position(slot) < end:
        polled: dict[Any, list[Any]] = await consumer.getmany(slot, timeout_ms=_POLL_MS)
        for record in polled.get(slot, ()):
            found = record.value if record.key == STATUS_KEY else found
    return None if found is None else decode_partition_status(found)

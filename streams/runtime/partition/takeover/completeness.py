"""Check that neither the changelog nor the measures have lost records, by comparing their commit numbers.

Both topics hold the number of the last commit. A topic that was recreated, emptied or restored from an older copy has a
smaller number than the other topic, or none.
"""

import asyncio
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, decode_partition_status
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.edge.kafka_client.consumer_shutdown import close_consumer
from streams.edge.kafka_client.login_check import missing_right_error
from streams.runtime.journal.checkpoint import Checkpoint

_TAIL_RECORDS: Final = 200
_POLL_MS: Final = 200
_PATIENCE_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.1


class StoredCommits(NamedTuple):
    """What a partition of the changelog and of the measures contains.

    `changelog` and `measures` name the topics and the partition. `first_offset` is the first offset of the changelog,
    `checkpoint` its checkpoint, `status` the last status of the measures; None: there is none.
    """

    changelog: str
    measures: str
    first_offset: int
    checkpoint: Checkpoint | None
    status: PartitionStatus | None


def missing_commits(stored: StoredCommits, *, transactions: bool) -> str | None:
    """Return a message that says what one of the topics has lost; None if both are complete."""
    checkpoint, status = stored.checkpoint, stored.status
    if stored.first_offset:
        return (
            f"{stored.changelog}: expected a log that begins at offset 0, got one that begins at {stored.first_offset}"
        )
    if checkpoint is None:
        return None if status is None else _missing_message(stored.changelog, status.commit_number, "none")
    if status is None:
        return _missing_message(stored.measures, checkpoint.commit_number, "none") if checkpoint.commit_number else None
    if status.commit_number > checkpoint.commit_number:
        return _missing_message(stored.changelog, status.commit_number, f"commit {checkpoint.commit_number}")
    if status.commit_number < checkpoint.commit_number - max_unsent_commits(transactions=transactions):
        return _missing_message(stored.measures, checkpoint.commit_number, f"commit {status.commit_number}")
    return None


def max_unsent_commits(*, transactions: bool) -> int:
    """Return how many commits the measures may be behind: without transactions they are sent after the rows."""
    return 0 if transactions else 1


def _missing_message(topic: str, commit: int, found: str) -> str:
    return f"{topic}: expected all records up to commit {commit}, got {found}: records of the topic are lost"


async def last_status(
    bootstrap: str, topic_partition: TopicPartition, min_commit: int, access: KafkaSecurity
) -> PartitionStatus | None:
    """Return the last status on a partition of the measures, None if there is none.

    If its commit number is below `min_commit`, it is read again for some seconds: a broker acknowledges a transaction
    before readers see it. Raises KafkaSecurityError if the right to read the measures is missing.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        **access.client_options(),
    )
    loop_time = asyncio.get_running_loop().time
    try:  # a consumer that could not start must be stopped, too
        await consumer.start()
        deadline = loop_time() + _PATIENCE_SECONDS
        while True:
            status = await _find_last_status(consumer, topic_partition)
            if loop_time() >= deadline or (0 if status is None else status.commit_number) >= min_commit:
                return status
            await asyncio.sleep(_RETRY_SECONDS)
    except TopicAuthorizationFailedError as error:
        raise missing_right_error(access, f"READ topic {topic_partition.topic}") from error
    finally:
        await close_consumer(consumer)


async def _find_last_status(consumer: AIOKafkaConsumer, topic_partition: TopicPartition) -> PartitionStatus | None:
    """Return the last status: read the last records first, and the whole partition if they have none."""
    first = (await consumer.beginning_offsets([topic_partition]))[topic_partition]
    end = (await consumer.end_offsets([topic_partition]))[topic_partition]
    for start in (max(first, end - _TAIL_RECORDS), first):
        status = await _find_status_from(consumer, topic_partition, start, end)
        if status is not None or start == first:
            return status
    return None


async def _find_status_from(
    consumer: AIOKafkaConsumer, topic_partition: TopicPartition, start: int, end: int
) -> PartitionStatus | None:
    consumer.assign([topic_partition])
    consumer.seek(topic_partition, start)  # seek at once: a consumer without a position looks for a committed offset
    found: bytes | None = None
    while await consumer.position(topic_partition) < end:
        polled: dict[Any, list[Any]] = await consumer.getmany(topic_partition, timeout_ms=_POLL_MS)
        for record in polled.get(topic_partition, ()):
            found = record.value if record.key == STATUS_KEY else found
    return None if found is None else decode_partition_status(found)

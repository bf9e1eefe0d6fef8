"""Reads all partitions of the topic `measures` from the beginning, without a group; only committed records."""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.contract.events.source_records import UnreadableBatch
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.contract.topics import MEASURES
from streams.edge.kafka_client import resilient_consumer
from streams.edge.kafka_client.login_check import NoBrokerError, check_login
from streams.edge.kafka_client.record_batch import OWN_TOPIC_LIMITS

log = logging.getLogger(__name__)

RecordHandler = Callable[[int, bytes, bytes | None], None]
"""Called with partition, key and value of every record, in order within a partition."""

_POLL_MS: Final = 200
_MAX_FETCH_BYTES: Final = 4 << 20
_TOPIC_POLL_SECONDS: Final = 0.25
_ANONYMOUS: Final = KafkaSecurity()
_MAX_FETCH_AGE_MS: Final = 5_000
"""A fetch response that is older than this does not prove where a log ends now."""


class MeasuresReader:
    """Reads `measures` and tracks its progress.

    `caught_up` are the partitions that were read to the ends that they had when reading began. `caught_up_at` is the
    instant, in epoch milliseconds, at which all partitions were last known to be read to their current ends.

    The embedded broker counts the last record batch as one record, so it may report an end that is too small. The
    consumer still fetches the whole batch, and a status is the last record of every commit: see `freshness`.
    """

    def __init__(
        self,
        bootstrap: str,
        handle_record: RecordHandler,
        now: Callable[[], int],
        topic: str = MEASURES,
        access: KafkaSecurity = _ANONYMOUS,
    ) -> None:
        self.caught_up: set[int] = set()
        self.caught_up_at: int | None = None
        self._handle_record = handle_record
        self._topic = topic
        self._bootstrap = bootstrap
        self._access = access
        self._now = now
        self._start_end_offsets: dict[TopicPartition, int] = {}
        self._consumer = resilient_consumer.create_consumer(
            OWN_TOPIC_LIMITS,
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",
            max_partition_fetch_bytes=_MAX_FETCH_BYTES,
            **access.client_options(),
        )

    async def __aenter__(self) -> Self:
        """Connect, wait until the topic exists, and seek to its beginning.

        Raises KafkaSecurityError when the broker rejects the login, NoBrokerError when no broker answers.
        """
        try:
            await self._start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def close(self) -> None:
        """Release the connections, also those of a reader that was never entered; a second call does nothing."""
        await self._consumer.stop()

    async def run(self) -> None:
        """Pass every record to the handler until cancelled; raises the first error."""
        while True:
            batches = await resilient_consumer.poll(self._consumer, timeout_ms=_POLL_MS)
            for topic_partition, records in batches.items():
                for record in records:
                    if isinstance(record, UnreadableBatch):
                        log.error("%s %d: the batch at offset %d cannot be read", *topic_partition, record.offset)
                    else:
                        self._handle_record(topic_partition.partition, record.key or b"", record.value)
            await self._update_progress()
            await asyncio.sleep(0)

    async def _start(self) -> None:
        if not await asyncio.to_thread(check_login, self._bootstrap, self._access):
            raise NoBrokerError(self._bootstrap, self._access)
        topic_partitions = await self._topic_partitions()
        await self._consumer.start()
        self._consumer.assign(topic_partitions)
        await self._consumer.seek_to_beginning(*topic_partitions)
        self._start_end_offsets = await self._consumer.end_offsets(topic_partitions)
        log.info("reading %d partitions of %s", len(topic_partitions), self._topic)

    async def _topic_partitions(self) -> list[TopicPartition]:
        """Return the partitions of the topic as soon as it exists.

        The list of all topics is requested first, since a request that names a missing topic may create it.
        """
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, **self._access.client_options())
        await admin.start()
        try:
            while self._topic not in await admin.list_topics():  # noqa: ASYNC110 - a broker does not announce new topics
                await asyncio.sleep(_TOPIC_POLL_SECONDS)
            (described,) = await admin.describe_topics([self._topic])
            return [TopicPartition(self._topic, number) for number in range(len(described["partitions"]))]
        finally:
            await admin.close()

    async def _update_progress(self) -> None:
        """Compare the position in every partition with its end when reading began and with its current end."""
        confirmed_at = []
        for topic_partition, end in self._start_end_offsets.items():
            position = await self._consumer.position(topic_partition)
            if position >= end:
                self.caught_up.add(topic_partition.partition)
            confirmed_at.append(self._end_confirmed_at(topic_partition, position))
        known = [at for at in confirmed_at if at is not None]
        if len(known) == len(confirmed_at) and self._now() - min(known) <= _MAX_FETCH_AGE_MS:
            self.caught_up_at = min(known)

    def _end_confirmed_at(self, topic_partition: TopicPartition, position: int) -> int | None:
        """Return when a fetch response last proved that `position` is the end; None if records follow it."""
        end = self._consumer.last_stable_offset(topic_partition)
        if end is None or end < 0:
            end = self._consumer.highwater(topic_partition)
        at: int | None = self._consumer.last_poll_timestamp(topic_partition)
        return at if end is not None and position >= end else None

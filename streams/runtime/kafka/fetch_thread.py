"""Fetch records in a thread of its own: aiokafka's consumer, with the offsets of each batch and the ends of the logs."""

import asyncio
import logging
import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import aiokafka
from aiokafka import TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, credentials_to_aiokafka_auth, server_list
from typing_extensions import override

from streams.edge.kafka_client import resilient_consumer
from streams.runtime.kafka.assignor import make_number_assignor
from streams.runtime.kafka.records import LogEnd, RecordBatch, TimestampedRecord

log = logging.getLogger(__name__)

_OFFSET_COMMIT_SECONDS: Final = 5.0
"""How long a commit of offsets may take: aiokafka retries without limit if a topic was deleted."""
_POLL_SECONDS: Final = 0.03
_FETCH_WAIT_MS: Final = 500
_FETCH_WAIT_WHEN_BUSY_MS: Final = 50
"""How long a broker may delay a response while records arrive: the broker gets the next request only after it."""
_PREFETCH_BACKOFF_SECONDS: Final = 0.01
"""How long fetched records may lie unread before the next request: during a backlog some always do, and with
aiokafka's 0.1 s the records of other topic-partitions would wait that long."""


class PollResult(NamedTuple):
    """The result of one poll: batches, the known log ends, and topic-partitions whose offset is out of range."""

    batches: list[RecordBatch]
    log_ends: dict[TopicPartition, LogEnd]
    out_of_range: list[TopicPartition]


class _Consumer(resilient_consumer.ResilientConsumer):
    """A consumer that no unreadable batch can stop, and that survives a failed commit of offsets.

    Committed offsets are for monitoring only. A topic may be deleted, or the right to read it withdrawn: the topic
    checks suspend its platform soon.
    """

    @override
    async def commit(self, offsets: Any = None) -> None:
        try:
            async with asyncio.timeout(_OFFSET_COMMIT_SECONDS):
                await super().commit(offsets)  # type: ignore[no-untyped-call]
        except (TopicAuthorizationFailedError, TimeoutError) as error:
            log.debug("offsets were not committed: %s", type(error).__name__)


class _FetchPosition:
    """The offset at which the next batch of a topic-partition starts."""

    __slots__ = ("offset", "seek_epoch")

    def __init__(self, offset: int, seek_epoch: int) -> None:
        self.offset = offset
        self.seek_epoch = seek_epoch


class FetchThread(AIOKafkaConsumerThread):
    """Faust's consumer thread; only code in the thread's own loop may use `fetch_positions`."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.fetch_positions: dict[TopicPartition, _FetchPosition] = {}

    @override
    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """Return a consumer that reads committed records only, never resets an offset, and assigns by partition number.

        See `resilient_consumer` for batches that cannot be read.
        """
        app: Any = self.app  # a RecordBatchApp, whose module imports this one
        conf = app.conf
        return _Consumer(  # type: ignore[no-untyped-call]
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[make_number_assignor(app.partitions)],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_bytes=app.max_response_bytes,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            max_poll_interval_ms=math.inf,  # a worker without partitions, or one that restores them, does not poll for long
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def start_fetching(self, topic_partition: TopicPartition, offset: int, seek_epoch: int) -> None:
        """Fetch the topic-partition `topic_partition` from `offset` on; batches with another `seek_epoch` become invalid."""
        self.fetch_positions[topic_partition] = _FetchPosition(offset, seek_epoch)
        self._ensure_consumer().seek(topic_partition, offset)

    async def stop_fetching(self, topic_partition: TopicPartition) -> None:
        """Fetch nothing of `topic_partition` until its fetching is started again."""
        self.fetch_positions.pop(topic_partition, None)

    async def stop_all_fetching(self) -> None:
        """Fetch nothing until fetching is started again."""
        self.fetch_positions.clear()

    async def log_bounds(self, topic_partition: TopicPartition) -> tuple[int, int]:
        """Return the first offset of the log of `topic_partition`, and the offset after its last record."""
        consumer = self._ensure_consumer()
        first = await consumer.beginning_offsets([topic_partition])
        last = await consumer.end_offsets([topic_partition])
        return first[topic_partition], last[topic_partition]

    async def poll(self, wanted: Iterable[TopicPartition], paused: Container[TopicPartition]) -> PollResult:
        """Return what was fetched of `wanted`, after at most `_POLL_SECONDS`; nothing of `paused` is requested."""
        served = [topic_partition for topic_partition in wanted if topic_partition in self.fetch_positions]
        if not served:
            return PollResult([], {}, [])
        self._pause_unwanted(paused)
        out_of_range: list[TopicPartition] = []
        fetched: Mapping[Any, list[TimestampedRecord]] = {}
        try:
            fetched = await self._fetch_served(served)
        except (NoOffsetForPartitionError, TopicAuthorizationFailedError):
            pass  # aiokafka looked for a committed offset before our seek; the topic checks soon drop an unreadable topic
        except OffsetOutOfRangeError as error:
            out_of_range = [
                topic_partition for topic_partition in error.args[0] if topic_partition in self.fetch_positions
            ]
        # Nothing is awaited from here to the return, so that fetch positions and log ends are of the same instant.
        batches = [self._make_batch(topic_partition, records) for topic_partition, records in fetched.items()]
        return PollResult(batches, dict(self._log_ends()), out_of_range)

    def _pause_unwanted(self, paused: Container[TopicPartition]) -> None:
        """Pause the topic-partitions in `paused`, and those whose fetching was not started: their platform is suspended.

        Otherwise their records would lie unread, and aiokafka fetches nothing else while it has unread records.
        """
        consumer: Any = self._ensure_consumer()
        for topic_partition in consumer.assignment():
            is_wanted = topic_partition in self.fetch_positions and topic_partition not in paused
            (consumer.resume if is_wanted else consumer.pause)(topic_partition)

    async def _fetch_served(self, served: Sequence[TopicPartition]) -> Mapping[Any, list[TimestampedRecord]]:
        consumer = self._ensure_consumer()
        fetcher: Any = consumer._fetcher  # noqa: SLF001 - Faust's own thread uses this field, too
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise ConsumerStoppedError
        max_records = self.app.conf.broker_max_poll_records
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            records: Mapping[Any, list[TimestampedRecord]] = await fetcher.fetched_records(
                served, _POLL_SECONDS, max_records
            )
        fetcher._prefetch_backoff = _PREFETCH_BACKOFF_SECONDS  # noqa: SLF001 - the consumer has no such option
        fetcher._fetch_max_wait_ms = _FETCH_WAIT_WHEN_BUSY_MS if records else _FETCH_WAIT_MS  # noqa: SLF001 - the consumer cannot change it
        # A topic-partition that was stopped during the fetch has no fetch position any more.
        return {
            topic_partition: found
            for topic_partition, found in records.items()
            if topic_partition in self.fetch_positions
        }

    def _make_batch(self, topic_partition: TopicPartition, records: list[TimestampedRecord]) -> RecordBatch:
        position = self.fetch_positions[topic_partition]
        state = self._partition_state(topic_partition)
        start = position.offset
        position.offset = state.position if state is not None else records[-1].offset + 1
        return RecordBatch(topic_partition, start, position.offset, position.seek_epoch, records)

    def _log_ends(self) -> Iterator[tuple[TopicPartition, LogEnd]]:
        fetcher: Any = self._ensure_consumer()._fetcher  # noqa: SLF001
        for topic_partition, position in self.fetch_positions.items():
            state = self._partition_state(topic_partition)
            if state is None or state.highwater is None or not state.has_valid_position:
                continue
            buffered = topic_partition in fetcher._records  # noqa: SLF001
            reached = state.position >= state.highwater and not buffered
            yield topic_partition, LogEnd(position.offset, state.highwater, state.timestamp, reached)

    def _partition_state(self, topic_partition: TopicPartition) -> Any:  # noqa: ANN401 - aiokafka's state of a topic-partition, untyped
        subscription: Any = self._ensure_consumer()._subscription.subscription  # noqa: SLF001
        assignment = subscription.assignment if subscription is not None else None
        if assignment is None or topic_partition not in assignment.tps:
            return None
        return assignment.state_value(topic_partition)

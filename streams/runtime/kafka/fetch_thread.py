"""The thread that fetches: aiokafka's consumer, with where each batch came from and how far the logs reach."""

import asyncio
import logging
import math
from collections.abc import Container, Iterable, Iterator, Mapping
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
from streams.runtime.kafka.records import LogEnd, RecordBatch, Slot, TimestampedRecord

log = logging.getLogger(__name__)

_OFFSET_COMMIT_SECONDS: Final = 5.0
"""How long offsets may take to be committed: aiokafka tries for ever to commit one of a topic that is gone."""
_POLL_SECONDS: Final = 0.03
_FETCH_WAIT_MS: Final = 500
_FETCH_WAIT_WHEN_BUSY_MS: Final = 50
"""How long a broker may keep back an answer while something comes: it gets the next request only after that."""
_PREFETCH_BACKOFF_SECONDS: Final = 0.01
"""How long what was fetched may lie unread until the broker is asked for the rest: of a backlog something always does,
and with aiokafka's 0.1 s whatever else comes waits for it."""


class PollResult(NamedTuple):
    """The outcome of one poll: batches, what is known of the logs' ends, and slots whose position is out of range."""

    batches: list[RecordBatch]
    log_ends: dict[Slot, LogEnd]
    out_of_range: list[Slot]


class _Consumer(resilient_consumer.ResilientConsumer):
    """A consumer that no batch can stop; committed offsets are for an operator's eyes, and no reason to end.

    A topic may be gone, or not ours to read any more: then its platform is left out soon.
    """

    @override
    async def commit(self, offsets: Any = None) -> None:
        try:
            async with asyncio.timeout(_OFFSET_COMMIT_SECONDS):
                await super().commit(offsets)  # type: ignore[no-untyped-call]
        except (TopicAuthorizationFailedError, TimeoutError) as error:
            log.debug("offsets were not committed: %s", type(error).__name__)


class _FetchPosition:
    """Where the next batch of a served topic-partition starts."""

    __slots__ = ("offset", "seek_epoch")

    def __init__(self, offset: int, seek_epoch: int) -> None:
        self.offset = offset
        self.seek_epoch = seek_epoch


class FetchThread(AIOKafkaConsumerThread):
    """Faust's consumer thread; its `cursors` are touched in its own loop alone."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.fetch_positions: dict[Slot, _FetchPosition] = {}

    @override
    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """Read committed records only, never reset an offset by itself, and assign equal numbers together.

        No batch can stop it: see `reading`.
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
            max_poll_interval_ms=math.inf,  # there may be nothing to fetch for long: no partition, or one being restored
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def start_fetching(self, slot: Slot, offset: int, seek_epoch: int) -> None:
        """Fetch `slot` from `offset` on; what was fetched under another lease is void."""
        self.fetch_positions[slot] = _FetchPosition(offset, seek_epoch)
        self._ensure_consumer().seek(TopicPartition(*slot), offset)

    async def stop_fetching(self, slot: Slot) -> None:
        """Fetch nothing of `slot` until it is served anew."""
        self.fetch_positions.pop(slot, None)

    async def stop_all_fetching(self) -> None:
        """Serve nothing until told anew."""
        self.fetch_positions.clear()

    async def log_bounds(self, slot: Slot) -> tuple[int, int]:
        """Return where the log of `slot` starts and ends."""
        consumer = self._ensure_consumer()
        pair = TopicPartition(*slot)
        first = await consumer.beginning_offsets([pair])
        last = await consumer.end_offsets([pair])
        return first[pair], last[pair]

    async def poll(self, wanted: Iterable[Slot], paused: Container[Slot]) -> PollResult:
        """Return what the broker has for `wanted` at once, or within a moment; it is asked for nothing of `held`."""
        served = {TopicPartition(*slot): slot for slot in wanted if slot in self.fetch_positions}
        if not served:
            return PollResult([], {}, [])
        self._pause_unwanted(paused)
        lost: list[Slot] = []
        fetched: Mapping[Any, list[TimestampedRecord]] = {}
        try:
            fetched = await self._fetch_served(served)
        except (NoOffsetForPartitionError, TopicAuthorizationFailedError):
            pass  # aiokafka looked for a committed offset before our seek; whoever may not read a topic soon leaves it out
        except OffsetOutOfRangeError as error:
            lost = [slot for slot in (Slot(*pair) for pair in error.args[0]) if slot in self.fetch_positions]
        # From here to the return nothing is awaited, so cursors, positions and heads are of one moment.
        batches = [self._make_batch(served[pair], records) for pair, records in fetched.items()]
        return PollResult(batches, dict(self._log_ends()), lost)

    def _pause_unwanted(self, paused: Container[Slot]) -> None:
        """Ask for nothing of `held`: it would lie here unread, and while it is new aiokafka fetches nothing else.

        Nor of what is assigned and not served: its platform is suspended.
        """
        consumer: Any = self._ensure_consumer()
        for pair in consumer.assignment():
            slot = Slot(*pair)
            (consumer.resume if slot in self.fetch_positions and slot not in paused else consumer.pause)(pair)

    async def _fetch_served(self, served: Mapping[TopicPartition, Slot]) -> Mapping[Any, list[TimestampedRecord]]:
        consumer = self._ensure_consumer()
        fetcher: Any = consumer._fetcher  # noqa: SLF001 - Faust's own thread reads it, too
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise ConsumerStoppedError
        most = self.app.conf.broker_max_poll_records
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            records: Mapping[Any, list[TimestampedRecord]] = await fetcher.fetched_records(served, _POLL_SECONDS, most)
        fetcher._prefetch_backoff = _PREFETCH_BACKOFF_SECONDS  # noqa: SLF001 - its consumer does not offer it
        fetcher._fetch_max_wait_ms = _FETCH_WAIT_WHEN_BUSY_MS if records else _FETCH_WAIT_MS  # noqa: SLF001 - nor to change it
        # A slot that was given up while the fetch was under way has no cursor to tell where it came from.
        return {pair: found for pair, found in records.items() if served[pair] in self.fetch_positions}

    def _make_batch(self, slot: Slot, records: list[TimestampedRecord]) -> RecordBatch:
        cursor = self.fetch_positions[slot]
        state = self._partition_state(slot)
        start = cursor.offset
        cursor.offset = state.position if state is not None else records[-1].offset + 1
        return RecordBatch(slot, start, cursor.offset, cursor.seek_epoch, records)

    def _log_ends(self) -> Iterator[tuple[Slot, LogEnd]]:
        fetcher: Any = self._ensure_consumer()._fetcher  # noqa: SLF001
        for slot, cursor in self.fetch_positions.items():
            state = self._partition_state(slot)
            if state is None or state.highwater is None or not state.has_valid_position:
                continue
            buffered = TopicPartition(*slot) in fetcher._records  # noqa: SLF001
            reached = state.position >= state.highwater and not buffered
            yield slot, LogEnd(cursor.offset, state.highwater, state.timestamp, reached)

    def _partition_state(self, slot: Slot) -> Any:  # noqa: ANN401 - aiokafka's state of a topic-partition, untyped
        subscription: Any = self._ensure_consumer()._subscription.subscription  # noqa: SLF001
        assignment = subscription.assignment if subscription is not None else None
        pair = TopicPartition(*slot)
        return assignment.state_value(pair) if assignment is not None and pair in assignment.tps else None

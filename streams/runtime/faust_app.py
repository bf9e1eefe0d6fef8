"""Create the Faust app of a worker: its consumer group, and one agent that reads all source topics."""

import logging
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import faust
from aiokafka import TopicPartition
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.tables.manager import TableManager
from faust.types import TP
from typing_extensions import override

from streams.contract.registry.registry import DEFAULT_PARTITIONS
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.runtime.kafka.consumer import RecordBatchConsumer, RecordBatchTransport
from streams.runtime.kafka.records import RecordBatch
from streams.runtime.partition.assignment import PartitionAssignment
from streams.runtime.settings import Settings

log = logging.getLogger(__name__)

_RECORDS_PER_POLL: Final = 5_000
_FETCH_BYTES: Final = 1 << 20
_REQUEST_MARGIN_SECONDS: Final = 10.0
"""A response of the group coordinator may take as long as a rebalance. A request to a broker that hangs is given up
soon after that time: with Faust's 90 s a partition was not processed for 90 s."""


class ConsumerTuning(NamedTuple):
    """Limits of the Kafka consumer.

    `session_seconds`: how long the group waits for a silent worker. `rebalance_seconds`: how long the group waits for a
    worker to finish its partitions. `metadata_seconds`: how long a change of the topics may go unnoticed.
    `max_response_bytes`: the size of one fetch response, all topic-partitions together.
    """

    session_seconds: float = 10.0
    rebalance_seconds: float = 30.0
    metadata_seconds: float = 30.0
    max_response_bytes: int = 50 << 20


KAFKA_TUNING: Final = ConsumerTuning()

EMBEDDED_TUNING: Final = ConsumerTuning(session_seconds=2.0, rebalance_seconds=6.0, max_response_bytes=1 << 19)
"""Tuning for the embedded broker, which serves a single worker.

This broker makes a joining worker wait for half of the session timeout, at least a second. It expires silent members
only when a member of the group sends a request, after it has counted the sender as alive: a single worker never
expires, even on a busy machine. A response begins with one topic-partition and holds all of its records, so that no
other one fits: with this limit one poll reads the whole response, and the next response is of another topic-partition.
"""


class NoTableManager(TableManager):
    """A table manager for an app without tables: Faust's own waits a second for a table to be declared."""

    @override
    async def on_start(self) -> None:
        """Start recovery without waiting."""
        await self._update_channels()
        await self.recovery.start()


class RecordBatchApp(faust.App):
    """A Faust app whose messages are record batches; see `ConsumerTuning` for `max_response_bytes`.

    `partitions` is the number of partitions of every topic. `readable_topics` are the topics to subscribe to first;
    None: all.
    """

    max_response_bytes = KAFKA_TUNING.max_response_bytes
    partitions = DEFAULT_PARTITIONS
    readable_topics: frozenset[str] | None = None

    @override
    def _create_directories(self) -> None:
        """Create none: the worker stores no files, and a shared directory would belong to the first user."""

    @override
    def _new_transport(self) -> Any:
        return RecordBatchTransport(self.conf.broker_consumer, self)

    @property
    def record_source(self) -> RecordBatchConsumer:
        """The consumer, from which partitions read records."""
        consumer = self.consumer
        assert isinstance(consumer, RecordBatchConsumer)
        return consumer


def faust_credentials(access: KafkaSecurity) -> Credentials | None:
    """Return the worker's login in the form of Faust's clients; None without a login."""
    context = access.ssl_context() if access.is_encrypted else None
    if access.uses_password:
        return SASLCredentials(
            username=access.username, password=access.password, ssl_context=context, mechanism=access.mechanism
        )
    return SSLCredentials(context) if context is not None else None


def create_app(settings: Settings, tuning: ConsumerTuning) -> RecordBatchApp:
    """Return the app, with group and agents only: Faust's tables, web server, sensors and topics are switched off."""
    app = RecordBatchApp(
        settings.application,
        broker=f"kafka://{settings.bootstrap}",
        broker_credentials=faust_credentials(settings.access),
        store="memory://",
        TableManager=NoTableManager,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        value_serializer="raw",
        key_serializer="raw",
        consumer_group_instance_id=settings.instance or None,
        broker_session_timeout=tuning.session_seconds,
        broker_heartbeat_interval=tuning.session_seconds / 4,
        broker_rebalance_timeout=tuning.rebalance_seconds,
        broker_request_timeout=tuning.rebalance_seconds + _REQUEST_MARGIN_SECONDS,
        broker_commit_interval=2.0,
        broker_commit_every=None,
        broker_max_poll_records=_RECORDS_PER_POLL,
        consumer_max_fetch_size=_FETCH_BYTES,
        consumer_metadata_max_age_ms=int(tuning.metadata_seconds * 1000),
        producer_request_timeout=30.0,
    )
    app.max_response_bytes = tuning.max_response_bytes
    return app


def register_agent(app: RecordBatchApp, topics: Iterable[str], assignment: PartitionAssignment) -> None:
    """Connect `assignment` to the app: it gets the group's assignments and the record batches that the agent reads."""
    source = app.topic(*topics, key_type=bytes, value_type=None, key_serializer="raw", value_serializer="raw")

    @app.agent(source, name="record-batches")
    async def read_batches(stream: Any) -> None:  # noqa: ANN401 - Faust's own
        async for event in stream.noack().events():
            batch: RecordBatch = event.value
            assignment.enqueue(batch)

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]  # sent with exactly these arguments
    async def on_revoked(_app: object, _pairs: object, **_: object) -> None:
        await assignment.revoke()
        await app.record_source.stop_all_deliveries()

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]  # sent with exactly these arguments
    async def on_assigned(_app: object, pairs: Iterable[TP], **_: object) -> None:
        await assignment.revoke()
        await app.record_source.stop_all_deliveries()
        await assignment.assign(TopicPartition(pair.topic, pair.partition) for pair in pairs)

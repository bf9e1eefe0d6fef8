"""The Faust app of a worker: the consumer group, and one agent over all source topics."""

import logging
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.tables.manager import TableManager
from faust.types import TP
from typing_extensions import override

from streams.contract.registry.registry import DEFAULT_PARTITIONS
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.runtime.kafka.consumer import RecordBatchConsumer, RecordBatchTransport
from streams.runtime.kafka.records import RecordBatch, Slot
from streams.runtime.partition.assignment import PartitionAssignment
from streams.runtime.settings import Settings

log = logging.getLogger(__name__)

_RECORDS_PER_POLL: Final = 5_000
_FETCH_BYTES: Final = 1 << 20
_REQUEST_MARGIN_SECONDS: Final = 10.0
"""An answer that the group makes a worker wait for takes as long as a rebalance. Of a broker that hangs nobody hears, so
the time until it is given up is no longer than that: with Faust's 90 s a partition stood still for them, whoever led."""


class ConsumerTuning(NamedTuple):
    """How a worker deals with its broker.

    `session` and `rebalance` are how long the group waits for a silent worker, and for one that is finishing, in
    seconds; `metadata` is after how many seconds at the latest a change of the topics is noticed; `answer_bytes` is what
    one answer may hold of all topic-partitions together.
    """

    session_seconds: float = 10.0
    rebalance_seconds: float = 30.0
    metadata_seconds: float = 30.0
    max_response_bytes: int = 50 << 20


KAFKA_TUNING: Final = ConsumerTuning()

EMBEDDED_TUNING: Final = ConsumerTuning(session_seconds=2.0, rebalance_seconds=6.0, max_response_bytes=1 << 19)
"""For the embedded broker, on which one worker is alone.

It makes every joining worker wait for half of the session timeout, a second at least. It looks for silent workers when
one of the group asks it for something, after it has heard the one that asks: it never gives up the only one, however
long a busy machine keeps that from speaking. An answer begins with one topic-partition and holds everything that it
has, so that there is room for no other: this much is what one poll takes at once, and the next answer is of another.
"""


class NoTableManager(TableManager):
    """Faust's tables, of which there are none: it would wait a second for somebody to declare one."""

    @override
    async def on_start(self) -> None:
        """Go on at once."""
        await self._update_channels()
        await self.recovery.start()


class RecordBatchApp(faust.App):
    """A Faust app whose messages are record batches; see `Manner` for `answer_bytes`.

    `partitions` is how many partitions a topic has; `readable` are the topics to begin with, None: all.
    """

    max_response_bytes = KAFKA_TUNING.max_response_bytes
    partitions = DEFAULT_PARTITIONS
    readable_topics: frozenset[str] | None = None

    @override
    def _create_directories(self) -> None:
        """Make none: nothing of ours is stored in files, and one that all users share belongs to the first of them."""

    @override
    def _new_transport(self) -> Any:
        return RecordBatchTransport(self.conf.broker_consumer, self)

    @property
    def record_source(self) -> RecordBatchConsumer:
        """The consumer, as the owners of partitions use it."""
        consumer = self.consumer
        assert isinstance(consumer, RecordBatchConsumer)
        return consumer


def faust_credentials(access: KafkaSecurity) -> Credentials | None:
    """Return who a worker is to the broker, as Faust's clients are told it."""
    context = access.ssl_context() if access.is_encrypted else None
    if access.uses_password:
        return SASLCredentials(
            username=access.username, password=access.password, ssl_context=context, mechanism=access.mechanism
        )
    return SSLCredentials(context) if context is not None else None


def create_app(settings: Settings, tuning: ConsumerTuning) -> RecordBatchApp:
    """Return the app; what Faust brings beyond group and agents is off: its tables, web server, sensors, topics."""
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
    """Let `owners` follow the group's assignments, and hand them what the agent reads."""
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

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]  # likewise
    async def on_assigned(_app: object, pairs: Iterable[TP], **_: object) -> None:
        await assignment.revoke()
        await app.record_source.stop_all_deliveries()
        await assignment.assign(Slot(pair.topic, pair.partition) for pair in pairs)

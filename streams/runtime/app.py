"""The Faust app of a worker: the consumer group, and one agent over all source topics."""

import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import faust
from faust.types import TP
from typing_extensions import override

from streams.runtime.owners import Owners
from streams.runtime.records import RecordBatch, Slot
from streams.runtime.settings import Settings
from streams.runtime.transport import RecordBatchConsumer, RecordBatchTransport

log = logging.getLogger(__name__)

_RECORDS_PER_POLL: Final = 2_000
_FETCH_BYTES: Final = 1 << 20


class Timing(NamedTuple):
    """How long the group waits for a silent worker, and for one that is finishing, in seconds."""

    session: float = 10.0
    rebalance: float = 30.0


PATIENT: Final = Timing()

ALONE: Final = Timing(session=4.0, rebalance=6.0)
"""For the embedded broker, which makes every joining worker wait for half of the session timeout."""


class RecordBatchApp(faust.App):
    """A Faust app whose messages are record batches."""

    @override
    def _new_transport(self) -> Any:
        return RecordBatchTransport(self.conf.broker_consumer, self)

    @property
    def source(self) -> RecordBatchConsumer:
        """The consumer, as the owners of partitions use it."""
        consumer = self.consumer
        assert isinstance(consumer, RecordBatchConsumer)
        return consumer


def create_app(settings: Settings, timing: Timing) -> RecordBatchApp:
    """Return the app; what Faust brings beyond group and agents is off: its tables, web server, sensors, topics."""
    return RecordBatchApp(
        settings.application,
        broker=f"kafka://{settings.bootstrap}",
        datadir=Path(tempfile.gettempdir()) / "safeclock-worker",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        value_serializer="raw",
        key_serializer="raw",
        broker_session_timeout=timing.session,
        broker_heartbeat_interval=timing.session / 4,
        broker_rebalance_timeout=timing.rebalance,
        broker_commit_interval=2.0,
        broker_commit_every=None,
        broker_max_poll_records=_RECORDS_PER_POLL,
        consumer_max_fetch_size=_FETCH_BYTES,
        producer_request_timeout=30.0,
    )


def connect(app: RecordBatchApp, topics: Iterable[str], owners: Owners) -> None:
    """Let `owners` follow the group's assignments, and hand them what the agent reads."""
    source = app.topic(*topics, key_type=bytes, value_type=None, key_serializer="raw", value_serializer="raw")

    @app.agent(source, name="record-batches")
    async def read(stream: Any) -> None:  # noqa: ANN401 - Faust's own
        async for event in stream.noack().events():
            batch: RecordBatch = event.value
            owners.offer(batch)

    @app.on_partitions_revoked.connect  # type: ignore[arg-type]  # sent with exactly these arguments
    async def revoked(_app: object, _pairs: object, **_: object) -> None:
        await owners.revoke()
        await app.source.forget()

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]  # likewise
    async def assigned(_app: object, pairs: Iterable[TP], **_: object) -> None:
        await owners.revoke()
        await app.source.forget()
        owners.assign(Slot(pair.topic, pair.partition) for pair in pairs)

"""What stands between an event and its acknowledgement: bounded, thread-safe, and nothing is lost in silence."""

from threading import Condition
from typing import Final, NamedTuple

from producers.publisher.delivery.kafka_producer import Wire
from producers.publisher.delivery.outbox import HEARTBEAT, Outbox
from producers.publisher.errors import BufferFullError, NotAcknowledgedError, PublisherError
from producers.publisher.settings import PublisherSettings
from streams.contract.topics import partition_of

_MILLISECONDS: Final = 1000


class Parcel(NamedTuple):
    """One event as it leaves: `at` is when it happened, in epoch milliseconds, None for a heartbeat."""

    event_id: str
    topic: str
    key: bytes
    value: bytes
    at: int | None


class Delivery:
    """Hands parcels to the wire and keeps account of them.

    A failure is told once: by the next call that hands over, or by `flush` or `close`.
    """

    def __init__(self, settings: PublisherSettings, topics: tuple[str, ...]) -> None:
        self._settings = settings
        self._topics = topics
        self._wire = Wire(settings, topics)
        self._outbox = Outbox(capacity=settings.max_pending)
        self._changed = Condition()
        self._closed = False

    @property
    def acknowledged(self) -> int:
        """How many events, heartbeats not counted, the broker has confirmed."""
        with self._changed:
            return self._outbox.acknowledged

    @property
    def promised(self) -> int | None:
        """How far a heartbeat has promised; None before the first."""
        with self._changed:
            return self._outbox.promised

    def hand_over(self, parcel: Parcel) -> None:
        """Put an event on its way to the partition of its key.

        Raises NotAcknowledgedError for earlier events that were given up, BufferFullError when there is no room
        within `block_ms`, BrokerError when the topic cannot be reached; then this event was not sent.
        """
        with self._changed:
            self._raise_failures()
            if not self._changed.wait_for(lambda: not self._outbox.full, self._settings.block_ms / _MILLISECONDS):
                raise BufferFullError(
                    f"expected room among {self._settings.max_pending} unacknowledged events within "
                    f"{self._settings.block_ms} ms, found none: the event was not sent"
                )
            ticket = self._ticket(parcel)
        self._send(ticket, parcel, partition_of(parcel.key, self._wire.partitions))

    def reach(self, complete_through: int, latest: int, *, whole: bool) -> int | None:
        """Return how far a heartbeat may promise now, None for not at all; see `Outbox.promise` and `Outbox.forget`."""
        with self._changed:
            self._outbox.forget(latest)
            return self._outbox.promise(complete_through, whole=whole)

    def to_every_partition(self, event_id: str, key: bytes, value: bytes) -> None:
        """Put a heartbeat on its way to every partition of every topic, after what was sent there before."""
        for topic in self._topics:
            parcel = Parcel(event_id, topic, key, value, None)
            for partition in range(self._wire.partitions):
                with self._changed:
                    ticket = self._ticket(parcel)
                self._send(ticket, parcel, partition)

    def flush(self, timeout_ms: int) -> None:
        """Wait until everything that was handed over before this call is acknowledged.

        Raises NotAcknowledgedError for what failed and for what is still on its way after `timeout_ms`.
        """
        with self._changed:
            latest = self._outbox.latest
            settled = self._changed.wait_for(lambda: self._outbox.settled(latest), timeout_ms / _MILLISECONDS)
            self._raise_failures()
            if not settled:
                raise NotAcknowledgedError(self._outbox.waiting(), "the broker has not answered yet")

    def close(self, timeout_ms: int) -> None:
        """Take nothing more, wait for what is on its way, release the connections; a second call does nothing.

        Raises NotAcknowledgedError for everything that was not acknowledged within `timeout_ms`.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            latest = self._outbox.latest
            self._changed.wait_for(lambda: self._outbox.settled(latest), timeout_ms / _MILLISECONDS)
        self._wire.close()
        with self._changed:
            self._outbox.give_up("the publisher was closed before the broker answered")
            self._raise_failures()

    def _ticket(self, parcel: Parcel) -> int:
        if self._closed:
            raise PublisherError("expected an open publisher, this one is closed")
        return self._outbox.hand_in(parcel.event_id, parcel.at)

    def _send(self, ticket: int, parcel: Parcel, partition: int) -> None:
        try:
            future = self._wire.send(parcel.topic, partition, parcel.key, parcel.value)
        except BaseException:
            with self._changed:
                self._outbox.withdraw(ticket)
                self._changed.notify_all()
            raise
        future.add_callback(lambda _: self._acknowledge(ticket))
        future.add_errback(lambda error: self._fail(ticket, error))

    def _acknowledge(self, ticket: int) -> None:
        with self._changed:
            self._outbox.acknowledge(ticket)
            self._changed.notify_all()

    def _fail(self, ticket: int, error: Exception) -> None:
        with self._changed:
            self._outbox.fail(ticket, type(error).__name__)
            self._changed.notify_all()

    def _raise_failures(self) -> None:
        failures = self._outbox.take_failures()
        if failures:
            ids = tuple(name for name in failures if name != HEARTBEAT)
            raise NotAcknowledgedError(ids, ", ".join(sorted(set(failures.values()))))

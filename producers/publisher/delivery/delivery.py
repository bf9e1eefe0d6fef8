"""Delivers events to the broker and tracks acknowledgements: bounded, thread-safe, and every failure is raised."""

from threading import Condition
from typing import Final, NamedTuple

from producers.publisher.delivery.kafka_producer import AcknowledgedProducer
from producers.publisher.delivery.outbox import HEARTBEAT_ID, Outbox
from producers.publisher.errors import BufferFullError, NotAcknowledgedError, PublisherError
from producers.publisher.settings import PublisherSettings
from streams.contract.topics import partition_of

_MS_PER_SECOND: Final = 1000


class PendingEvent(NamedTuple):
    """One event to send; `occurred_at` is in epoch milliseconds, None for a heartbeat."""

    event_id: str
    topic: str
    key: bytes
    value: bytes
    occurred_at: int | None


class Delivery:
    """Sends events with a producer and records in the outbox what the broker acknowledged.

    A failure is raised once: by the next call of `enqueue`, `flush` or `close`.
    """

    def __init__(self, settings: PublisherSettings, topics: tuple[str, ...]) -> None:
        self._settings = settings
        self._topics = topics
        self._producer = AcknowledgedProducer(settings, topics)
        self._outbox = Outbox(capacity=settings.max_pending)
        self._condition = Condition()
        self._closed = False

    @property
    def acknowledged(self) -> int:
        """How many events the broker has acknowledged, without heartbeats."""
        with self._condition:
            return self._outbox.acknowledged

    @property
    def promised_through(self) -> int | None:
        """The watermark of the last heartbeat, in epoch milliseconds; None before the first heartbeat."""
        with self._condition:
            return self._outbox.promised_through

    def enqueue(self, event: PendingEvent) -> None:
        """Send an event to the partition of its key, without waiting for the acknowledgement.

        Raises NotAcknowledgedError for earlier events that failed, BufferFullError if the outbox stays full for
        `block_ms`, BrokerError if the topic cannot be reached. In all three cases this event was not sent.
        """
        with self._condition:
            self._raise_failures()
            if not self._condition.wait_for(lambda: not self._outbox.is_full, self._settings.block_ms / _MS_PER_SECOND):
                raise BufferFullError(
                    f"expected room among {self._settings.max_pending} unacknowledged events within "
                    f"{self._settings.block_ms} ms, found none: the event was not sent"
                )
            entry_id = self._add_entry(event)
        self._send(entry_id, event, partition_of(event.key, self._producer.partition_count))

    def reserve_promise(self, complete_through: int, latest_allowed: int, *, is_exact: bool) -> int | None:
        """Return the watermark that a heartbeat may declare now, None for no heartbeat.

        `Outbox.reserve_promise` and `Outbox.withdraw_promise_after` have the rules; instants in epoch milliseconds.
        """
        with self._condition:
            self._outbox.withdraw_promise_after(latest_allowed)
            return self._outbox.reserve_promise(complete_through, is_exact=is_exact)

    def broadcast(self, event_id: str, key: bytes, value: bytes) -> None:
        """Send a heartbeat to every partition of every topic, after all earlier events."""
        for topic in self._topics:
            heartbeat = PendingEvent(event_id, topic, key, value, None)
            for partition in range(self._producer.partition_count):
                with self._condition:
                    entry_id = self._add_entry(heartbeat)
                self._send(entry_id, heartbeat, partition)

    def flush(self, timeout_ms: int) -> None:
        """Wait until all events that were enqueued before this call are acknowledged.

        Raises NotAcknowledgedError for events that failed and for events without an answer after `timeout_ms`.
        """
        with self._condition:
            last_entry_id = self._outbox.last_entry_id
            is_done = self._condition.wait_for(lambda: self._outbox.is_done(last_entry_id), timeout_ms / _MS_PER_SECOND)
            self._raise_failures()
            if not is_done:
                raise NotAcknowledgedError(self._outbox.pending_ids(), "the broker has not answered yet")

    def close(self, timeout_ms: int) -> None:
        """Reject new events, wait for pending ones, and release the connections; a second call does nothing.

        Raises NotAcknowledgedError for all events that were not acknowledged within `timeout_ms`.
        """
        with self._condition:
            if self._closed:
                return
            self._closed = True
            last_entry_id = self._outbox.last_entry_id
            self._condition.wait_for(lambda: self._outbox.is_done(last_entry_id), timeout_ms / _MS_PER_SECOND)
        self._producer.close()
        with self._condition:
            self._outbox.fail_all("the publisher was closed before the broker answered")
            self._raise_failures()

    def _add_entry(self, event: PendingEvent) -> int:
        if self._closed:
            raise PublisherError("publisher: expected an open one, got a closed one; create a new publisher")
        return self._outbox.add(event.event_id, event.occurred_at)

    def _send(self, entry_id: int, event: PendingEvent, partition: int) -> None:
        try:
            future = self._producer.send(event.topic, partition, event.key, event.value)
        except BaseException:
            with self._condition:
                self._outbox.remove(entry_id)
                self._condition.notify_all()
            raise
        future.add_callback(lambda _: self._acknowledge(entry_id))
        future.add_errback(lambda error: self._fail(entry_id, error))

    def _acknowledge(self, entry_id: int) -> None:
        with self._condition:
            self._outbox.acknowledge(entry_id)
            self._condition.notify_all()

    def _fail(self, entry_id: int, error: Exception) -> None:
        with self._condition:
            self._outbox.fail(entry_id, type(error).__name__)
            self._condition.notify_all()

    def _raise_failures(self) -> None:
        failures = self._outbox.drain_failures()
        if failures:
            ids = tuple(name for name in failures if name != HEARTBEAT_ID)
            raise NotAcknowledgedError(ids, ", ".join(sorted(set(failures.values()))))

"""The producer of kafka-python, configured so that an acknowledged record is on all in-sync replicas."""

from collections.abc import Callable
from typing import Any, Protocol

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.edge.kafka_client.login_check import check_login

# kafka-python requires that a whole request fits into the delivery timeout.
_REQUESTS_PER_DELIVERY_TIMEOUT = 3


class SendFuture(Protocol):
    """The result of sending one record."""

    def add_callback(self, callback: Callable[[object], None]) -> object:
        """Call `callback` on the sender's thread when the broker has acknowledged the record."""

    def add_errback(self, errback: Callable[[Exception], None]) -> object:
        """Call `errback` on the sender's thread when the record has failed."""


class AcknowledgedProducer:
    """Sends records to topics with the same number of partitions, in order within each partition."""

    def __init__(self, settings: PublisherSettings, topics: tuple[str, ...]) -> None:
        try:
            check_login(settings.bootstrap, settings.access)
        except KafkaSecurityError as error:
            raise BrokerError(str(error)) from error
        clients: list[KafkaNetClient] = []

        def tracked_client(**options: Any) -> KafkaNetClient:  # noqa: ANN401 - kafka-python's own
            clients.append(KafkaNetClient(**options))
            return clients[-1]

        try:
            self._producer = KafkaProducer(
                kafka_client=tracked_client,
                bootstrap_servers=settings.servers,
                acks="all",
                enable_idempotence=settings.idempotent,
                # Without idempotence a retry could change the order; one request in flight keeps the order of a key.
                max_in_flight_requests_per_connection=5 if settings.idempotent else 1,
                linger_ms=settings.linger_ms,
                max_block_ms=settings.block_ms,
                delivery_timeout_ms=settings.delivery_timeout_ms,
                request_timeout_ms=max(
                    1, (settings.delivery_timeout_ms - settings.linger_ms) // _REQUESTS_PER_DELIVERY_TIMEOUT
                ),
                bootstrap_timeout_ms=settings.block_ms,
                allow_auto_create_topics=False,
                metrics_enabled=False,
                **settings.access.client_options(),
            )
        except KafkaError as error:
            for client in clients:  # KafkaProducer does not close its client when its constructor fails.
                client.close()
            raise BrokerError(
                f"bootstrap: expected a broker at {settings.bootstrap}, none answered: {type(error).__name__}"
            ) from error
        try:
            self.partition_count = self._common_partition_count(topics)
        except BrokerError:
            self.close()
            raise

    def send(self, topic: str, partition: int, key: bytes, value: bytes) -> SendFuture:
        """Send a record; raises BrokerError if that is not possible or the topic's number of partitions has changed."""
        count = self._partition_count(topic)
        if count != self.partition_count:
            raise BrokerError(f"{topic}: expected {self.partition_count} partitions, as at the start, got {count}")
        try:
            future: SendFuture = self._producer.send(topic, value, key, partition=partition)
        except KafkaError as error:
            raise BrokerError(f"the event was not sent: {type(error).__name__}") from error
        return future

    def close(self) -> None:
        """Release the connections; records without an acknowledgement fail."""
        # kafka-python has no public method that stops the sender's thread while records are pending: `close` raises.
        self._producer._sender.force_close()  # noqa: SLF001
        self._producer.close()

    def _common_partition_count(self, topics: tuple[str, ...]) -> int:
        counts = {topic: self._partition_count(topic) for topic in topics}
        if len(set(counts.values())) != 1:
            raise BrokerError(f"topics: expected the same number of partitions of every topic, got {counts}")
        return next(iter(counts.values()))

    def _partition_count(self, topic: str) -> int:
        try:
            count = len(self._producer.partitions_for(topic))
        except KafkaError as error:
            raise BrokerError(
                f"{topic}: expected this topic, the broker does not have it: {type(error).__name__}"
            ) from error
        if not count:
            raise BrokerError(f"{topic}: expected this topic, the broker does not have it")
        return count

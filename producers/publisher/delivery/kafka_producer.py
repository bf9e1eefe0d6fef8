"""The producer of kafka-python, set up so that an acknowledgement means what it says."""

from collections.abc import Callable
from typing import Any, Protocol

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.edge.kafka_client.login import check_login

# kafka-python asks for at least one whole request within the delivery timeout.
_REQUESTS_PER_DELIVERY_TIMEOUT = 3


class SendFuture(Protocol):
    """The fate of one record."""

    def add_callback(self, callback: Callable[[object], None]) -> object:
        """Call `call` on the sender's thread once the broker has confirmed the record."""

    def add_errback(self, errback: Callable[[Exception], None]) -> object:
        """Call `call` on the sender's thread once the record was given up."""


class AcknowledgedProducer:
    """Topics of one broker, all with the same number of partitions; records go out in order within a partition."""

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
                # Without idempotence a retry could overtake; one request in flight keeps the order of a key.
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
            for client in clients:  # of a producer that was never made nobody else closes it
                client.close()
            raise BrokerError(
                f"expected a broker at {settings.bootstrap}, none answered: {type(error).__name__}"
            ) from error
        try:
            self.partition_count = self._common_partition_count(topics)
        except BrokerError:
            self.close()
            raise

    def send(self, topic: str, partition: int, key: bytes, value: bytes) -> SendFuture:
        """Put a record on its way; BrokerError when that cannot be tried, or the topic has other partitions by now."""
        found = self._partition_count(topic)
        if found != self.partition_count:
            raise BrokerError(f"expected {self.partition_count} partitions of {topic}, as at the start, got {found}")
        try:
            future: SendFuture = self._producer.send(topic, value, key, partition=partition)
        except KafkaError as error:
            raise BrokerError(f"the event was not sent: {type(error).__name__}") from error
        return future

    def close(self) -> None:
        """Release the connections; what is still on its way fails."""
        # There is no public way to end the sender's thread while records are on their way: `close` raises before.
        self._producer._sender.force_close()  # noqa: SLF001
        self._producer.close()

    def _common_partition_count(self, topics: tuple[str, ...]) -> int:
        counts = {topic: self._partition_count(topic) for topic in topics}
        if len(set(counts.values())) != 1:
            raise BrokerError(f"expected as many partitions of every topic, got {counts}")
        return next(iter(counts.values()))

    def _partition_count(self, topic: str) -> int:
        try:
            found = len(self._producer.partitions_for(topic))
        except KafkaError as error:
            raise BrokerError(f"expected the topic {topic}, the broker has none: {type(error).__name__}") from error
        if not found:
            raise BrokerError(f"expected the topic {topic}, the broker has none")
        return found

"""Send records to topics, each topic with the number of partitions that it had at the start."""

from collections.abc import Callable
from typing import Protocol

from kafka.errors import KafkaError

from producers.publisher.delivery.login import log_in
from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings


class SendFuture(Protocol):
    """The result of sending one record."""

    def add_callback(self, callback: Callable[[object], None]) -> object:
        """Call `callback` on the sender's thread when the broker has acknowledged the record."""

    def add_errback(self, errback: Callable[[Exception], None]) -> object:
        """Call `errback` on the sender's thread when the record has failed."""


class AcknowledgedProducer:
    """Sends records to topics with the same number of partitions, in order within each partition."""

    def __init__(self, settings: PublisherSettings, topics: tuple[str, ...]) -> None:
        self._producer = log_in(settings)
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

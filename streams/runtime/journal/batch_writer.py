"""Write record batches to one partition number of any topic."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.runtime.journal.journal import FeedbackError, Row, RowTooLargeError
from streams.runtime.kafka.records import LOG_APPEND_TIME

REQUEST_TIMEOUT_MS: Final = 30_000
_TOPIC_ERRORS: Final = (
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
"""The errors with which a broker refuses to write to a topic."""
_CLOSE_SECONDS: Final = 5.0
"""How long a closing journal waits for sent records: no commit refers to records that have not arrived by then."""
_SENDER_STOP_SECONDS: Final = 1.0
"""How long a sender may take to notice that its connections were closed."""
_TARGET_BATCH_BYTES: Final = 512 * 1024
"""The size at which a record batch is sent and the next one begun: half of the maximum of every topic."""


@contextmanager
def _as_feedback_error(topic: str) -> Iterator[None]:
    """Raise an error of `topic` as FeedbackError; an error of the whole producer is raised unchanged."""
    try:
        yield
    except _TOPIC_ERRORS as error:
        raise FeedbackError(topic, type(error).__name__) from error


class BatchWriter:
    """Send record batches to one partition number: about `_TARGET_BATCH_BYTES` each, never more than `max_bytes`."""

    def __init__(self, producer: AIOKafkaProducer, partition: int, max_bytes: int) -> None:
        self.producer = producer
        self._partition = partition
        self._max_bytes = max_bytes
        self._target_bytes = min(_TARGET_BATCH_BYTES, max_bytes // 2)

    async def send_rows(self, topic: str, rows: Iterable[Row]) -> list[asyncio.Future[object]]:
        """Send `rows` in as few record batches as their size allows; return one future for each batch."""
        sent = []
        batch = self.producer.create_batch()
        for key, value in rows:
            full = batch.size() >= self._target_bytes
            if full or batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self._send_batch(topic, batch))
                batch = self.producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        if batch.record_count():
            sent.append(await self._send_batch(topic, batch))
        return sent

    async def send_feedback(self, feedback: Mapping[str, Iterable[Row]]) -> None:
        """Send rows by topic and wait until they have arrived; raises FeedbackError with the first topic that fails."""
        sent: dict[str, list[asyncio.Future[object]]] = {}
        for topic, rows in feedback.items():
            with _as_feedback_error(topic):
                sent[topic] = await self.send_rows(topic, rows)
        for topic, futures in sent.items():
            with _as_feedback_error(topic):
                await asyncio.gather(*futures)

    async def close(self) -> None:
        """Close the producer, also one that was fenced (its `stop` raises) or whose broker is silent (`stop` waits)."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.producer.stop()
        except (KafkaError, TimeoutError):
            # A sender that keeps running reconnects and delivers records that its owner has given up.
            sender = self.producer._sender.sender_task  # noqa: SLF001 - stop() always waits for this task
            sender.cancel()
            await self.producer.client.close()
            await asyncio.wait({sender}, timeout=_SENDER_STOP_SECONDS)
            await self.producer.client.close()  # the sender may have opened a connection meanwhile

    async def _send_batch(self, topic: str, batch: Any) -> asyncio.Future[object]:  # noqa: ANN401 - aiokafka is untyped
        # A batch accepts a first row of any size, so only a batch of one row can be too large.
        if batch.size() > self._max_bytes:
            raise RowTooLargeError(f"{topic}: expected a row of at most {self._max_bytes} bytes, got {batch.size()}")
        batch.close()
        future: asyncio.Future[object] = await self.producer.send_batch(batch, topic, partition=self._partition)
        return future


def append_time(written: Iterable[Any], topic: str) -> int | None:
    """Return the latest broker timestamp among the records that were written to `topic`, None if it set none."""
    stamps = [
        record.timestamp for record in written if record.topic == topic and record.timestamp_type == LOG_APPEND_TIME
    ]
    return max(stamps, default=None)

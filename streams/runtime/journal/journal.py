"""The journal of one partition: what a commit interval changed, with the position, all or nothing.

Where the broker has transactions, one of them spans the changelog and the outgoing topics, and taking a partition
fences its former owner. Where it has none, rows and position are one record batch, which is appended whole or not at
all; the outgoing records go before and after it, at least once.
"""

import asyncio
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

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

from streams.contract.settings.kafka_security import KafkaSecurity
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CLAIM_KEY
from streams.runtime.kafka.records import LOG_APPEND_TIME

Row = tuple[bytes, bytes | None]

_TRANSACTION_TIMEOUT_MS: Final = 60_000
_REQUEST_TIMEOUT_MS: Final = 30_000
_CLAIM_SECONDS: Final = 60.0
"""How long a claim may take: what a former owner left open is aborted first, and a coordinator may be moving."""
_TOPIC_ERRORS: Final = (
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
"""What a broker says of a topic that takes nothing."""
_CLOSE_SECONDS: Final = 5.0
"""How long a journal waits for what it sent: whatever has not arrived by then, no commit speaks of."""
_SENDER_STOP_SECONDS: Final = 1.0
"""How long a sender whose connections were cut may take to notice."""
_TARGET_BATCH_BYTES: Final = 512 * 1024
"""From how many bytes on a record batch is sent and the next one begun: half of what every topic takes."""
_MAX_BYTES_PER_RECORD: Final = 32 * 1024
"""How much a record adds to a commit at most: the row of its report with all the events that it may hold, some 3 kB, and
the two parts of cohorts that it changes, some 14 kB each with fifteen clocks."""


class ClaimError(Exception):
    """A partition could not be taken: the broker begins no transaction."""


class RowTooLargeError(Exception):
    """A commit does not fit where it must; the message says which limit."""


class FeedbackError(Exception):
    """What a platform is told could not be written to `topic`, its own; `why` says what came instead."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.topic = topic
        self.reason = reason


class Commit(NamedTuple):
    """One commit: rows for the changelog (None: a tombstone), and what other processes read, by topic.

    Of `published` the last value of every key counts; `events` each stand for themselves, in their order. So do those
    of `told`, which are for one platform by topic: a fault of such a topic is raised as UntoldError.
    """

    rows: Mapping[bytes, bytes | None]
    latest: Mapping[str, Iterable[Row]]
    appended: Mapping[str, Iterable[Row]] = {}
    feedback: Mapping[str, Iterable[Row]] = {}


class JournalTarget(NamedTuple):
    """Where a partition's journal writes, and as whom; `max_message_bytes` is the changelog's limit for a record batch."""

    bootstrap: str
    application: str
    changelog: str
    partition: int
    max_message_bytes: int
    access: KafkaSecurity = KafkaSecurity()


class Journal(Protocol):
    """Writes one partition's commits, one after the other."""

    max_batch_bytes: int
    """How many bytes a record batch of the changelog may have."""
    max_records: int
    """How many records may have been applied when a commit should be made; it may then hold twice as many."""
    last_append_time: int | None
    """When the broker, by its clock, stamped what was written last to the changelog; None where it stamps nothing."""

    async def claim(self) -> bytes:
        """Take the partition and return the value of the claim record: the changelog up to it is all there is."""

    async def check_not_fenced(self) -> None:
        """Raise when another owner has taken the partition since it was claimed."""

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Publish what belongs to the last commit of a former owner, who may have ended before it could."""

    async def commit(self, commit: Commit) -> None:
        """Make `outgoing` durable; an error means that this process must end."""

    async def close(self) -> None:
        """Let go of the partition."""


@contextmanager
def _as_feedback_error(topic: str) -> Iterator[None]:
    """Raise what `topic` refuses as UntoldError; what concerns the whole producer stays what it is."""
    try:
        yield
    except _TOPIC_ERRORS as error:
        raise FeedbackError(topic, type(error).__name__) from error


class _BatchWriter:
    """A producer of record batches for one partition number: of some `_CHUNK_BYTES`, never more than `limit` bytes."""

    def __init__(self, producer: AIOKafkaProducer, partition: int, max_bytes: int) -> None:
        self.producer = producer
        self._partition = partition
        self._max_bytes = max_bytes
        self._target_bytes = min(_TARGET_BATCH_BYTES, max_bytes // 2)

    async def send_rows(self, topic: str, rows: Iterable[Row]) -> list[asyncio.Future[object]]:
        """Hand `rows` to the producer in as few record batches as their size allows."""
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
        """Send rows by topic and wait until they have arrived; raises UntoldError with the first topic that fails."""
        sent: dict[str, list[asyncio.Future[object]]] = {}
        for topic, rows in feedback.items():
            with _as_feedback_error(topic):
                sent[topic] = await self.send_rows(topic, rows)
        for topic, futures in sent.items():
            with _as_feedback_error(topic):
                await asyncio.gather(*futures)

    async def close(self) -> None:
        """Close the producer; one that was fenced raises, one whose broker is silent waits, instead of closing."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.producer.stop()
        except (KafkaError, TimeoutError):
            # A sender that is left alone connects anew and delivers what its owner has given up.
            sender = self.producer._sender.sender_task  # noqa: SLF001 - stop() waits for it and cannot be told not to
            sender.cancel()
            await self.producer.client.close()
            await asyncio.wait({sender}, timeout=_SENDER_STOP_SECONDS)
            await self.producer.client.close()  # and what the sender was about to open

    async def _send_batch(self, topic: str, batch: Any) -> asyncio.Future[object]:  # noqa: ANN401 - aiokafka is untyped
        # A batch takes its first row whatever its size, so only a batch of one can be too large.
        if batch.size() > self._max_bytes:
            raise RowTooLargeError(
                f"{topic}: a row of {batch.size()} bytes does not fit a record batch of {self._max_bytes}"
            )
        batch.close()
        future: asyncio.Future[object] = await self.producer.send_batch(batch, topic, partition=self._partition)
        return future


class TransactionJournal:
    """Commits by transactions; the transactional id is the application and the partition, so owners fence each other."""

    max_records = 10_000

    def __init__(self, target: JournalTarget, failpoints: Failpoints, claim_seconds: float = _CLAIM_SECONDS) -> None:
        self._target = target
        self._failpoints = failpoints
        self.max_batch_bytes = target.max_message_bytes
        self.last_append_time: int | None = None
        self._claim_seconds = claim_seconds
        self._transactional_id = f"{target.application}-{target.partition}"
        self._writer = _BatchWriter(
            AIOKafkaProducer(
                bootstrap_servers=target.bootstrap,
                transactional_id=self._transactional_id,
                transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                max_batch_size=target.max_message_bytes // 2,
                **target.access.client_options(),
            ),
            target.partition,
            target.max_message_bytes,
        )

    async def claim(self) -> bytes:
        """Fence the former owner, abort what it left open, and mark the end of what it committed.

        Raises ClaimError when that takes too long: without a coordinator of transactions the client asks for ever.
        """
        token = uuid.uuid4().hex.encode()
        try:
            async with asyncio.timeout(self._claim_seconds):
                await self._writer.producer.start()
                await self._run_transaction({self._target.changelog: [(CLAIM_KEY, token)]})
        except TimeoutError as error:
            raise ClaimError(
                f"transactional id {self._transactional_id}: expected a transaction within {self._claim_seconds:.0f} s, the broker began"
                " none: are all brokers up, and as many as its transaction.state.log.replication.factor asks for?"
            ) from error
        return token

    async def check_not_fenced(self) -> None:
        """Commit a claim once more: the broker refuses it to an owner that was fenced."""
        await self._run_transaction({self._target.changelog: [(CLAIM_KEY, uuid.uuid4().hex.encode())]})

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Do nothing: a transaction publishes what it commits."""

    async def commit(self, commit: Commit) -> None:
        """Commit rows and outgoing records in one transaction."""
        records = {self._target.changelog: commit.rows.items(), **commit.latest, **commit.appended}
        await self._run_transaction(records, commit.feedback)
        self._failpoints.hit("committed_not_published")

    async def close(self) -> None:
        """Close the producer; an open transaction is aborted by the next owner."""
        await self._writer.close()

    async def _run_transaction(
        self, records: Mapping[str, Iterable[Row]], feedback: Mapping[str, Iterable[Row]] = MappingProxyType({})
    ) -> None:
        producer = self._writer.producer
        await producer.begin_transaction()
        sent = [future for topic, rows in records.items() for future in await self._writer.send_rows(topic, rows)]
        await self._writer.send_feedback(feedback)
        try:
            self.last_append_time = _append_time(await asyncio.gather(*sent), self._target.changelog)
        except MessageSizeTooLargeError as error:
            raise RowTooLargeError(
                f"expected max.message.bytes as `safeclock admin plan` has it of {', '.join(records)}, one takes less"
            ) from error
        self._failpoints.hit("sent_not_committed")
        await producer.commit_transaction()


class AppendJournal:
    """Commits by one record batch of rows and position; for one worker, since nobody is fenced."""

    def __init__(self, target: JournalTarget, failpoints: Failpoints) -> None:
        self._target = target
        self._failpoints = failpoints
        self.max_batch_bytes = target.max_message_bytes
        self.last_append_time: int | None = None
        self.max_records = max(1, target.max_message_bytes // 2 // _MAX_BYTES_PER_RECORD)
        self._writer = _BatchWriter(
            AIOKafkaProducer(
                bootstrap_servers=target.bootstrap,
                acks="all",
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                max_batch_size=target.max_message_bytes,
                **target.access.client_options(),
            ),
            target.partition,
            target.max_message_bytes,
        )

    async def claim(self) -> bytes:
        """Mark the end of what the former owner appended."""
        await self._writer.producer.start()
        token = uuid.uuid4().hex.encode()
        sent = await self._writer.send_rows(self._target.changelog, [(CLAIM_KEY, token)])
        self.last_append_time = _append_time(await asyncio.gather(*sent), self._target.changelog)
        return token

    async def check_not_fenced(self) -> None:
        """Do nothing: nobody is fenced."""

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Send what follows a former owner's last append."""
        await self._send_all(latest)

    async def commit(self, commit: Commit) -> None:
        """Append rows and position as one record batch; send events before it and values after it.

        A next owner makes the events of what was not appended anew, and repeats the values of what was.
        """
        batch = self._writer.producer.create_batch()
        for key, value in commit.rows.items():
            if batch.append(key=key, value=value, timestamp=None) is None:
                limit = self._target.max_message_bytes
                raise RowTooLargeError(
                    f"{self._target.changelog}: a commit does not fit one record batch of {limit} bytes"
                )
        await self._send_all(commit.appended)
        await self._writer.send_feedback(commit.feedback)
        self._failpoints.hit("sent_not_committed")
        sent = await self._writer.producer.send_batch(batch, self._target.changelog, partition=self._target.partition)
        self.last_append_time = _append_time([await sent], self._target.changelog)
        self._failpoints.hit("committed_not_published")
        await self._send_all(commit.latest)

    async def _send_all(self, rows_by_topic: Mapping[str, Iterable[Row]]) -> None:
        sent = [future for topic, rows in rows_by_topic.items() for future in await self._writer.send_rows(topic, rows)]
        await asyncio.gather(*sent)

    async def close(self) -> None:
        """Close the producer."""
        await self._writer.close()


def _append_time(written: Iterable[Any], topic: str) -> int | None:
    """Return the broker's stamp on the last that was written to `topic`."""
    stamps = [one.timestamp for one in written if one.topic == topic and one.timestamp_type == LOG_APPEND_TIME]
    return max(stamps, default=None)

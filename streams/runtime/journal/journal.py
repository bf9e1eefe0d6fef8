"""The journal of one partition: it writes the changes of a commit interval and the checkpoint, all or nothing.

If the broker has transactions, one transaction spans the changelog and the output topics, and the claim of a partition
fences the former owner. Otherwise rows and checkpoint are one record batch, which the broker appends as a whole or not
at all; output records are sent before and after that batch, at least once.
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
"""How long a claim may take: the broker first aborts the former owner's open transaction, and may move coordinators."""
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
_MAX_BYTES_PER_RECORD: Final = 32 * 1024
"""How much one record adds to a commit at most: the row of its report with the maximum of events, some 3 kB, and
the two cohort rows that the record changes, some 14 kB each with fifteen clocks."""


class ClaimError(Exception):
    """A partition could not be claimed: the broker begins no transaction."""


class RowTooLargeError(Exception):
    """A commit or a row is larger than the topic allows; the message names the limit."""


class FeedbackError(Exception):
    """Feedback for a platform could not be written to its feedback topic `topic`; `reason` names the error."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.topic = topic
        self.reason = reason


class Commit(NamedTuple):
    """One commit: rows for the changelog (None: a tombstone), and records for other processes, by topic.

    In `latest` the last value of every key counts. In `appended` every record counts, in order. `feedback` is like
    `appended`, but each of its topics belongs to one platform: an error of such a topic is raised as FeedbackError.
    """

    rows: Mapping[bytes, bytes | None]
    latest: Mapping[str, Iterable[Row]]
    appended: Mapping[str, Iterable[Row]] = {}
    feedback: Mapping[str, Iterable[Row]] = {}


class JournalTarget(NamedTuple):
    """Where a partition's journal writes, and with which login; `max_message_bytes` limits a changelog record batch."""

    bootstrap: str
    application: str
    changelog: str
    partition: int
    max_message_bytes: int
    access: KafkaSecurity = KafkaSecurity()


class Journal(Protocol):
    """Writes one partition's commits, one after the other."""

    max_batch_bytes: int
    """The maximum size of a record batch of the changelog, in bytes."""
    max_records: int
    """The number of applied records after which a commit should be made; the commit may then hold twice as many."""
    last_append_time: int | None
    """The broker's timestamp of the last write to the changelog, epoch ms; None where the broker sets none."""

    async def claim(self) -> bytes:
        """Claim the partition and return the value of the claim record: the committed rows are those before it."""

    async def check_not_fenced(self) -> None:
        """Raise if another owner has claimed the partition since this owner claimed it."""

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Publish the measures of a former owner's last commit again: the former owner may have stopped before it did."""

    async def commit(self, commit: Commit) -> None:
        """Make `commit` durable; after an error this process must end."""

    async def close(self) -> None:
        """Release the partition."""


@contextmanager
def _as_feedback_error(topic: str) -> Iterator[None]:
    """Raise an error of `topic` as FeedbackError; an error of the whole producer is raised unchanged."""
    try:
        yield
    except _TOPIC_ERRORS as error:
        raise FeedbackError(topic, type(error).__name__) from error


class _BatchWriter:
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


class TransactionJournal:
    """Commit by transactions; the transactional id is application and partition, so a new owner fences the former one."""

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
        """Fence the former owner, abort its open transaction, and mark the end of its commits with a claim record.

        Raises ClaimError after `claim_seconds`: without a transaction coordinator the client retries without limit.
        """
        token = uuid.uuid4().hex.encode()
        try:
            async with asyncio.timeout(self._claim_seconds):
                await self._writer.producer.start()
                await self._run_transaction({self._target.changelog: [(CLAIM_KEY, token)]})
        except TimeoutError as error:
            raise ClaimError(
                f"transactional id {self._transactional_id}: expected a transaction within {self._claim_seconds:.0f} s, got"
                " none: check that all brokers run, and at least transaction.state.log.replication.factor of them"
            ) from error
        return token

    async def check_not_fenced(self) -> None:
        """Commit another claim record: the broker refuses the transaction of an owner that was fenced."""
        await self._run_transaction({self._target.changelog: [(CLAIM_KEY, uuid.uuid4().hex.encode())]})

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Do nothing: a transaction commits the measures together with the rows."""

    async def commit(self, commit: Commit) -> None:
        """Commit rows and output records in one transaction."""
        records = {self._target.changelog: commit.rows.items(), **commit.latest, **commit.appended}
        await self._run_transaction(records, commit.feedback)
        self._failpoints.hit("committed_not_published")

    async def close(self) -> None:
        """Close the producer; the next owner's claim aborts an open transaction."""
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
                f"{', '.join(records)}: expected max.message.bytes as `safeclock admin plan` shows it, got a smaller value"
                " on at least one topic"
            ) from error
        self._failpoints.hit("sent_not_committed")
        await producer.commit_transaction()


class AppendJournal:
    """Commit by one record batch of rows and checkpoint; for a single worker, since no other owner is fenced."""

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
        """Mark the end of the former owner's commits with a claim record."""
        await self._writer.producer.start()
        token = uuid.uuid4().hex.encode()
        sent = await self._writer.send_rows(self._target.changelog, [(CLAIM_KEY, token)])
        self.last_append_time = _append_time(await asyncio.gather(*sent), self._target.changelog)
        return token

    async def check_not_fenced(self) -> None:
        """Do nothing: without transactions the broker fences no owner."""

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Send the measures that belong to the former owner's last append."""
        await self._send_all(latest)

    async def commit(self, commit: Commit) -> None:
        """Append rows and checkpoint as one record batch; send `appended` before the batch and `latest` after it.

        If the batch was not appended, the next owner produces its events again; if it was, the next owner republishes
        its measures.
        """
        batch = self._writer.producer.create_batch()
        for key, value in commit.rows.items():
            if batch.append(key=key, value=value, timestamp=None) is None:
                limit = self._target.max_message_bytes
                raise RowTooLargeError(
                    f"{self._target.changelog}: expected a commit of at most {limit} bytes, got a larger one"
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
    """Return the latest broker timestamp among the records that were written to `topic`, None if it set none."""
    stamps = [
        record.timestamp for record in written if record.topic == topic and record.timestamp_type == LOG_APPEND_TIME
    ]
    return max(stamps, default=None)

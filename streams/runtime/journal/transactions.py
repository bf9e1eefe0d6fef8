"""Commit in Kafka transactions: one transaction spans the changelog and the output topics.

The claim of a partition fences the former owner.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.batch_writer import REQUEST_TIMEOUT_MS, BatchWriter, append_time
from streams.runtime.journal.checkpoint import CLAIM_KEY
from streams.runtime.journal.journal import ClaimError, Commit, JournalTarget, Row, RowTooLargeError

_TRANSACTION_TIMEOUT_MS: Final = 60_000
_CLAIM_SECONDS: Final = 60.0
"""How long a claim may take: the broker first aborts the former owner's open transaction, and may move coordinators."""


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
        self._writer = BatchWriter(
            AIOKafkaProducer(
                bootstrap_servers=target.bootstrap,
                transactional_id=self._transactional_id,
                transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
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
            self.last_append_time = append_time(await asyncio.gather(*sent), self._target.changelog)
        except MessageSizeTooLargeError as error:
            raise RowTooLargeError(
                f"{', '.join(records)}: expected max.message.bytes as `safeclock admin plan` shows it, got a smaller value"
                " on at least one topic"
            ) from error
        self._failpoints.hit("sent_not_committed")
        await producer.commit_transaction()

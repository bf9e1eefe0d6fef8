"""Commit on a broker without transactions: rows and checkpoint are one record batch.

The broker appends the batch as a whole or not at all; output records are sent before and after it, at least once.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.batch_writer import REQUEST_TIMEOUT_MS, BatchWriter, append_time
from streams.runtime.journal.checkpoint import CLAIM_KEY
from streams.runtime.journal.journal import Commit, JournalTarget, Row, RowTooLargeError

_MAX_BYTES_PER_RECORD: Final = 32 * 1024
"""How much one record adds to a commit at most: the row of its report with the maximum of events, some 3 kB, and
the two cohort rows that the record changes, some 14 kB each with fifteen clocks."""


class AppendJournal:
    """Commit by one record batch of rows and checkpoint; for a single worker, since no other owner is fenced."""

    def __init__(self, target: JournalTarget, failpoints: Failpoints) -> None:
        self._target = target
        self._failpoints = failpoints
        self.max_batch_bytes = target.max_message_bytes
        self.last_append_time: int | None = None
        self.max_records = max(1, target.max_message_bytes // 2 // _MAX_BYTES_PER_RECORD)
        self._writer = BatchWriter(
            AIOKafkaProducer(
                bootstrap_servers=target.bootstrap,
                acks="all",
                request_timeout_ms=REQUEST_TIMEOUT_MS,
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
        self.last_append_time = append_time(await asyncio.gather(*sent), self._target.changelog)
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
        self.last_append_time = append_time([await sent], self._target.changelog)
        self._failpoints.hit("committed_not_published")
        await self._send_all(commit.latest)

    async def _send_all(self, rows_by_topic: Mapping[str, Iterable[Row]]) -> None:
        sent = [future for topic, rows in rows_by_topic.items() for future in await self._writer.send_rows(topic, rows)]
        await asyncio.gather(*sent)

    async def close(self) -> None:
        """Close the producer."""
        await self._writer.close()

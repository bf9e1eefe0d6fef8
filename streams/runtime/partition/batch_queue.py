"""Queue the batches of a partition and choose the next one to apply: by log time, filings before actions.

This order holds among related topics. Groups of related topics take turns, so that one platform's backlog does not
delay other platforms.

An action that is applied before its filing waits in the ledger, which costs many times as much as a wait in this queue.
The order is a preference and no guarantee: actions are also applied if their filing never arrives.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from streams.runtime.kafka.records import RecordBatch

_timestamp: Final = attrgetter("timestamp")


class BatchSlice(NamedTuple):
    """A batch, or the part of a batch that may be applied now; `is_last` says that nothing of the batch is left."""

    batch: RecordBatch
    is_last: bool


class BatchQueue:
    """Waiting batches by topic.

    `filing_topics` are, by topic of actions, the topics with the filings of the same reports. `max_records` limits a
    slice. `related_topics` are, by topic, the topics that are ordered together; topics without an entry are one group.
    """

    def __init__(
        self,
        filing_topics: Mapping[str, frozenset[str]],
        max_records: int,
        related_topics: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._filing_topics = filing_topics
        self._max_records = max_records
        self._related_topics = related_topics or {}
        self._waiting: dict[str, deque[RecordBatch]] = {}
        self._group_order: dict[frozenset[str], None] = {}

    def __bool__(self) -> bool:
        return any(self._waiting.values())

    def enqueue(self, batch: RecordBatch) -> None:
        """Add a batch behind the other batches of its topic."""
        topic = batch.topic_partition.topic
        self._waiting.setdefault(topic, deque()).append(batch)
        self._group_order.setdefault(self._group_of(topic))

    def drop_topics(self, topics: Iterable[str]) -> None:
        """Remove the waiting batches of these topics."""
        for topic in topics:
            self._waiting.pop(topic, None)

    def clear(self) -> None:
        """Remove all waiting batches."""
        self._waiting.clear()
        self._group_order.clear()

    def put_back(self, batch_slice: BatchSlice, rest: RecordBatch) -> None:
        """Put the unapplied rest of `batch_slice` back to the front of its topic."""
        waiting = self._waiting[rest.topic_partition.topic]
        if not batch_slice.is_last:
            following = waiting.popleft()
            rest = following._replace(start=rest.start, records=[*rest.records, *following.records])
        waiting.appendleft(rest)

    def next_slice(
        self, applied_through: Mapping[str, int], expected: frozenset[str], max_records: int | None = None
    ) -> BatchSlice | None:
        """Return the next slice to apply, of at most `max_records`; None while all waiting actions wait for filings.

        `applied_through` are the log times up to which topics were applied, `expected` the topics with more to come.
        """
        for group in list(self._group_order):
            for topic in self._topics_in_order(group):
                batch_slice = self._cut_slice(
                    self._waiting[topic], self._limit_for(topic, applied_through, expected), max_records
                )
                if batch_slice is not None:
                    self._group_order[group] = self._group_order.pop(group)  # move the group behind the others
                    return batch_slice
        return None

    def _group_of(self, topic: str) -> frozenset[str]:
        return self._related_topics.get(topic, frozenset())

    def _limit_for(self, topic: str, applied_through: Mapping[str, int], expected: frozenset[str]) -> int | None:
        """Return the log time up to which the filings for a topic's actions were applied; None if no more will come."""
        ahead_of = [
            filing_topic
            for filing_topic in self._filing_topics.get(topic, ())
            if filing_topic in expected or self._has_waiting(filing_topic)
        ]
        return min([applied_through[filing_topic] for filing_topic in ahead_of], default=None)

    def _topics_in_order(self, group: frozenset[str]) -> list[str]:
        waiting_topics = [
            topic for topic in self._waiting if self._has_waiting(topic) and self._group_of(topic) == group
        ]
        return sorted(
            waiting_topics,
            key=lambda topic: (self._waiting[topic][0].records[0].timestamp, topic in self._filing_topics),
        )

    def _has_waiting(self, topic: str) -> bool:
        return bool(self._waiting.get(topic))

    def _cut_slice(self, waiting: deque[RecordBatch], limit: int | None, max_records: int | None) -> BatchSlice | None:
        """Remove and return the records up to the log time `limit` from the first waiting batch; None if there are none."""
        batch = waiting[0]
        records = batch.records
        cut = len(records) if limit is None else bisect_right(records, limit, key=_timestamp)
        cut = min(cut, self._max_records if max_records is None else max_records)
        if cut == len(records):
            return BatchSlice(waiting.popleft(), is_last=True)
        if cut == 0:
            return None
        first, rest = batch.split(cut)
        waiting[0] = rest
        return BatchSlice(first, is_last=False)

"""The batches that wait for a partition, in the order in which they are applied: by log time, filings before actions.

That holds for topics that are siblings. Others take turns, whatever waits: a platform's backlog is its own.

An action that comes before its filing waits in the ledger, which costs many times what it costs to wait here. The
order is a preference and no promise: whoever never gets to hear of a filing still gets to hear of its actions.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from streams.runtime.kafka.records import RecordBatch

_timestamp: Final = attrgetter("timestamp")


class BatchSlice(NamedTuple):
    """A batch, or as much of one as may be applied now; `last` tells that nothing of it is left."""

    batch: RecordBatch
    is_last: bool


class BatchQueue:
    """Waiting batches by topic.

    `leaders` are the topics with the filings of what a topic of actions brings; `most` is how many records there may
    be in a portion; `siblings` are the topics that wait for each other: those that are not named in it all do.
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
        """Let a batch wait behind those of its topic."""
        topic = batch.topic_partition.topic
        self._waiting.setdefault(topic, deque()).append(batch)
        self._group_order.setdefault(self._group_of(topic))

    def drop_topics(self, topics: Iterable[str]) -> None:
        """Let go of what waits of these topics."""
        for topic in topics:
            self._waiting.pop(topic, None)

    def put_back(self, batch_slice: BatchSlice, rest: RecordBatch) -> None:
        """Let what is left of a portion wait where it was."""
        waiting = self._waiting[rest.topic_partition.topic]
        if not batch_slice.is_last:
            following = waiting.popleft()
            rest = following._replace(start=rest.start, records=[*rest.records, *following.records])
        waiting.appendleft(rest)

    def next_slice(
        self, applied_through: Mapping[str, int], expected: frozenset[str], max_records: int | None = None
    ) -> BatchSlice | None:
        """Return what is to be applied next, at most `most` records; None while all that waits is ahead of filings.

        `read` are the log times up to which topics have been applied, `expected` the topics that will bring more.
        """
        for group in list(self._group_order):
            for topic in self._topics_in_order(group):
                portion = self._cut_slice(
                    self._waiting[topic], self._limit_for(topic, applied_through, expected), max_records
                )
                if portion is not None:
                    self._group_order[group] = self._group_order.pop(group)  # the others come first now
                    return portion
        return None

    def _group_of(self, topic: str) -> frozenset[str]:
        return self._related_topics.get(topic, frozenset())

    def _limit_for(self, topic: str, applied_through: Mapping[str, int], expected: frozenset[str]) -> int | None:
        """Return the log time up to which the filings for a topic's actions are there, None if none are to come."""
        ahead_of = [
            leader for leader in self._filing_topics.get(topic, ()) if leader in expected or self._has_waiting(leader)
        ]
        return min([applied_through[leader] for leader in ahead_of], default=None)

    def _topics_in_order(self, group: frozenset[str]) -> list[str]:
        held = [topic for topic in self._waiting if self._has_waiting(topic) and self._group_of(topic) == group]
        return sorted(
            held, key=lambda topic: (self._waiting[topic][0].records[0].timestamp, topic in self._filing_topics)
        )

    def _has_waiting(self, topic: str) -> bool:
        return bool(self._waiting.get(topic))

    def _cut_slice(self, waiting: deque[RecordBatch], limit: int | None, max_records: int | None) -> BatchSlice | None:
        """Take the records up to a log time off the first batch that waits."""
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

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


class Portion(NamedTuple):
    """A batch, or as much of one as may be applied now; `last` tells that nothing of it is left."""

    batch: RecordBatch
    last: bool


class Inbox:
    """Waiting batches by topic.

    `leaders` are the topics with the filings of what a topic of actions brings; `most` is how many records there may
    be in a portion; `siblings` are the topics that wait for each other: those that are not named in it all do.
    """

    def __init__(
        self, leaders: Mapping[str, frozenset[str]], most: int, siblings: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self._leaders = leaders
        self._most = most
        self._siblings = siblings or {}
        self._waiting: dict[str, deque[RecordBatch]] = {}
        self._turns: dict[frozenset[str], None] = {}

    def __bool__(self) -> bool:
        return any(self._waiting.values())

    def put(self, batch: RecordBatch) -> None:
        """Let a batch wait behind those of its topic."""
        topic = batch.slot.topic
        self._waiting.setdefault(topic, deque()).append(batch)
        self._turns.setdefault(self._group(topic))

    def drop(self, topics: Iterable[str]) -> None:
        """Let go of what waits of these topics."""
        for topic in topics:
            self._waiting.pop(topic, None)

    def put_back(self, portion: Portion, rest: RecordBatch) -> None:
        """Let what is left of a portion wait where it was."""
        waiting = self._waiting[rest.slot.topic]
        if not portion.last:
            following = waiting.popleft()
            rest = following._replace(start=rest.start, records=[*rest.records, *following.records])
        waiting.appendleft(rest)

    def take(self, read: Mapping[str, int], expected: frozenset[str], most: int | None = None) -> Portion | None:
        """Return what is to be applied next, at most `most` records; None while all that waits is ahead of filings.

        `read` are the log times up to which topics have been applied, `expected` the topics that will bring more.
        """
        for group in list(self._turns):
            for topic in self._in_order(group):
                portion = self._portion(self._waiting[topic], self._limit(topic, read, expected), most)
                if portion is not None:
                    self._turns[group] = self._turns.pop(group)  # the others come first now
                    return portion
        return None

    def _group(self, topic: str) -> frozenset[str]:
        return self._siblings.get(topic, frozenset())

    def _limit(self, topic: str, read: Mapping[str, int], expected: frozenset[str]) -> int | None:
        """Return the log time up to which the filings for a topic's actions are there, None if none are to come."""
        ahead_of = [leader for leader in self._leaders.get(topic, ()) if leader in expected or self._holds(leader)]
        return min([read[leader] for leader in ahead_of], default=None)

    def _in_order(self, group: frozenset[str]) -> list[str]:
        held = [topic for topic in self._waiting if self._holds(topic) and self._group(topic) == group]
        return sorted(held, key=lambda topic: (self._waiting[topic][0].records[0].timestamp, topic in self._leaders))

    def _holds(self, topic: str) -> bool:
        return bool(self._waiting.get(topic))

    def _portion(self, waiting: deque[RecordBatch], limit: int | None, most: int | None) -> Portion | None:
        """Take the records up to a log time off the first batch that waits."""
        batch = waiting[0]
        records = batch.records
        cut = len(records) if limit is None else bisect_right(records, limit, key=_timestamp)
        cut = min(cut, self._most if most is None else most)
        if cut == len(records):
            return Portion(waiting.popleft(), last=True)
        if cut == 0:
            return None
        first, rest = batch.cut(cut)
        waiting[0] = rest
        return Portion(first, last=False)

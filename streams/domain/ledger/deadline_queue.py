"""When something falls due for a report: an ordered queue, one entry per report, never a scan.

The further away an instant, the coarser the bucket that holds it: a day, an hour, a second. A bucket comes up when
its first instant is reached, and what is not due yet goes back into a finer one. An entry may come up early (its
report has moved on); the row then says when it is really due.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final

from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, SECOND

# Nearer than this, buckets are a second wide, then an hour, then a day. Limits are hours and come up once; months of
# memory cost eight bytes.
_HOUR_BUCKETS_FROM: Final = 3 * DAY
_DAY_BUCKETS_FROM: Final = 14 * DAY


class DeadlineQueue:
    """Keys in the order in which they come up."""

    __slots__ = ("_buckets", "_starts")

    def __init__(self) -> None:
        self._buckets: dict[int, list[bytes]] = {}
        self._starts: list[int] = []

    @property
    def next_due(self) -> int:
        """The instant at which the next bucket comes up, FOREVER_MS for an empty queue."""
        return self._starts[0] if self._starts else FOREVER_MS

    def push(self, due_at: int, key: bytes, now: int) -> None:
        """Let `key` come up at `due` or shortly before, seen from `now`."""
        self._bucket_for(due_at, now).append(key)

    def push_all(self, due_at: int, keys: Iterable[bytes], now: int) -> None:
        """Let all of `keys` come up at `due` or shortly before, seen from `now`."""
        self._bucket_for(due_at, now).extend(keys)

    def _bucket_for(self, due_at: int, now: int) -> list[bytes]:
        ahead = due_at - now
        start = due_at - due_at % (SECOND if ahead < _HOUR_BUCKETS_FROM else HOUR if ahead < _DAY_BUCKETS_FROM else DAY)
        bucket = self._buckets.get(start)
        if bucket is None:
            bucket = self._buckets[start] = []
            heappush(self._starts, start)
        return bucket

    def pop_due(self, now: int) -> Iterator[bytes]:
        """Yield and remove every key whose bucket has come up at `horizon`.

        Keys that are pushed meanwhile wait for the next call.
        """
        ready: list[list[bytes]] = []
        while self._starts and self._starts[0] <= now:
            ready.append(self._buckets.pop(heappop(self._starts)))
        for bucket in ready:
            yield from bucket

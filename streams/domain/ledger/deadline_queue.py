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
_FAR: Final = 3 * DAY
_FARTHER: Final = 14 * DAY


class Queue:
    """Keys in the order in which they come up."""

    __slots__ = ("_buckets", "_starts")

    def __init__(self) -> None:
        self._buckets: dict[int, list[bytes]] = {}
        self._starts: list[int] = []

    @property
    def head(self) -> int:
        """The instant at which the next bucket comes up, FOREVER_MS for an empty queue."""
        return self._starts[0] if self._starts else FOREVER_MS

    def push(self, due: int, key: bytes, now: int) -> None:
        """Let `key` come up at `due` or shortly before, seen from `now`."""
        self._bucket(due, now).append(key)

    def push_all(self, due: int, keys: Iterable[bytes], now: int) -> None:
        """Let all of `keys` come up at `due` or shortly before, seen from `now`."""
        self._bucket(due, now).extend(keys)

    def _bucket(self, due: int, now: int) -> list[bytes]:
        ahead = due - now
        start = due - due % (SECOND if ahead < _FAR else HOUR if ahead < _FARTHER else DAY)
        bucket = self._buckets.get(start)
        if bucket is None:
            bucket = self._buckets[start] = []
            heappush(self._starts, start)
        return bucket

    def pop(self, horizon: int) -> Iterator[bytes]:
        """Yield and remove every key whose bucket has come up at `horizon`.

        Keys that are pushed meanwhile wait for the next call.
        """
        ready: list[list[bytes]] = []
        while self._starts and self._starts[0] <= horizon:
            ready.append(self._buckets.pop(heappop(self._starts)))
        for bucket in ready:
            yield from bucket

"""A queue of reports in the order in which they are due, so that no step scans all reports.

Entries lie in buckets: a day wide if they are far ahead, else an hour, and a second if they are near. A bucket is due
at its first instant. A report may therefore come out early, or after its deadline has changed; the caller computes
from the row when the report is due, and pushes the report again.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final

from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, SECOND

# Wide buckets are few, and a report that waits for months costs only the eight bytes of its reference. Most limits are
# hours, so their reports lie in buckets of a second and are due once.
_HOUR_BUCKETS_FROM: Final = 3 * DAY
_DAY_BUCKETS_FROM: Final = 14 * DAY


class DueReportQueue:
    """Keys of reports in the order in which they are due."""

    __slots__ = ("_buckets", "_starts")

    def __init__(self) -> None:
        self._buckets: dict[int, list[bytes]] = {}
        self._starts: list[int] = []

    @property
    def next_due(self) -> int:
        """The instant at which the next bucket is due, FOREVER_MS for an empty queue."""
        return self._starts[0] if self._starts else FOREVER_MS

    def push(self, due_at: int, key: bytes, now: int) -> None:
        """Make `key` due at `due_at` or shortly before; `now` decides how wide the bucket is."""
        self._bucket_for(due_at, now).append(key)

    def push_all(self, due_at: int, keys: Iterable[bytes], now: int) -> None:
        """Make all `keys` due at `due_at` or shortly before; `now` decides how wide the bucket is."""
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
        """Yield and remove every key whose bucket is due at `now`.

        Keys that are pushed meanwhile wait for the next call.
        """
        ready: list[list[bytes]] = []
        while self._starts and self._starts[0] <= now:
            ready.append(self._buckets.pop(heappop(self._starts)))
        for bucket in ready:
            yield from bucket

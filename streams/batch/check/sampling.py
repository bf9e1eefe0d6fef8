"""Summaries of long files in little memory."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from zlib import crc32

SAMPLE_SIZE: Final = 4_096
"""How many entries a sample keeps: a share of one half is then known to a hundredth."""

_HASH_RANGE: Final = 1 << 32

T = TypeVar("T")


@dataclass(slots=True)
class HashSample(Generic[T]):
    """At most `most` entries, chosen evenly by a hash of their keys, in whatever order they come.

    All that is put in under a chosen key is seen.
    """

    max_entries: int = SAMPLE_SIZE
    _bound: int = _HASH_RANGE
    _entries: dict[int, T] = field(default_factory=dict)

    def get_or_add(self, key: bytes, default: T) -> T | None:
        """Return the entry of a key, which is `new` when the key is; None when the key is not chosen."""
        place = crc32(key)
        if place >= self._bound:
            return None
        found = self._entries.setdefault(place, default)
        while len(self._entries) > self.max_entries:
            self._bound //= 2
            self._entries = {place: entry for place, entry in self._entries.items() if place < self._bound}
        return found

    def values(self) -> Iterable[T]:
        """Return the entries that were chosen."""
        return self._entries.values()


@dataclass(slots=True)
class Majority:
    """Which value more than half of all values equal, in constant memory (Boyer and Moore, 1981)."""

    count: int = 0
    _value: Hashable = None
    _lead: int = 0

    def add(self, value: Hashable) -> None:
        """Take one value."""
        self.count += 1
        if not self._lead:
            self._value = value
        self._lead += 1 if value == self._value else -1

    @property
    def share(self) -> float:
        """A share that one value has at least, from 0 to 1: 1 when all are equal, 0 when no value has more than half."""
        return self._lead / self.count if self.count else 0.0

    @property
    def value(self) -> Hashable:
        """The value of which `share` is told; None when there is none."""
        return self._value

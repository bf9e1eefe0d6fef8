"""Summarise long files in constant memory: a hash sample, and a majority vote."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from zlib import crc32

SAMPLE_SIZE: Final = 4_096
"""How many entries a sample keeps: the standard error of a share of one half is then below 0.01."""

_HASH_RANGE: Final = 1 << 32

T = TypeVar("T")


@dataclass(slots=True)
class HashSample(Generic[T]):
    """A sample of at most `max_entries` entries, chosen by a hash of their keys, independent of their order.

    An entry of a chosen key is in the sample from its first occurrence on.
    """

    max_entries: int = SAMPLE_SIZE
    _bound: int = _HASH_RANGE
    _entries: dict[int, T] = field(default_factory=dict)

    def get_or_add(self, key: bytes, default: T) -> T | None:
        """Return the entry of a key, `default` for a new key; None if the key is not chosen."""
        hash_value = crc32(key)
        if hash_value >= self._bound:
            return None
        found = self._entries.setdefault(hash_value, default)
        while len(self._entries) > self.max_entries:
            self._bound //= 2
            self._entries = {
                hash_value: entry for hash_value, entry in self._entries.items() if hash_value < self._bound
            }
        return found

    def values(self) -> Iterable[T]:
        """Return the entries of the sample."""
        return self._entries.values()


@dataclass(slots=True)
class Majority:
    """Find the value that more than half of all values equal, in constant memory (Boyer and Moore, 1981)."""

    count: int = 0
    _value: Hashable = None
    _lead: int = 0

    def add(self, value: Hashable) -> None:
        """Count one value."""
        self.count += 1
        if not self._lead:
            self._value = value
        self._lead += 1 if value == self._value else -1

    @property
    def share(self) -> float:
        """A lower bound of the share of `value`, from 0 to 1; 1 if all values are equal."""
        return self._lead / self.count if self.count else 0.0

    @property
    def value(self) -> Hashable:
        """The value that `share` is about; None if there is none."""
        return self._value

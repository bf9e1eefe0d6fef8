"""The counters of every partition, and what they come to together.

Not all that stands beside the counters is one: instants are not added up, and a number of a sequence is not either.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from streams.contract.outputs.measures import decode_counters
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import TOPIC_ROLES

_TIMESTAMPS: Final = frozenset(
    {
        *(
            counters.DECIDED_THROUGH,
            counters.LAST_LOGGED_AT,
            counters.REMOVED_FILED_FROM,
            counters.REMOVED_FILED_THROUGH,
        ),
        *map(counters.declared_watermark, TOPIC_ROLES),
    }
)
_SEQUENCE_NUMBERS: Final = frozenset(map(counters.sequence, TOPIC_ROLES))
_NOT_ADDITIVE: Final = _TIMESTAMPS | _SEQUENCE_NUMBERS


class PlatformCounters:
    """The last value of every platform's counters on every partition."""

    def __init__(self) -> None:
        self._counters_by_partition: dict[str, dict[int, Mapping[str, int]]] = {}

    def set_counters(self, partition: int, platform: str, value: bytes | None) -> None:
        """Keep a platform's counters as a partition tells them now; None says that they are gone."""
        rows = self._counters_by_partition.setdefault(platform, {})
        if value is None:
            rows.pop(partition, None)
        else:
            rows[partition] = decode_counters(value)

    def platform_names(self) -> frozenset[str]:
        """Return who was told of, also those that nobody has registered."""
        return frozenset(self._counters_by_partition)

    def total(self, platform: str) -> Mapping[str, int]:
        """Return the sums over all partitions of what can be added up; absent is zero."""
        total: Counter[str] = Counter()
        for row in self._counters_by_partition.get(platform, {}).values():
            total.update({name: count for name, count in row.items() if name not in _NOT_ADDITIVE})
        return total

    def complete_through(self, platform: str, partition_count: int) -> int | None:
        """Return up to when the platform has told everything on all so many partitions.

        0 while it has not said so on every one, None if it never said anything about it.
        """
        rows = self._counters_by_partition.get(platform, {})
        promised = [
            min(rows.get(partition, {}).get(counters.declared_watermark(topic), 0) for topic in TOPIC_ROLES)
            for partition in range(partition_count)
        ]
        beats = any(row.get(counters.HEARTBEATS) for row in rows.values())
        return min(promised, default=0) if beats else None

    def max_retained_reports(self, platform: str) -> int:
        """Return how many reports of the platform the partition remembers that remembers most."""
        rows = self._counters_by_partition.get(platform, {}).values()
        return max((row.get(counters.RETAINED, 0) for row in rows), default=0)

    def last_logged_at(self, platform: str) -> int | None:
        """Return when the platform last told anything, None for never."""
        rows = self._counters_by_partition.get(platform, {}).values()
        return max((row[counters.LAST_LOGGED_AT] for row in rows if counters.LAST_LOGGED_AT in row), default=None)

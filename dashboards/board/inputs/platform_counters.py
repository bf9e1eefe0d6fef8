"""Keeps the counters of every partition and adds them up.

Some values beside the counters are instants or sequence numbers, which are not added up.
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
        """Store a partition's current counters of a platform; None removes them."""
        rows = self._counters_by_partition.setdefault(platform, {})
        if value is None:
            rows.pop(partition, None)
        else:
            rows[partition] = decode_counters(value)

    def platform_names(self) -> frozenset[str]:
        """Return all platforms that have counters, unregistered ones included."""
        return frozenset(self._counters_by_partition)

    def total(self, platform: str) -> Mapping[str, int]:
        """Return the sum of every counter over all partitions; a counter that is absent is zero."""
        total: Counter[str] = Counter()
        for row in self._counters_by_partition.get(platform, {}).values():
            total.update({name: count for name, count in row.items() if name not in _NOT_ADDITIVE})
        return total

    def complete_through(self, platform: str, partition_count: int) -> int | None:
        """Return the smallest declared watermark of a platform on partitions 0 to `partition_count` - 1.

        0 while a partition has no declared watermark, None if the platform never sent a heartbeat.
        """
        rows = self._counters_by_partition.get(platform, {})
        watermarks = [
            min(rows.get(partition, {}).get(counters.declared_watermark(topic), 0) for topic in TOPIC_ROLES)
            for partition in range(partition_count)
        ]
        has_heartbeats = any(row.get(counters.HEARTBEATS) for row in rows.values())
        return min(watermarks, default=0) if has_heartbeats else None

    def max_retained_reports(self, platform: str) -> int:
        """Return how many reports of the platform the fullest partition keeps."""
        rows = self._counters_by_partition.get(platform, {}).values()
        return max((row.get(counters.RETAINED, 0) for row in rows), default=0)

    def last_logged_at(self, platform: str) -> int | None:
        """Return when the platform's latest event was logged, in epoch milliseconds; None without events."""
        rows = self._counters_by_partition.get(platform, {}).values()
        return max((row[counters.LAST_LOGGED_AT] for row in rows if counters.LAST_LOGGED_AT in row), default=None)

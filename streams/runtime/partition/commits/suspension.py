"""Suspend platforms whose state a partition cannot commit: they stay at their last commit, other platforms continue."""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from streams.contract.outputs import report_updates
from streams.domain.ledger.report_updates import ReportUpdate
from streams.runtime.journal.journal import Row, RowTooLargeError
from streams.runtime.partition.processor import error_location

log = logging.getLogger(__name__)

_BATCH_OVERHEAD_BYTES: Final = 128
"""The maximum size of a record batch of one row in addition to the row's key and value, in bytes."""

_PLATFORM_ROW_PREFIXES: Final = (b"r|", b"c|", b"n|")
"""Prefixes of the rows that belong to a platform: reports, cohorts, counters. The platform's name follows, up to a `|`."""

Rows = Mapping[bytes, bytes | None]


class SharedTopicsError(Exception):
    """A platform cannot be suspended alone, since all platforms share the topics."""


class SuspensionScope(NamedTuple):
    """The platforms and topics that are suspended together, since a whole topic has one offset."""

    platforms: frozenset[str]
    topics: frozenset[str]


def platform_of(key: bytes) -> str | None:
    """Return the platform that the row with this key belongs to, None if it belongs to none."""
    return key[2:].partition(b"|")[0].decode() if key[:2] in _PLATFORM_ROW_PREFIXES else None


def oversized_platforms(rows: Rows, max_bytes: int) -> dict[str, Exception]:
    """Return the platforms with a row that does not fit a record batch of `max_bytes`, with an error for each."""
    found: dict[str, Exception] = {}
    for key, value in rows.items():
        size = len(key) + (0 if value is None else len(value)) + _BATCH_OVERHEAD_BYTES
        platform = platform_of(key) if size > max_bytes else None
        if platform is not None:
            found.setdefault(platform, RowTooLargeError(f"expected a row of at most {max_bytes} bytes, got {size}"))
    return found


def suspension_scope(
    faults: Mapping[str, Exception],
    platforms_by_topic: Mapping[str, Collection[str]],
    related_topics: Mapping[str, frozenset[str]],
) -> SuspensionScope:
    """Return what to suspend after failures of these platforms: their topics, and all platforms that publish on them.

    `platforms_by_topic` has no platforms if the registry accepts all; `related_topics` are the topics of platforms that
    share a topic. Raises SharedTopicsError for a registry that accepts all: all platforms share its topics.
    """
    failed = frozenset(faults)
    if not all(platforms_by_topic.values()):
        message = "SAFECLOCK_REGISTRY: expected a registry that lists each platform's topics, to suspend one platform"
        raise SharedTopicsError(message) from next(iter(faults.values()))
    topic_groups = [
        related_topics.get(topic, frozenset({topic}))
        for topic, publishers in platforms_by_topic.items()
        if failed & frozenset(publishers)
    ]
    topics = frozenset().union(*topic_groups)
    return SuspensionScope(failed.union(*(platforms_by_topic[topic] for topic in topics)), topics)


def without_platforms(rows: Rows, platforms: Collection[str]) -> dict[bytes, bytes | None]:
    """Return the rows that belong to none of these platforms."""
    return {key: value for key, value in rows.items() if platform_of(key) not in platforms}


def encode_updates(updates: Iterable[ReportUpdate]) -> tuple[list[Row], dict[str, Exception]]:
    """Return encoded report updates, and the platforms with an update that cannot be encoded, with an error for each."""
    rows: list[Row] = []
    faults: dict[str, Exception] = {}
    for update in updates:
        try:
            rows.append((update.key, report_updates.encode_report_update(update)))
        except Exception as fault:  # noqa: BLE001 - any error concerns this platform alone
            faults.setdefault(update.key.partition(b"|")[0].decode(), fault)
    return rows, faults


class SuspendedPlatforms:
    """The platforms that a partition has suspended, `platforms`, until the partition is taken over again."""

    def __init__(
        self,
        partition: int,
        platforms_by_topic: Mapping[str, Collection[str]],
        related_topics: Mapping[str, frozenset[str]],
    ) -> None:
        self.platforms: frozenset[str] = frozenset()
        self._partition = partition
        self._platforms_by_topic = platforms_by_topic
        self._related_topics = related_topics

    def suspend(self, faults: Mapping[str, Exception]) -> SuspensionScope:
        """Suspend the platforms that failed, log why, and return the platforms and topics that are suspended."""
        found = suspension_scope(faults, self._platforms_by_topic, self._related_topics)
        for platform, fault in faults.items():
            # The message of any other error may contain data of an event.
            reason = str(fault) if isinstance(fault, RowTooLargeError) else error_location(fault)
            log.error("partition %d: platform %s is suspended: %s", self._partition, platform or "unknown", reason)
        if found.topics:
            topics = ", ".join(sorted(found.topics))
            log.error("partition %d: these topics are not read before a restart: %s", self._partition, topics)
        self.platforms |= found.platforms
        return found

    def without_suspended(self, updates: list[Row]) -> list[Row]:
        """Return the report updates of platforms that are not suspended."""
        if not self.platforms:
            return updates
        return [(key, value) for key, value in updates if key.partition(b"|")[0].decode() not in self.platforms]

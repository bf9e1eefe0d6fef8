"""Platforms whose state a partition cannot commit: they stay where they were last committed, and the others go on."""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from streams.contract.outputs import report_updates
from streams.domain.ledger.report_updates import ReportUpdate
from streams.runtime.journal.journal import Row, RowTooLargeError
from streams.runtime.partition.processor import error_location

log = logging.getLogger(__name__)

_BATCH_OVERHEAD_BYTES: Final = 128
"""What a record batch of one row takes beside its key and value, in bytes; never more."""

_PLATFORM_ROW_PREFIXES: Final = (b"r|", b"c|", b"n|")
"""The rows that belong to a platform: reports, cohorts, counters. Its name comes next, up to the next bar."""

Rows = Mapping[bytes, bytes | None]


class SharedTopicsError(Exception):
    """A platform cannot be suspended without the others."""


class SuspensionScope(NamedTuple):
    """What is suspended together, since a position is one for a whole topic."""

    platforms: frozenset[str]
    topics: frozenset[str]


def platform_of(key: bytes) -> str | None:
    """Return whose row it is, None for one that belongs to no platform."""
    return key[2:].partition(b"|")[0].decode() if key[:2] in _PLATFORM_ROW_PREFIXES else None


def oversized_platforms(rows: Rows, max_bytes: int) -> dict[str, Exception]:
    """Return the platforms with a row that does not fit a record batch of `limit` bytes, and what is wrong with each."""
    found: dict[str, Exception] = {}
    for key, value in rows.items():
        size = len(key) + (0 if value is None else len(value)) + _BATCH_OVERHEAD_BYTES
        platform = platform_of(key) if size > max_bytes else None
        if platform is not None:
            found.setdefault(
                platform, RowTooLargeError(f"a row of {size} bytes does not fit a record batch of {max_bytes}")
            )
    return found


def suspension_scope(
    faults: Mapping[str, Exception],
    platforms_by_topic: Mapping[str, Collection[str]],
    related_topics: Mapping[str, frozenset[str]],
) -> SuspensionScope:
    """Return what must be suspended where these platforms failed: their topics, and whoever publishes on one of these.

    `owners` are the platforms of each topic, none where the registry is open, `siblings` the topics of the platforms that
    share a topic. Raises OwnerlessError for an open registry: all platforms share the topics there.
    """
    named = frozenset(faults)
    if not all(platforms_by_topic.values()):
        message = "expected a registry that says whose topic is whose, to suspend a platform alone"
        raise SharedTopicsError(message) from next(iter(faults.values()))
    theirs = [
        related_topics.get(topic, frozenset({topic}))
        for topic, who in platforms_by_topic.items()
        if named & frozenset(who)
    ]
    topics = frozenset().union(*theirs)
    return SuspensionScope(named.union(*(platforms_by_topic[topic] for topic in topics)), topics)


def without_platforms(rows: Rows, platforms: Collection[str]) -> dict[bytes, bytes | None]:
    """Return the rows that belong to none of these platforms."""
    return {key: value for key, value in rows.items() if platform_of(key) not in platforms}


def encode_updates(updates: Iterable[ReportUpdate]) -> tuple[list[Row], dict[str, Exception]]:
    """Return notices as they are told, and the platforms of which one cannot be told, with what is wrong with each."""
    rows: list[Row] = []
    faults: dict[str, Exception] = {}
    for notice in updates:
        try:
            rows.append((notice.key, report_updates.encode_report_update(notice)))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it concerns this platform alone
            faults.setdefault(notice.key.partition(b"|")[0].decode(), fault)
    return rows, faults


class SuspendedPlatforms:
    """The platforms that a partition has suspended, `platforms`, until somebody takes the partition anew."""

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
        """Suspend the platforms that failed, log why, and return what that concerns."""
        found = suspension_scope(faults, self._platforms_by_topic, self._related_topics)
        for platform, fault in faults.items():
            # An error's own message may hold what came in.
            why = str(fault) if isinstance(fault, RowTooLargeError) else error_location(fault)
            log.error("partition %d: platform %s is suspended: %s", self._partition, platform or "unknown", why)
        if found.topics:
            topics = ", ".join(sorted(found.topics))
            log.error("partition %d: not read before a restart: %s", self._partition, topics)
        self.platforms |= found.platforms
        return found

    def without_suspended(self, updates: list[Row]) -> list[Row]:
        """Return what is told about reports of other platforms."""
        if not self.platforms:
            return updates
        return [(key, value) for key, value in updates if key.partition(b"|")[0].decode() not in self.platforms]

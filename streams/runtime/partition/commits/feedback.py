"""Produce the feedback of one partition to each platform: every refusal of its events, and a status from time to time."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from streams.contract.outputs import platform_status
from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.contract.outputs.platform_status import PLATFORM_STATUS_KEY, PlatformStatus, TopicStatus
from streams.contract.registry.registry import Platform
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import TOPIC_ROLES
from streams.domain.vocabulary import RefusalReason
from streams.runtime.journal.journal import Row
from streams.runtime.partition.processor import ReadProgress

_MIN_INTERVAL_MS: Final = 5_000
"""How often a status that changes is published: each status adds a topic to the transaction."""
_MAX_INTERVAL_MS: Final = 60_000
"""How often an unchanged status is published, so that its `as_of` is never older."""
_REASON_BY_COUNTER: Final = {counters.refused(reason): reason for reason in RefusalReason}


class Feedback:
    """Collect the feedback of a partition; `platforms` are those that have a feedback topic on the broker."""

    def __init__(self, number: int, platforms: Iterable[Platform]) -> None:
        self._number = number
        self._platforms = {platform.id: platform for platform in platforms}
        self._feedback_topic = {
            topic: platform.feedback for platform in self._platforms.values() for topic in _source_topics(platform)
        }
        self._counters: dict[str, Mapping[str, int]] = {}
        self._changed_platforms: set[str] = set()
        self._sent_at: dict[str, int] = {}
        self._sent_topics: dict[str, list[TopicStatus]] = {}

    def update_counters(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Read the platforms' counters from changelog rows; other rows are ignored."""
        for name in self._platforms:
            row = rows.get(COUNTERS_PREFIX + name.encode())
            if row is not None:
                self._counters[name] = decode_counters(row)
                self._changed_platforms.add(name)

    def due_rows(
        self,
        refusals: Iterable[tuple[str, Row]],
        progress: ReadProgress,
        at: int,
        excluded: Collection[str] = (),
    ) -> dict[str, list[Row]]:
        """Return the feedback rows of a commit at `at`, the wall clock in epoch milliseconds, by topic.

        `refusals` are encoded refusals, each with the source topic of the refused record.
        The platforms `excluded` get none, and get a status with the first commit that does not exclude them any more.
        """
        rows_by_topic: dict[str, list[Row]] = {}
        for source_topic, row in refusals:
            topic = self._feedback_topic.get(source_topic)
            if topic is not None:
                rows_by_topic.setdefault(topic, []).append(row)
        for name, platform in self._platforms.items():
            if name in excluded or not _is_read(platform, progress):
                rows_by_topic.pop(platform.feedback, None)
                self._sent_at.pop(name, None)
                continue
            if platform.feedback in rows_by_topic or self._is_due(platform, progress, at):
                self._sent_at[name], self._sent_topics[name] = at, _topic_statuses(platform, progress)
                self._changed_platforms.discard(name)
                status = self._status(platform, _read_through(platform, progress))
                status_row = PLATFORM_STATUS_KEY, platform_status.encode_platform_status(status, at)
                rows_by_topic.setdefault(platform.feedback, []).append(status_row)
        return rows_by_topic

    def _is_due(self, platform: Platform, progress: ReadProgress, at: int) -> bool:
        since = at - self._sent_at.get(platform.id, 0)
        if 0 <= since < _MIN_INTERVAL_MS:
            return False
        changed = platform.id in self._changed_platforms or self._sent_topics.get(platform.id) != _topic_statuses(
            platform, progress
        )
        return changed or not 0 <= since < _MAX_INTERVAL_MS

    def _status(self, platform: Platform, now: int) -> PlatformStatus:
        counts = self._counters.get(platform.id, {})
        declared_watermark = min(counts.get(counters.declared_watermark(topic), 0) for topic in TOPIC_ROLES)
        return PlatformStatus(
            platform=platform.id,
            partition=self._number,
            as_of=_format_instant(now),
            complete_through=_format_instant(declared_watermark) if declared_watermark else None,
            topics=self._sent_topics[platform.id],
            refused={
                _REASON_BY_COUNTER[name]: count for name, count in sorted(counts.items()) if name in _REASON_BY_COUNTER
            },
            duplicates=counts.get(counters.DUPLICATES, 0),
            history=counts.get(counters.HISTORY, 0),
            waiting=counts.get(counters.ORPHANS, 0),
        )


def _source_topics(platform: Platform) -> tuple[str, ...]:
    return tuple(dict.fromkeys((platform.report_filed, platform.action_taken)))


def _is_read(platform: Platform, progress: ReadProgress) -> bool:
    """Return whether a platform's topics are read: a suspended platform has no new feedback."""
    return all(topic in progress.next_offsets for topic in _source_topics(platform))


def _read_through(platform: Platform, progress: ReadProgress) -> int:
    """Return the log time up to which a platform's topics were read; earlier than the partition's while catching up."""
    return min(
        progress.log_time, *(progress.catching_up.get(topic, progress.log_time) for topic in _source_topics(platform))
    )


def _topic_statuses(platform: Platform, progress: ReadProgress) -> list[TopicStatus]:
    return [
        TopicStatus(topic=topic, next=progress.next_offsets.get(topic, 0), read=progress.records_read.get(topic, 0))
        for topic in _source_topics(platform)
    ]


def _format_instant(ms: int) -> str:
    return format_timestamp(min(max(0, ms), MAX_TIMESTAMP_MS))

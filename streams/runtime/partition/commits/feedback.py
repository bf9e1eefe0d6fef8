"""What one partition tells each platform of its own events: every refusal, and a status from time to time."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from streams.contract.events.decoder import Refusal
from streams.contract.outputs import platform_status, refusal_records
from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.contract.outputs.platform_status import PLATFORM_STATUS_KEY, PlatformStatus, TopicStatus
from streams.contract.registry.registry import Platform
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp
from streams.domain import counters
from streams.domain.desk import TOPICS
from streams.domain.vocabulary import Reason
from streams.runtime.journal.journal import Row
from streams.runtime.kafka.records import Stamped
from streams.runtime.partition.processor import Reading

_AGAIN_MS: Final = 5_000
"""How often a status that changes is told: each one adds a topic to the transaction."""
_ANYWAY_MS: Final = 60_000
"""How often a status is told that has not changed, so that its `as_of` is no older."""
_REASONS: Final = {counters.refused(reason): reason for reason in Reason}


class Feedback:
    """Collects what a partition tells its platforms; `platforms` are those that have a feedback topic on the broker."""

    def __init__(self, number: int, platforms: Iterable[Platform]) -> None:
        self._number = number
        self._platforms = {platform.id: platform for platform in platforms}
        self._topics = {
            topic: platform.feedback for platform in self._platforms.values() for topic in _sources(platform)
        }
        self._counters: dict[str, Mapping[str, int]] = {}
        self._changed: set[str] = set()
        self._told_at: dict[str, int] = {}
        self._told: dict[str, list[TopicStatus]] = {}

    def note(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Take note of rows of the changelog: those of the platforms' counters are what a status says."""
        for name in self._platforms:
            row = rows.get(COUNTERS_PREFIX + name.encode())
            if row is not None:
                self._counters[name] = decode_counters(row)
                self._changed.add(name)

    def rows(
        self, refusals: Iterable[tuple[Refusal, Stamped]], reading: Reading, at: int, untold: Collection[str] = ()
    ) -> dict[str, list[Row]]:
        """Return what is told with a commit at `at`, the wall clock in epoch milliseconds, by topic.

        Nothing is told to the platforms `untold`, and at once when they are no longer among them.
        """
        told: dict[str, list[Row]] = {}
        for refusal, record in refusals:
            topic = self._topics.get(record.topic)
            if topic is not None:
                told.setdefault(topic, []).append(
                    (refusal_records.refusal_key(record), refusal_records.encode_refusal(refusal, record))
                )
        for name, platform in self._platforms.items():
            if name in untold or not _is_read(platform, reading):
                told.pop(platform.feedback, None)
                self._told_at.pop(name, None)
                continue
            if platform.feedback in told or self._is_due(platform, reading, at):
                self._told_at[name], self._told[name] = at, _topics(platform, reading)
                self._changed.discard(name)
                row = (
                    PLATFORM_STATUS_KEY,
                    platform_status.encode_platform_status(self._status(platform, _read_up_to(platform, reading)), at),
                )
                told.setdefault(platform.feedback, []).append(row)
        return told

    def _is_due(self, platform: Platform, reading: Reading, at: int) -> bool:
        since = at - self._told_at.get(platform.id, 0)
        if 0 <= since < _AGAIN_MS:
            return False
        changed = platform.id in self._changed or self._told.get(platform.id) != _topics(platform, reading)
        return changed or not 0 <= since < _ANYWAY_MS

    def _status(self, platform: Platform, now: int) -> PlatformStatus:
        tally = self._counters.get(platform.id, {})
        through = min(tally.get(counters.through(topic), 0) for topic in TOPICS)
        return PlatformStatus(
            platform=platform.id,
            partition=self._number,
            as_of=_instant(now),
            complete_through=_instant(through) if through else None,
            topics=self._told[platform.id],
            refused={_REASONS[name]: count for name, count in sorted(tally.items()) if name in _REASONS},
            duplicates=tally.get(counters.DUPLICATES, 0),
            history=tally.get(counters.HISTORY, 0),
            waiting=tally.get(counters.WAITING, 0),
        )


def _sources(platform: Platform) -> tuple[str, ...]:
    return tuple(dict.fromkeys((platform.report_filed, platform.action_taken)))


def _is_read(platform: Platform, reading: Reading) -> bool:
    """Whether a platform's topics are read: of one that is suspended nothing new can be told."""
    return all(topic in reading.positions for topic in _sources(platform))


def _read_up_to(platform: Platform, reading: Reading) -> int:
    """Return the log time up to which a platform's topics were read, earlier than `now` while it catches up."""
    return min(reading.now, *(reading.behind.get(topic, reading.now) for topic in _sources(platform)))


def _topics(platform: Platform, reading: Reading) -> list[TopicStatus]:
    return [
        TopicStatus(topic=topic, next=reading.positions.get(topic, 0), read=reading.read.get(topic, 0))
        for topic in _sources(platform)
    ]


def _instant(ms: int) -> str:
    return format_timestamp(min(max(0, ms), MAX_TIMESTAMP_MS))

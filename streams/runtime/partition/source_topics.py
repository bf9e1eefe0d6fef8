"""The source topics of one partition: which of them are read, from which offsets, and how far behind they are."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset, suspended_offset
from streams.runtime.kafka.records import LogEnd
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.loop_time import loop_time
from streams.runtime.partition.takeover.takeover import check_sources, seek
from streams.runtime.topic_checks.source_faults import (
    CHECK_INTERVAL_SECONDS,
    SourceFault,
    suspension_message,
    with_related_topics,
)

log = logging.getLogger(__name__)

_LOG_END_VALID_MS: Final = 5_000
_WAIT_FOR_FILINGS_SECONDS: Final = 5.0
"""How long actions wait for filings that do not arrive: a broker may be slow, or withhold an open transaction."""
_BACKLOG_RECORDS: Final = 2_000
"""With more records to come than this, a group of related topics has a backlog."""


class LogEnds(NamedTuple):
    """What the ends of the logs say.

    `lag` is by how many offsets the logs are ahead, None until all ends are known. `end_times` are, by topic that was
    just read to its end, the instant of the broker's clock at which it was.
    """

    lag: int | None
    end_times: Mapping[str, int]


class SourceTopics:
    """The source topics of partition `number`.

    `topic_partitions` are those that are read, by topic; `suspended_offsets` are kept for the others. `backlogged` are
    the topics whose group of related topics has a backlog. `lost_records` counts, since the partition was begun, the
    records that were deleted before they were read.
    """

    def __init__(self, number: int, context: PartitionContext) -> None:
        self.number = number
        self.topic_partitions = {topic: TopicPartition(topic, number) for topic in context.cluster.source_topic_ids}
        self.suspended_offsets: dict[str, TopicOffset] = {}
        self.backlogged: frozenset[str] = frozenset()
        self.lost_records = 0
        self._context = context
        self._faults: Mapping[str, SourceFault] = {}
        self._checked_at = 0.0
        self._last_read_at: dict[str, float] = {}

    def start(self, suspended_offsets: Mapping[str, TopicOffset], lost_records: int) -> None:
        """Continue from the checkpoint of the former owner."""
        self.suspended_offsets = dict(suspended_offsets)
        self.lost_records = lost_records

    async def suspend_faulty(self, faults: Mapping[str, SourceFault]) -> frozenset[str]:
        """Do not read the topics that have a fault, nor their related topics; return the platforms of all of them."""
        context = self._context
        self._faults, self._checked_at = faults, loop_time()
        suspended_topics = with_related_topics(faults, context.related_topics)
        self.topic_partitions = {
            topic: TopicPartition(topic, self.number)
            for topic in context.cluster.source_topic_ids
            if topic not in suspended_topics
        }
        for topic in suspended_topics:
            await context.source.stop_delivery(TopicPartition(topic, self.number))
        for fault in faults.values():
            if fault.topic not in context.cluster.source_faults:  # the source monitor logs the others
                log.error(
                    "partition %d: %s",
                    self.number,
                    suspension_message(fault, context.related_topics, context.platforms_by_topic),
                )
        return frozenset().union(*(context.platforms_by_topic[topic] for topic in suspended_topics))

    async def seek(self, topic: str, next_offset: int | None, bounds: tuple[int, int] | None = None) -> tuple[int, int]:
        """Fetch `topic` from its next offset on; return the offset of the fetch and the number of lost records."""
        self._last_read_at[topic] = loop_time()
        offset, lost = await seek(self._context, self.topic_partitions[topic], next_offset, bounds)
        self.lost_records += lost
        return offset, lost

    def out_of_range(self) -> list[str]:
        """Return the topics whose next offset is not in the broker's log."""
        out_of_range = self._context.source.out_of_range
        return [topic for topic, topic_partition in self.topic_partitions.items() if topic_partition in out_of_range]

    async def have_changed(self, checkpoint: Callable[[], Checkpoint]) -> bool:
        """Return whether a fault of this partition alone has ended or changed; checked every few seconds."""
        own_faults = self._faults.keys() - self._context.cluster.source_faults.keys()
        if not own_faults or loop_time() - self._checked_at < CHECK_INTERVAL_SECONDS:
            return False
        self._checked_at = loop_time()
        found = await check_sources(self._context, self.number, checkpoint())
        return found.faults.keys() != self._faults.keys()

    def mark_read(self, topic: str) -> None:
        """Note that records of `topic` were just applied."""
        self._last_read_at[topic] = loop_time()

    def topics_with_more(self, next_offsets: Mapping[str, int]) -> frozenset[str]:
        """Return the topics with records to come: not read to their known end, and read within the last seconds."""
        log_ends, recent = self._context.source.log_ends, loop_time() - _WAIT_FOR_FILINGS_SECONDS
        return frozenset(
            topic
            for topic, topic_partition in self.topic_partitions.items()
            if self._last_read_at[topic] >= recent
            and ((log_end := log_ends.get(topic_partition)) is None or log_end.end > next_offsets[topic])
        )

    def observe_log_ends(self, next_offsets: Mapping[str, int], now: int, clock_ahead_ms: int) -> LogEnds:
        """Compare the offsets with the ends of the logs, and note which topics have a backlog.

        `now` is the wall clock, which is `clock_ahead_ms` ahead of the broker's; both in (epoch) milliseconds.
        """
        end_times: dict[str, int] = {}
        lags: dict[str, int] = {}
        for topic, log_end in self._known_log_ends():
            lags[topic] = max(0, log_end.end - next_offsets[topic])
            if _is_read_to_end(log_end, next_offsets[topic]) and now - log_end.responded_at <= _LOG_END_VALID_MS:
                end_times[topic] = log_end.responded_at - clock_ahead_ms
        self.backlogged = self._topics_with_backlog(lags)
        return LogEnds(sum(lags.values()) if len(lags) == len(self.topic_partitions) else None, end_times)

    def offsets_past_markers(self, next_offsets: Mapping[str, int]) -> dict[str, int]:
        """Return the next offsets, past the transaction markers after the last record of a log that was read."""
        offsets = dict(next_offsets)
        for topic, log_end in self._known_log_ends():
            if _is_read_to_end(log_end, offsets[topic]):
                offsets[topic] = max(offsets[topic], log_end.end)
        return offsets

    def drop(self, topics: Collection[str], committed: Checkpoint) -> None:
        """Read nothing more of `topics`: they stay at their offsets in the checkpoint `committed`."""
        for topic in topics:
            self.suspended_offsets[topic] = suspended_offset(committed, topic)
            del self.topic_partitions[topic]
            del self._last_read_at[topic]
        self.backlogged -= frozenset(topics)

    def _known_log_ends(self) -> Iterator[tuple[str, LogEnd]]:
        log_ends = self._context.source.log_ends
        for topic, topic_partition in self.topic_partitions.items():
            if (log_end := log_ends.get(topic_partition)) is not None:
                yield topic, log_end

    def _topics_with_backlog(self, lags: Mapping[str, int]) -> frozenset[str]:
        """Return the topics whose group of related topics has a backlog."""
        related_topics = self._context.related_topics
        return frozenset(
            topic
            for topic in lags
            if sum(lags.get(related_topic, 0) for related_topic in related_topics[topic]) > _BACKLOG_RECORDS
        )


def _is_read_to_end(log_end: LogEnd, next_offset: int) -> bool:
    return log_end.is_at_end and log_end.delivered_to <= next_offset

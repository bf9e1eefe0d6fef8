"""The context that all partitions of a worker share: the transport, and everything that exists once per worker."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import TopicPartition

from streams.contract.settings.kafka_security import KafkaSecurity
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.journal import Journal
from streams.runtime.kafka.records import LogEnd, RecordBatch
from streams.runtime.partition.fair_turns import FairScheduler
from streams.runtime.partition.protocols import Ledger, RecordDecoder
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics
from streams.runtime.topic_checks.preflight import OutputTopics
from streams.runtime.topic_checks.source_faults import SourceFault


class RecordSource(Protocol):
    """The part of the transport that a partition uses; see `RecordBatchConsumer`."""

    @property
    def log_ends(self) -> Mapping[TopicPartition, LogEnd]:
        """The ends of the logs according to the last fetch response of each."""

    @property
    def out_of_range(self) -> Mapping[TopicPartition, None]:
        """The topic-partitions whose next offset is not in the broker's log."""

    async def start_delivery(self, topic_partition: TopicPartition, offset: int) -> None:
        """Deliver the topic-partition `topic_partition` from `offset` on."""

    async def stop_delivery(self, topic_partition: TopicPartition) -> None:
        """Deliver nothing of `topic_partition` until its delivery is started again."""

    async def log_bounds(self, topic_partition: TopicPartition) -> tuple[int, int]:
        """Return the first offset of the log of `topic_partition`, and the offset after its last record."""

    def is_current(self, batch: RecordBatch) -> bool:
        """Return whether `batch` was fetched since the last `start_delivery` of its topic-partition."""

    def acknowledge(self, batch: RecordBatch) -> None:
        """Mark `batch` as applied, so that another batch of its topic-partition can be delivered."""

    def report_offset(self, topic_partition: TopicPartition, offset: int) -> None:
        """Commit the offset of `topic_partition` to the group, for monitoring."""

    def pause(self, topic_partitions: frozenset[TopicPartition], number: int) -> None:
        """Pause `topic_partitions` of partition `number`, and resume its others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionContext:
    """The settings and services that all partitions of a worker share.

    `output_topic_ids` are the ids of the changelog and the measures, which must not change. `source_topic_ids` are the
    ids of the source topics ("": the broker gives none), `source_faults` the reasons why some of them cannot be read.
    By source topic, `platforms_by_topic` has the platforms that publish on it, `filing_topics` the topics with the
    filings for its actions, `related_topics` the topics that are ordered together. `has_reliable_end_offsets` is false
    if the broker reports wrong end offsets. `wall_clock` returns epoch milliseconds. `check_feedback_topics` returns
    the feedback topics that cannot be written. `access` is the worker's login.
    """

    bootstrap: str
    output_topics: OutputTopics
    output_topic_ids: Mapping[str, str]
    source_topic_ids: Mapping[str, str]
    source_faults: Mapping[str, SourceFault]
    platforms_by_topic: Mapping[str, frozenset[str]]
    filing_topics: Mapping[str, frozenset[str]]
    related_topics: Mapping[str, frozenset[str]]
    partitions: int
    registry_hash: str
    rulebook_name: str
    commit_interval_ms: int
    has_reliable_end_offsets: bool
    uses_transactions: bool
    source: RecordSource
    decoder: RecordDecoder
    make_ledger: Callable[[int], Ledger]
    make_journal: Callable[[int], Journal]
    stats: WorkerStats
    failpoints: Failpoints
    wall_clock: Callable[[], int]
    feedback_topics: FeedbackTopics
    check_feedback_topics: Callable[[], Awaitable[Collection[str]]]
    access: KafkaSecurity = field(default_factory=KafkaSecurity)
    fair_scheduler: FairScheduler = field(default_factory=FairScheduler)

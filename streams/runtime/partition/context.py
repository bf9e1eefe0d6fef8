"""The context that all partitions of a worker share: what depends on its settings, and what exists once per worker."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from streams.contract.registry.registry import Registry
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.journal import Journal
from streams.runtime.partition.fair_turns import FairScheduler
from streams.runtime.partition.protocols import Ledger, RecordDecoder, RecordSource
from streams.runtime.settings import Settings
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics
from streams.runtime.topic_checks.preflight import ClusterInfo, OutputTopics


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDependencies:
    """The parts of a worker that depend on its settings: registry, decoder, and a new ledger for a partition number.

    `rulebook_name` names the rules in force. `declarations` are the ids of declared verdicts by SHA-256. `output_topics` are the topics to write, those of the contract by default.
    """

    registry: Registry
    decoder: RecordDecoder
    make_ledger: Callable[[int], Ledger]
    rulebook_name: str = ""
    declarations: Mapping[str, str] = field(default_factory=dict)
    output_topics: OutputTopics | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionContext:
    """The settings and services that all partitions of a worker share.

    `cluster` is the result of the last check of the topics. By source topic, `platforms_by_topic` has the platforms that
    publish on it, `related_topics` the topics that are ordered together. `wall_clock` returns epoch milliseconds.
    `check_feedback_topics` returns the feedback topics that cannot be written.
    """

    settings: Settings
    dependencies: WorkerDependencies
    cluster: ClusterInfo
    platforms_by_topic: Mapping[str, frozenset[str]]
    related_topics: Mapping[str, frozenset[str]]
    source: RecordSource
    make_journal: Callable[[int], Journal]
    stats: WorkerStats
    failpoints: Failpoints
    wall_clock: Callable[[], int]
    feedback_topics: FeedbackTopics
    check_feedback_topics: Callable[[], Awaitable[Collection[str]]]
    fair_scheduler: FairScheduler = field(default_factory=FairScheduler)

    @property
    def has_reliable_end_offsets(self) -> bool:
        """Whether the broker reports the ends of its logs right: one without transactions does not."""
        return self.cluster.has_transactions

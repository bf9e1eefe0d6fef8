"""What the owners of partitions share: the transport as they see it, and everything that is made once per worker."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streams.contract.settings.kafka_security import KafkaSecurity
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.journal import Journal
from streams.runtime.kafka.records import LogEnd, RecordBatch, Slot
from streams.runtime.partition.fair_turns import FairScheduler
from streams.runtime.partition.processor import Ledger, RecordDecoder
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics
from streams.runtime.topic_checks.preflight import OutputTopics
from streams.runtime.topic_checks.source_faults import SourceFault


class RecordSource(Protocol):
    """The transport as an owner sees it."""

    @property
    def log_ends(self) -> Mapping[Slot, LogEnd]:
        """What is known of the logs' ends."""

    @property
    def out_of_range(self) -> Mapping[Slot, None]:
        """The slots whose position the broker does not have."""

    async def start_delivery(self, slot: Slot, offset: int) -> None:
        """Deliver `slot` from `offset` on."""

    async def stop_delivery(self, slot: Slot) -> None:
        """Deliver nothing of `slot` until it is served anew."""

    async def log_bounds(self, slot: Slot) -> tuple[int, int]:
        """Return where the log of `slot` starts and ends."""

    def is_current(self, batch: RecordBatch) -> bool:
        """Whether `batch` was fetched since the last `serve` of its slot."""

    def acknowledge(self, batch: RecordBatch) -> None:
        """Give back the room that `batch` took."""

    def report_offset(self, slot: Slot, offset: int) -> None:
        """Tell the group where `slot` stands."""

    def pause(self, topic_partitions: frozenset[Slot], number: int) -> None:
        """Of partition `number`, deliver all slots but `slots`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionContext:
    """What every owner of a worker shares.

    `topics` are the source topics with their ids ("": the broker tells none), `faults` what is wrong with those of them
    that cannot be read, `owners` the platforms that publish on each; `leaders` those with the filings for each with
    actions, `siblings` those that wait for each other, `names` those that are written, `own` the ids of those of
    them that must stay; `pack` names the rules in force; `wall` reads the wall clock in epoch milliseconds.
    `listeners` are the platforms that are told what became of their events, `unwritable` looks which topics fail for that.
    `exact_ends` is false where the broker tells wrong end offsets, `transactions` says that commits are made by them.
    `access` says who the worker is to the broker,
    `turns` whose backlog is next.
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

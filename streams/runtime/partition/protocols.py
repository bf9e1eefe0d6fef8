"""What a partition expects of its transport, its ledger and its decoder."""

from collections.abc import Collection, Mapping
from typing import Protocol

from aiokafka import TopicPartition

from streams.contract.events.decoder import Record, Refusal
from streams.domain.events import Event
from streams.domain.ledger.report_store import Reports
from streams.domain.ledger.report_updates import ReportUpdate
from streams.domain.vocabulary import RefusalReason
from streams.runtime.kafka.records import LogEnd, RecordBatch


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


class Ledger(Protocol):
    """The part of a ledger that the runtime uses."""

    @property
    def next_due(self) -> int:
        """The epoch millisecond from which `advance` has work."""

    def apply(self, event: Event) -> RefusalReason | None:
        """Apply one event; return the reason if the event is refused, otherwise None."""

    def advance(self, now: int, max_due: int) -> int:
        """Advance time to `now`, or until `max_due` due reports were processed, and return the instant reached."""

    def count_refusal(self, platform: str, reason: RefusalReason) -> None:
        """Count a refusal that was decided outside the ledger."""

    def advance_limited(self, limits: Mapping[str, int], max_due: int) -> bool:
        """Decide deadlines of some platforms up to their instants in `limits` only; return whether all were reached."""

    def drain_late_refusals(self) -> list[tuple[RefusalReason, str]]:
        """Return the refusals that were decided later than their record was applied, with the platform."""

    def prepare_changes(self) -> None:
        """Prepare the changed rows, so that `drain_changes` has less to do."""

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call."""

    def drain_faults(self) -> Mapping[str, Exception]:
        """Return the platforms whose rows must not be stored, with the error of each; call it after `drain_changes`."""

    def suspend(self, platforms: Collection[str]) -> None:
        """Drop the state of platforms: none of their rows changes any more."""

    def drain_updates(self) -> list[ReportUpdate]:
        """Return the report updates since the last call; call it after `drain_changes`."""

    def restore(self, reports: Reports, others: Mapping[bytes, bytes]) -> None:
        """Load restored rows: reports by their keys without `r|`, a dict that the ledger then owns, and all others."""

    def start(self, now: int = 0) -> None:
        """Start at the log time `now` that the partition had reached."""


class RecordDecoder(Protocol):
    """Decode a record into an event, or into the reason for its refusal; never raises."""

    def decode(self, record: Record, now: int | None = None) -> Event | Refusal:
        """Return the event in a record, or a refusal; `now`: the wall clock, for a record that the sender stamped."""

"""Build a commit: the records that describe the changes of an interval, for the changelog and for each output topic."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, encode_partition_status, is_measure_key
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from streams.runtime.journal.journal import Commit, Row
from streams.runtime.topic_checks.preflight import OutputTopics


class IntervalChanges(NamedTuple):
    """The changes of one commit interval: rows (None: deleted), report updates, encoded refusals.

    `feedback` has the records for platforms, by feedback topic.
    """

    rows: Mapping[bytes, bytes | None]
    report_updates: Iterable[Row]
    refusals: Iterable[Row]
    feedback: Mapping[str, Iterable[Row]] = {}


def build_commit(
    output_topics: OutputTopics, changes: IntervalChanges, checkpoint: Checkpoint, status: PartitionStatus
) -> Commit:
    """Return the commit that moves a partition to `checkpoint`, its last row: a restore relies on that order."""
    measures = [row for row in changes.rows.items() if is_measure_key(row[0])]
    return Commit(
        rows={**changes.rows, CHECKPOINT_KEY: encode_checkpoint(checkpoint)},
        latest={output_topics.measures: [*measures, (STATUS_KEY, encode_partition_status(status))]},
        appended={output_topics.refusals: changes.refusals, output_topics.report_updates: changes.report_updates},
        feedback=changes.feedback,
    )

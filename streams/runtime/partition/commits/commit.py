"""What a commit consists of: the records that tell what an interval changed, for the changelog and for each topic."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.contract.events.decoder import Refusal
from streams.contract.outputs import refusal_records
from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, encode_partition_status, is_measure_key
from streams.runtime.journal.checkpoint import POSITION_KEY, Position, encode
from streams.runtime.journal.journal import Outgoing, Row
from streams.runtime.kafka.records import Stamped
from streams.runtime.topic_checks.preflight import Names


class Changed(NamedTuple):
    """What a commit interval brought: rows (None: dropped), notices about single reports, refusals with their record.

    `feedback` is what platforms are told of their own events, by topic.
    """

    rows: Mapping[bytes, bytes | None]
    notices: Iterable[Row]
    refused: Iterable[tuple[Refusal, Stamped]]
    feedback: Mapping[str, Iterable[Row]] = {}


def outgoing(names: Names, changed: Changed, position: Position, status: PartitionStatus) -> Outgoing:
    """Return the commit that moves a partition to `position`; the position is its last row, which a restore relies on."""
    measures = [row for row in changed.rows.items() if is_measure_key(row[0])]
    refusals: list[Row] = [
        (refusal_records.refusal_key(record), refusal_records.encode_refusal(refusal, record))
        for refusal, record in changed.refused
    ]
    return Outgoing(
        rows={**changed.rows, POSITION_KEY: encode(position)},
        published={names.measures: [*measures, (STATUS_KEY, encode_partition_status(status))]},
        events={names.refused: refusals, names.notices: changed.notices},
        told=changed.feedback,
    )

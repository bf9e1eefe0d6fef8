"""The records of `event-refused`: the reason of a refusal and the position of the record, never its content.

The platform can read the refused bytes on the source topic, for the retention of that topic.
"""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from streams.contract.events.decoder import Record, Refusal
from streams.contract.events.schema.event_data import Timestamp
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.outputs.common_fields import WORKER_SOURCE, Count, WorkerSource
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp, parse_timestamp
from streams.domain.vocabulary import RefusalReason


class EventRefused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The reason and position of a refused record or batch; `field` and `platform` are "" if there is none to name."""

    reason: RefusalReason
    field: str
    platform: str
    topic: str
    partition: Count
    offset: Count
    records: Count | msgspec.UnsetType = msgspec.UNSET  # in an unreadable batch, from `offset` on, if known


class EventRefusedEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="safeclock.event-refused.v1"
):
    """A refusal; `id` is the position of the record, so a redelivery gives the same event; `time` is the log time."""

    specversion: Literal["1.0"]
    id: str
    source: WorkerSource
    time: Timestamp
    data: EventRefused


class StoredRefusal(Struct, frozen=True, kw_only=True):
    """A refusal that was decoded again; `logged_at` is the log time of the refused record, in epoch milliseconds."""

    logged_at: int
    data: EventRefused


_decoder: Final = msgspec.json.Decoder(EventRefusedEvent)


def encode_refusal(refusal: Refusal, record: Record) -> bytes:
    """Return the value of a refusal's record; write the record to the partition number of the refused record."""
    data = EventRefused(
        reason=refusal.reason,
        field=refusal.field,
        platform=refusal.platform,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        records=_record_count(record),
    )
    logged_at = record.logged_at if isinstance(record, UnreadableBatch) else record.timestamp
    time = format_timestamp(min(max(0, logged_at), MAX_TIMESTAMP_MS))
    event = EventRefusedEvent(
        specversion="1.0", id=_record_position(record), source=WORKER_SOURCE, time=time, data=data
    )
    return msgspec.json.encode(event)


def encode_refusal_row(refusal: Refusal, record: Record) -> tuple[bytes, bytes]:
    """Return key and value of a refusal's record."""
    return refusal_key(record), encode_refusal(refusal, record)


def refusal_key(record: Record) -> bytes:
    """Return the key of a refusal's record: the position of the refused record, whose own key is input."""
    return _record_position(record).encode()


def decode_refusal(value: bytes) -> StoredRefusal:
    """Return the refusal that `encode_refusal` encoded; raises ValueError for any other value."""
    event = _decoder.decode(value)
    return StoredRefusal(logged_at=parse_timestamp(event.time), data=event.data)


def _record_count(record: Record) -> int | msgspec.UnsetType:
    count = record.record_count if isinstance(record, UnreadableBatch) else None
    return msgspec.UNSET if count is None else count


def _record_position(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"

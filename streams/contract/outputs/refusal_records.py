"""The records of `event-refused`: that something was refused, why, and where it lies; never what it held.

The source topic still has the bytes, for its retention, for the platform itself to look at.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from streams.contract.events.decoder import Record, Refusal
from streams.contract.events.schema.event_data import Instant
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.timestamps import LAST, format_ms, parse
from streams.domain.vocabulary import Reason

SOURCE: Final = "/safeclock/worker"

Count = Annotated[int, Meta(ge=0)]


class EventRefused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a record or a whole batch was refused, and where it lies; `field`, `platform`: "" where there is none to name."""

    reason: Reason
    field: str
    platform: str
    topic: str
    partition: Count
    offset: Count
    records: Count | msgspec.UnsetType = msgspec.UNSET  # in a batch that cannot be read, from `offset` on, where known


class EventRefusedEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="safeclock.event-refused.v1"
):
    """A refusal; its `id` is where the record lies, so that a redelivery is the same event, its `time` the log time."""

    specversion: Literal["1.0"]
    id: str
    source: Literal["/safeclock/worker"]
    time: Instant
    data: EventRefused


class Refused(Struct, frozen=True, kw_only=True):
    """A refusal as it was read back; `told` is the log time of the refused record, in epoch milliseconds."""

    told: int
    refused: EventRefused


_decoder: Final = msgspec.json.Decoder(EventRefusedEvent)


def encode(refusal: Refusal, record: Record) -> bytes:
    """Return the value of the record that tells of a refusal; it goes to the refused record's partition number."""
    data = EventRefused(
        reason=refusal.reason,
        field=refusal.field,
        platform=refusal.platform,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        records=_count(record),
    )
    told = record.told if isinstance(record, UnreadableBatch) else record.timestamp
    time = format_ms(min(max(0, told), LAST))
    event = EventRefusedEvent(specversion="1.0", id=_origin(record), source=SOURCE, time=time, data=data)
    return msgspec.json.encode(event)


def key(record: Record) -> bytes:
    """Return the key of the record that tells of a refusal: where it lies, since its own key is the publisher's."""
    return _origin(record).encode()


def decode(value: bytes) -> Refused:
    """Return what `encode` wrote; ValueError for anything else."""
    event = _decoder.decode(value)
    return Refused(told=parse(event.time), refused=event.data)


def _count(record: Record) -> int | msgspec.UnsetType:
    count = record.records if isinstance(record, UnreadableBatch) else None
    return msgspec.UNSET if count is None else count


def _origin(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"

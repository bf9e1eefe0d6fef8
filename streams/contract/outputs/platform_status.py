"""The statuses on a platform's feedback topic, which count accepted and refused events, and the `status` document.

A worker writes a status for each partition in the transaction that commits the counted events. The latest record with
the key `status` replaces earlier ones; every other record of the topic is a refusal, as on `event-refused`.
"""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from streams.contract.events.schema.event_data import Timestamp
from streams.contract.outputs.common_fields import WORKER_SOURCE, Count, WorkerSource
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp
from streams.domain.vocabulary import RefusalReason

PLATFORM_STATUS_KEY: Final = b"status"
SCHEMA: Final = "safeclock.status/1"


class TopicStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a worker has read one partition of a source topic: `next` is the next offset, `read` counts records."""

    topic: str
    next: Count
    read: Count


class PlatformStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts of a platform's events on one partition.

    `as_of` is the log time that the partition has reached. `complete_through` is the declared watermark of the
    platform's heartbeats on both topics, null before the first ones. `refused` (by reason), `duplicates` and `history`
    (filings of audited history) count since the beginning. `waiting` is the number of orphans.
    """

    platform: str
    partition: Count
    as_of: Timestamp
    complete_through: Timestamp | None
    topics: list[TopicStatus]
    refused: dict[RefusalReason, Count]
    duplicates: Count
    history: Count
    waiting: Count


class PlatformStatusEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="safeclock.platform-status.v1"
):
    """A status; `time` is when the worker committed the status."""

    specversion: Literal["1.0"]
    id: str
    source: WorkerSource
    time: Timestamp
    data: PlatformStatus


class RecordPosition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The position of a refused record; `time` is the record's log time."""

    topic: str
    partition: Count
    offset: Count
    time: Timestamp


class RefusalGroup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number of records that were refused for one reason in one field ("": the whole event), and the first one."""

    reason: RefusalReason
    field: str
    count: Count
    first: RecordPosition


class StatusDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON document that `safeclock status` prints.

    `read`, `accepted`, `refused` and `refused_by_reason` count since the beginning: each read record was either
    accepted or refused. `refusals` are the groups of refusals that the feedback topic still holds, of records that were
    logged at `since` or later. `lag` counts the records that no worker has committed yet. `as_of` and
    `complete_through` are the minimum of all partitions, null if a partition has none.
    """

    schema: Literal["safeclock.status/1"]
    platform: str
    as_of: Timestamp | None
    complete_through: Timestamp | None
    read: Count
    accepted: Count
    refused: Count
    refused_by_reason: dict[RefusalReason, Count]
    duplicates: Count
    history: Count
    waiting: Count
    lag: Count
    since: Timestamp | None
    refusals: list[RefusalGroup]


_decoder: Final = msgspec.json.Decoder(PlatformStatusEvent)


def encode_platform_status(status: PlatformStatus, reported_at: int) -> bytes:
    """Return the value of a status record; `reported_at` is the wall clock in epoch milliseconds."""
    time = format_timestamp(min(max(0, reported_at), MAX_TIMESTAMP_MS))
    event = PlatformStatusEvent(
        specversion="1.0",
        id=f"{status.platform}/{status.partition}/{reported_at}",
        source=WORKER_SOURCE,
        time=time,
        data=status,
    )
    return msgspec.json.encode(event)


def decode_platform_status(value: bytes) -> PlatformStatusEvent:
    """Return the event that `encode_platform_status` encoded; raises ValueError for any other value."""
    return _decoder.decode(value)

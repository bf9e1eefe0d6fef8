"""What became of a platform's events: the statuses on its feedback topic, and the document that sums them up.

A worker tells a status for each partition, in the transaction that commits what it speaks of. Under the key `status` the
last one holds; every other record of the topic is a refusal, as on `event-refused` (`refused`).
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from streams.contract.events.schema.event_data import Timestamp
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp
from streams.domain.vocabulary import Reason

WORKER_SOURCE: Final = "/safeclock/worker"
PLATFORM_STATUS_KEY: Final = b"status"
SCHEMA: Final = "safeclock.status/1"

Count = Annotated[int, Meta(ge=0)]


class TopicStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a worker has read one partition of a source topic: `next` is the next offset, `read` counts records."""

    topic: str
    next: Count
    read: Count


class PlatformStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a platform's events on one partition.

    `as_of` is the log time that the partition has reached. `complete_through` is what the platform's heartbeats promised
    on both topics, null before they did. `refused` counts since the beginning, by reason; so do `duplicates` and
    `history`, the filings of audited history. `waiting` is how many reports wait for their filing.
    """

    platform: str
    partition: Count
    as_of: Timestamp
    complete_through: Timestamp | None
    topics: list[TopicStatus]
    refused: dict[Reason, Count]
    duplicates: Count
    history: Count
    waiting: Count


class PlatformStatusEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="safeclock.platform-status.v1"
):
    """A status; `time` is when its worker committed it."""

    specversion: Literal["1.0"]
    id: str
    source: Literal["/safeclock/worker"]
    time: Timestamp
    data: PlatformStatus


class RecordPosition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a refused record lies; `time` is its log time."""

    topic: str
    partition: Count
    offset: Count
    time: Timestamp


class RefusalGroup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Records that were refused for one reason in one field ("": the whole event): how many, and the first of them."""

    reason: Reason
    field: str
    count: Count
    first: RecordPosition


class StatusDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `safeclock status` prints as JSON.

    `read`, `accepted`, `refused` and `refused_by_reason` count since the beginning: each record that was read was either
    accepted or refused. `refusals` are those that the feedback topic still holds, told at `since` or later, with the
    first of each. `lag` counts the records that no worker has committed yet. `as_of` and `complete_through` are the
    smallest of all partitions, null where one has told none.
    """

    schema: Literal["safeclock.status/1"]
    platform: str
    as_of: Timestamp | None
    complete_through: Timestamp | None
    read: Count
    accepted: Count
    refused: Count
    refused_by_reason: dict[Reason, Count]
    duplicates: Count
    history: Count
    waiting: Count
    lag: Count
    since: Timestamp | None
    refusals: list[RefusalGroup]


_decoder: Final = msgspec.json.Decoder(PlatformStatusEvent)


def encode_platform_status(status: PlatformStatus, reported_at: int) -> bytes:
    """Return the value of the record that tells a status at `at`, the wall clock in epoch milliseconds."""
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
    """Return what `encode` wrote; ValueError for anything else."""
    return _decoder.decode(value)

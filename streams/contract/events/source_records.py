"""The records that the decoder reads, and the refusals that it returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from streams.domain.duration_bins import DAY
from streams.domain.vocabulary import RefusalReason


class Refusal(NamedTuple):
    """Why an event was refused.

    `field` is a name that the contract declares, "data" for an undeclared name in the data, "" for the event or its
    envelope as a whole; `platform` is "" if it is not known. Neither repeats any other input.
    """

    reason: RefusalReason
    field: str
    platform: str


class EventLimits(NamedTuple):
    """How far an event may lie from its log time, in milliseconds, and how large its record may be, in bytes."""

    max_future_ms: int = 120_000
    max_age_ms: int = 14 * DAY
    max_bytes: int = 16 * 1024


class Record(Protocol):
    """A record as a Kafka client returns it; `timestamp` is the log time in epoch milliseconds."""

    @property
    def topic(self) -> str: ...  # noqa: D102 - Kafka's words
    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes]] | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class UnreadableBatch:
    """A placeholder for the records of a batch that cannot be read; for a decoder it is a record without a value.

    `offset` is that of the first record; `logged_at` the latest timestamp of the batch in epoch milliseconds, or the
    time of the fetch if no timestamp can be read; `record_count` is None if it cannot be read. `timestamp` is -1, so
    that the batch does not move the log time.
    """

    topic: str
    partition: int
    offset: int
    logged_at: int
    record_count: int | None

    key: ClassVar[None] = None
    value: ClassVar[None] = None
    headers: ClassVar[tuple[()]] = ()
    timestamp: ClassVar[int] = -1
    timestamp_type: ClassVar[int] = 0

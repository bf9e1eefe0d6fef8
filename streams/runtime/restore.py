"""Reading a partition's changelog from its start to a claim: what a new owner begins with."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from typing_extensions import override

from streams.contract.access import Access
from streams.contract.measures import is_measure
from streams.edge.closing import close
from streams.runtime.failpoints import Failpoints
from streams.runtime.position import CLAIM_KEY, POSITION_KEY, Position, decode

_RECORDS: Final = 20_000
_FETCH_BYTES: Final = 8 << 20
_POLL_MS: Final = 500
_REPORT: Final = b"r|"
_NOBODY: Final = Access()


class Restored(NamedTuple):
    """The last value of every row but tombstones, the position, and how many records were read for it.

    `last` is what the last commit changed of the measures, tombstones included.
    """

    rows: dict[bytes, bytes]
    position: Position
    read: int
    last: dict[bytes, bytes | None]


class _Rows:
    """Rows as the changelog tells them, until the claim is seen."""

    def __init__(self, claim: bytes) -> None:
        self._claim = claim
        self.rows: dict[bytes, bytes] = {}
        self.read = 0
        self.complete = False
        self.last: dict[bytes, bytes | None] = {}
        self._since: dict[bytes, bytes | None] = {}

    def take(self, records: Iterable[Any]) -> None:
        rows, read = self.rows, 0
        for record in records:
            read += 1
            key, value = record.key, record.value
            if key is None or key[:2] != _REPORT:  # nine rows in ten are reports
                self._note(key, value)
            if key is not None and value is not None:
                rows[key] = value
            else:
                rows.pop(key, None)
        self.read += read
        rows.pop(CLAIM_KEY, None)

    def _note(self, key: bytes | None, value: bytes | None) -> None:
        if key == CLAIM_KEY:
            self.complete = self.complete or value == self._claim
        elif key == POSITION_KEY:  # the last row of every commit
            self.last, self._since = self._since, {}
        elif key is not None and is_measure(key):
            self._since[key] = value


def _as_it_is(_: object, record: object) -> object:
    return record


class _AsParsed(OrderedDict[TopicPartition, Any]):
    """What aiokafka has fetched and not yet handed over: records as they were parsed.

    The object that it makes of each would be thrown away at once, after half of the time of reading.
    """

    @override
    def __setitem__(self, pair: TopicPartition, fetched: Any) -> None:
        records = getattr(fetched, "_partition_records", None)  # an error has none
        if records is not None:
            records._consumer_record = _as_it_is  # noqa: SLF001 - aiokafka offers no other way
        super().__setitem__(pair, fetched)


async def restore(
    bootstrap: str, slot: TopicPartition, claim: bytes, failpoints: Failpoints, access: Access = _NOBODY
) -> Restored:
    """Return what was committed to the changelog partition `slot` before the record whose value is `claim`.

    The end is found by the claim, not by the broker's word: an embedded broker tells wrong end offsets.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
        **access.options(),
    )
    try:  # one that could not start must be stopped as well
        await consumer.start()
        fetcher: Any = consumer._fetcher  # noqa: SLF001 - likewise
        fetcher._records = _AsParsed()  # noqa: SLF001
        consumer.assign([slot])
        await consumer.seek_to_beginning(slot)
        found = _Rows(claim)
        while not found.complete:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS)).values():
                found.take(records)
                failpoints.passing("mid_restore")
    finally:
        await close(consumer)
    stored = found.rows.pop(POSITION_KEY, None)
    return Restored(found.rows, decode(stored) if stored else Position(), found.read, found.last)

"""Reading a partition's changelog from its start to a claim: what a new owner begins with."""

from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contract.access import Access
from streams.edge.closing import close
from streams.runtime.failpoints import Failpoints
from streams.runtime.position import CLAIM_KEY, POSITION_KEY, Position, decode

_RECORDS: Final = 20_000
_FETCH_BYTES: Final = 8 << 20
_POLL_MS: Final = 500
_NOBODY: Final = Access()


class Restored(NamedTuple):
    """The last value of every row but tombstones, the position, and how many records were read for it.

    `last` is what the last commit changed, tombstones included.
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

    def take(self, key: bytes | None, value: bytes | None) -> None:
        self.read += 1
        if key == CLAIM_KEY:
            self.complete = self.complete or value == self._claim
        elif key is not None:
            self._keep(key, value)

    def _keep(self, key: bytes, value: bytes | None) -> None:
        self._since[key] = value
        if value is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = value
        if key == POSITION_KEY:  # the last row of every commit
            self.last, self._since = self._since, {}


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
    await consumer.start()
    try:
        consumer.assign([slot])
        await consumer.seek_to_beginning(slot)
        found = _Rows(claim)
        while not found.complete:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS)).values():
                for record in records:
                    found.take(record.key, record.value)
                failpoints.passing("mid_restore")
    finally:
        await close(consumer)
    stored = found.rows.pop(POSITION_KEY, None)
    return Restored(found.rows, decode(stored) if stored else Position(), found.read, found.last)

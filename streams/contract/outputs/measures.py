"""What a worker tells on the topic `measures`: absolute values per partition, compacted.

A reader keeps the last value of every key of every partition and adds the partitions up. Keys: `c|<platform>|<day>|
<attributes>` a cohort, `c|<platform>|<day>/<bits>|<attributes>` a part of a large one (docs/definitions.md §4),
`n|<platform>` a platform's counters, `k|<id>@<version>` a clock that the partition has ever loaded, `s` the partition's
status. A record without a value says that its key is gone. The status is the last record of every commit: until it is
read, a reader has seen a part of the commit, in which a report may be missing or stand twice.
"""

from typing import Final

import msgspec

from streams.domain.clocks.clock_history import LoadedClock

COHORT_PREFIX: Final = b"c|"
COUNTERS_PREFIX: Final = b"n|"
CLOCK_PREFIX: Final = b"k|"
STATUS_KEY: Final = b"s"


class PartitionStatus(msgspec.Struct, frozen=True):
    """How far a partition is: told at every commit, and every few seconds while nothing happens.

    `now` is the log time that the partition has reached, `at` the worker's wall clock, both in epoch milliseconds;
    `partitions` is how many there are in all; `pack` and `registry` name what the figures go by. `lost` counts the
    records of the partition that had left the logs before they were read. `commit` is the number of the commit with
    which it was told, 0 where an earlier version told it: the changelog holds it, too.
    """

    log_time: int
    reported_at: int
    partitions: int
    pack: str
    registry: str
    lost_records: int = 0
    commit_number: int = 0


encode_partition_status = msgspec.msgpack.Encoder().encode
decode_partition_status = msgspec.msgpack.Decoder(PartitionStatus).decode
decode_cohort = msgspec.msgpack.Decoder(dict[bytes, int]).decode
decode_counters = msgspec.msgpack.Decoder(dict[str, int]).decode
decode_clock = msgspec.msgpack.Decoder(LoadedClock).decode


def is_measure_key(key: bytes) -> bool:
    """Return whether a changelog row of the ledger is also told on `measures`."""
    return key[:2] in (COHORT_PREFIX, COUNTERS_PREFIX, CLOCK_PREFIX)

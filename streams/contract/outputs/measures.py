"""The records that a worker writes to the compacted topic `measures`: absolute values of one partition.

A reader keeps the last value of every key of every partition and adds the partitions up. Keys: `c|<platform>|<day>|
<labels>` a cohort, `c|<platform>|<day>/<bits>|<labels>` a part of a large cohort (docs/definitions.md §4),
`n|<platform>` a platform's counters, `k|<id>@<version>` a clock that the partition has ever loaded, `s` the partition's
status, `d|<SHA-256>` a declaration (on partition 0 only). A record without a value deletes its key. The status is the last record of every commit: a reader that has not
read the status has only a part of the commit, in which a report may be missing or be counted twice.
"""

from typing import Final

import msgspec

from streams.domain.clocks.clock_history import LoadedClock

COHORT_PREFIX: Final = b"c|"
COUNTERS_PREFIX: Final = b"n|"
CLOCK_PREFIX: Final = b"k|"
DECLARATION_PREFIX: Final = b"d|"
STATUS_KEY: Final = b"s"


class PartitionStatus(msgspec.Struct, frozen=True):
    """The progress of a partition, written at every commit and every few seconds without commits.

    `log_time` is the log time that the partition has reached, `reported_at` the worker's wall clock, both in epoch
    milliseconds; `partitions` is the number of all partitions; `pack` and `registry` identify the rules and the
    registry of the figures. `lost_records` counts the partition's records that left the log before they were read.
    `commit_number` is the number of the commit that contains the status, 0 from a version without it; the changelog
    contains the status, too.
    """

    log_time: int
    reported_at: int
    partitions: int
    pack: str
    registry: str
    lost_records: int = 0
    commit_number: int = 0


class DeclarationRecord(msgspec.Struct, frozen=True):
    """A declaration of a verdict that a worker has in its settings.

    `first_seen` is the log time of the first such record, in epoch milliseconds, 0 until it is known: the broker's
    timestamp in the changelog, or with `is_demo` the timestamp of the first source record that was read.
    """

    id: str
    first_seen: int = 0
    is_demo: bool = False


encode_declaration = msgspec.msgpack.Encoder().encode
decode_declaration = msgspec.msgpack.Decoder(DeclarationRecord).decode
encode_partition_status = msgspec.msgpack.Encoder().encode
decode_partition_status = msgspec.msgpack.Decoder(PartitionStatus).decode
decode_cohort = msgspec.msgpack.Decoder(dict[bytes, int]).decode
decode_counters = msgspec.msgpack.Decoder(dict[str, int]).decode
decode_clock = msgspec.msgpack.Decoder(LoadedClock).decode


def is_measure_key(key: bytes) -> bool:
    """Return whether a changelog row of the ledger is also written to `measures`."""
    return key[:2] in (COHORT_PREFIX, COUNTERS_PREFIX, CLOCK_PREFIX, DECLARATION_PREFIX)

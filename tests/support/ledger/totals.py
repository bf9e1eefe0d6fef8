"""What ledgers say, reduced to what must be equal however many there are and in whatever order they were told.

The reference is one ledger that was fed from a file; workers hold one per partition.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from streams.batch.load import LoadedFiles
from streams.contract.outputs.measures import COHORT_PREFIX, COUNTERS_PREFIX, decode_cohort, decode_counters
from streams.domain.cohorts.cohort import split_part_name
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import TOPIC_ROLES

REPORT_KEY_PREFIX = b"r|"

T = TypeVar("T")

StoredRows = Iterable[tuple[int, bytes, bytes]]
"""Partition, key and value of the last record of every key that is not gone."""

_INSTANTS = frozenset(
    {counters.DECIDED_THROUGH, counters.LAST_LOGGED_AT, counters.REMOVED_FILED_FROM, counters.REMOVED_FILED_THROUGH}
)
_WATERMARK_COUNTERS = frozenset({*map(counters.declared_watermark, TOPIC_ROLES), *map(counters.sequence, TOPIC_ROLES)})
_CORRECTED_PREFIX = counters.corrected("")


class LedgerTotals(NamedTuple):
    """Sums over all partitions.

    `counted` holds, by platform and name, what was counted less what was taken back: how often a count was corrected
    on the way depends on which topic was ahead. Instants are left out: they say how far time had passed.
    `promised` holds what every partition was told by heartbeats.
    """

    cohorts: Mapping[str, Mapping[bytes, int]]
    counters: Mapping[bytes, Mapping[str, int]]
    watermarks: Mapping[tuple[bytes, str], frozenset[int]]


def ledger_totals(stored: StoredRows, partitions: int = 1) -> LedgerTotals:
    """Return the totals of stored rows.

    `partitions` is how many there will be where these rows come from a file: every heartbeat of a file goes to all
    partitions of both topics, and a gap in their numbers is found in each.
    """
    times = {
        counters.HEARTBEATS: 1 if partitions == 1 else len(TOPIC_ROLES) * partitions,
        counters.SEQUENCE_GAPS: partitions,
    }
    cohorts: dict[str, Counter[bytes]] = {}
    counted: dict[bytes, Counter[str]] = {}
    promised: dict[tuple[bytes, str], set[int]] = {}
    for _, key, value in stored:
        if key.startswith(COHORT_PREFIX):
            name, _ = split_part_name(key[len(COHORT_PREFIX) :].decode())
            cohorts.setdefault(name, Counter()).update(decode_cohort(value))
        elif key.startswith(COUNTERS_PREFIX):
            tally = decode_counters(value)
            counted.setdefault(key, Counter()).update(_net(tally, times))
            for name in _WATERMARK_COUNTERS & tally.keys():
                promised.setdefault((key, name), set()).add(tally[name])
    return LedgerTotals(
        cohorts={key: _without_zeros(cohort) for key, cohort in cohorts.items() if _without_zeros(cohort)},
        counters={key: _without_zeros(tally) for key, tally in counted.items()},
        watermarks={place: frozenset(values) for place, values in promised.items()},
    )


def report_rows(stored: StoredRows) -> dict[bytes, bytes]:
    """Return the row of every report; AssertionError where two partitions have a row of the same one."""
    rows: dict[bytes, bytes] = {}
    for _, key, value in stored:
        if key.startswith(REPORT_KEY_PREFIX):
            assert key not in rows, f"expected {key!r} on one partition"
            rows[key] = value
    return rows


def totals_of_file(read: LoadedFiles, now: int) -> list[tuple[int, bytes, bytes]]:
    """Return the rows of the ledger that was fed from a file, when time has passed to `now` as it did elsewhere."""
    read.ledger.advance(now)
    return [(0, key, value) for key, value in read.ledger.drain_changes().items() if value is not None]


def _net(tally: Mapping[str, int], times: Mapping[str, int]) -> Counter[str]:
    net: Counter[str] = Counter()
    for name, count in tally.items():
        if name == counters.UNFILED:
            net[counters.FILED] -= count
        elif name.startswith(_CORRECTED_PREFIX):
            net[name.removeprefix(_CORRECTED_PREFIX)] -= count
        elif name not in _INSTANTS | _WATERMARK_COUNTERS:
            net[name] += times.get(name, 1) * count
    return net


def _without_zeros(counts: Mapping[T, int]) -> dict[T, int]:
    return {name: count for name, count in counts.items() if count}

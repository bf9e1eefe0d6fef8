"""How old the figures are, and why they should be shown greyed."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.contract.outputs.measures import PartitionStatus
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import MINUTE, SECOND

MAX_INPUT_AGE_MS: Final = MINUTE
"""A partition that has not been heard of for longer, or whose log time lies further back, greys every figure."""


class Freshness(NamedTuple):
    """What the inputs of the figures are like at a moment.

    `as_of` is the smallest `now` over all partitions, in epoch milliseconds, None until every one of them has been
    read to its end and has told its status; only then may figures be shown. `expected` is how many there are, `ready`
    which of them were heard of lately. `reasons` say in sentences why the figures are greyed; none: they are not.
    `lost` is how many records of each partition nobody could measure, by what it has told.
    """

    as_of: int | None
    partition_count: int | None
    ready_partitions: frozenset[int]
    reasons: tuple[str, ...]
    lost_records: Mapping[int, int] = MappingProxyType({})


def assess_freshness(
    statuses: Mapping[int, PartitionStatus],
    caught_up: Collection[int],
    now: int,
    pack_name: str,
    received_at: Mapping[int, int] = MappingProxyType({}),
) -> Freshness:
    """Return how fresh the inputs are at the instant `wall`.

    `read` are the partitions that were read to their ends; `pack` is the one that this board's clocks are from.
    `heard` is when each status was heard, by the clock of `wall`: what it tells of that clock's future counts as of then.
    """
    expected = max((status.partitions for status in statuses.values()), default=None)
    if expected is None:
        return Freshness(None, None, frozenset(), ("no worker has told its status yet",))
    every = range(expected)
    begun = {partition for partition, status in statuses.items() if status.log_time}
    read_statuses = {
        partition: statuses[partition] for partition in every if partition in begun and partition in caught_up
    }
    latest = {partition: received_at.get(partition, now) for partition in read_statuses}
    silent = [
        partition
        for partition, status in read_statuses.items()
        if now - min(status.reported_at, latest[partition]) > MAX_INPUT_AGE_MS
    ]
    behind = [
        partition
        for partition, status in read_statuses.items()
        if now - min(status.log_time, latest[partition]) > MAX_INPUT_AGE_MS
    ]
    reasons = [
        *_partition_reason(
            [partition for partition in every if partition not in statuses], "no worker has told its status yet"
        ),
        *_partition_reason([partition for partition in statuses if partition not in begun], "nothing measured yet"),
        *_partition_reason([partition for partition in begun if partition not in caught_up], "not read to its end yet"),
        *_partition_reason(silent, f"not heard of for more than {MAX_INPUT_AGE_MS // SECOND} s"),
        *_partition_reason(behind, _describe_lag(read_statuses[partition].log_time for partition in behind)),
        *_describe_disagreements(statuses.values(), pack_name),
    ]
    complete = len(read_statuses) == expected
    return Freshness(
        as_of=min(status.log_time for status in read_statuses.values()) if complete else None,
        partition_count=expected,
        ready_partitions=frozenset(read_statuses) - frozenset(silent),
        reasons=tuple(reasons),
        lost_records={partition: status.lost_records for partition, status in read_statuses.items()},
    )


def _partition_reason(partitions: Collection[int], problem: str) -> Iterable[str]:
    if partitions:
        yield f"partition{'s' if len(partitions) > 1 else ''} {', '.join(map(str, sorted(partitions)))}: {problem}"


def _describe_lag(log_times: Iterable[int]) -> str:
    earliest = min(log_times, default=0)
    return f"measured up to {format_timestamp(earliest)}, more than {MAX_INPUT_AGE_MS // SECOND} s behind"


def _describe_disagreements(statuses: Collection[PartitionStatus], pack_name: str) -> Iterable[str]:
    packs = sorted({status.pack for status in statuses} - {pack_name, ""})
    if packs:
        yield f"workers go by the rule pack {', '.join(packs)}, this board by {pack_name}"
    if len({status.registry for status in statuses}) > 1:
        yield "workers go by different registries"
    if len({status.partitions for status in statuses}) > 1:
        yield "workers disagree on the number of partitions"

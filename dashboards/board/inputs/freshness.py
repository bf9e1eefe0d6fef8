"""Decides how old the figures are, and why they are stale."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.contract.outputs.measures import PartitionStatus
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import MINUTE, SECOND

MAX_INPUT_AGE_MS: Final = MINUTE
"""All figures are stale while the last status or the log time of any partition is older than this."""


class Freshness(NamedTuple):
    """The state of the board's inputs at an instant.

    `as_of` is the smallest log time of all partitions, in epoch milliseconds. It is None, and no figure may be
    exported, until every partition was read to its end and has a status. `ready_partitions` sent a status lately.
    `reasons` say in sentences why the figures are stale; without reasons they are fresh. `lost_records` is the number
    of records that each partition reports as lost before they were measured.
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
    """Return how fresh the inputs are at the instant `now`, epoch milliseconds.

    `caught_up` are the partitions that were read to their ends; `pack_name` names this board's rulebook.
    `received_at` is when the board received each status, by its own clock: later times in a status count as this time.
    """
    expected = max((status.partitions for status in statuses.values()), default=None)
    if expected is None:
        return Freshness(None, None, frozenset(), ("no worker has sent a status yet",))
    every = range(expected)
    started = {partition for partition, status in statuses.items() if status.log_time}
    read_statuses = {
        partition: statuses[partition] for partition in every if partition in started and partition in caught_up
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
            [partition for partition in every if partition not in statuses], "no worker has sent a status yet"
        ),
        *_partition_reason([partition for partition in statuses if partition not in started], "nothing measured yet"),
        *_partition_reason(
            [partition for partition in started if partition not in caught_up], "not read to its end yet"
        ),
        *_partition_reason(silent, f"no status for more than {MAX_INPUT_AGE_MS // SECOND} s"),
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
        yield f"workers use the rule pack {', '.join(packs)}, this board uses {pack_name}"
    if len({status.registry for status in statuses}) > 1:
        yield "workers use different registries"
    if len({status.partitions for status in statuses}) > 1:
        yield "workers disagree on the number of partitions"

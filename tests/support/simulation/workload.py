"""The stream that every contender reads: a simulated history of eight invented platforms, and its true totals."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import PublishedEvent, encode_line
from producers.simulation.traffic import simulate_history
from streams.contract.events.keys import heartbeat_key, record_key
from streams.contract.events.schema.envelope import (
    ActionTakenEvent,
    HeartbeatEvent,
    ReportFiledEvent,
    encode_structured,
)
from streams.contract.registry.registry import Role
from streams.contract.timestamps import parse_timestamp
from streams.contract.topics import partition_of
from tests.support.simulation.reference_join import JoinTotals, bucket_of, is_overdue

PARTITIONS: Final = 8


class WorkloadRecord(NamedTuple):
    """A record as it lies on its topic; `logged_ms` is its timestamp."""

    role: Role
    partition: int
    key: bytes
    value: bytes
    logged_ms: int


class Workload(NamedTuple):
    """Records in the order in which they are told, the same as lines of a file, and what a join of them must come to."""

    records: Sequence[WorkloadRecord]
    lines: Sequence[bytes]
    totals: JoinTotals


def simulate_workload(reports: int, end_ms: int, records: int | None = None) -> Workload:
    """Return the thirteen weeks before `end_ms` with about so many reports, or the first `records` records of them.

    A worker lets time pass up to its clock when it has read all: of a workload that lies far back it then forgets everything.

    A heartbeat is one record on each partition, as a publisher sends it.
    """
    generated: list[WorkloadRecord] = []
    lines: list[bytes] = []
    begun: dict[str, list[int]] = defaultdict(list)
    acted: dict[str, list[int]] = defaultdict(list)
    for one in simulate_history(SimulationConfig.ending_at(end_ms, seed=7, reports=reports)):
        if records is not None and len(generated) >= records:
            break
        event = one.event
        generated.extend(_records(one))
        lines.append(encode_line(one) + b"\n")
        if isinstance(event, ReportFiledEvent):
            begun[event.subject].append(parse_timestamp(event.time))
        elif isinstance(event, ActionTakenEvent):
            acted[event.subject].append(parse_timestamp(event.time))
    firsts = {token: min(times) for token, times in acted.items()}
    return Workload(generated, lines, _totals({token: min(times) for token, times in begun.items()}, firsts))


def _records(published: PublishedEvent) -> Iterable[WorkloadRecord]:
    at_ms, topic, platform, event = published
    value = encode_structured(event)
    if isinstance(event, HeartbeatEvent):
        key = heartbeat_key(platform)
        return [WorkloadRecord(topic, partition, key, value, at_ms) for partition in range(PARTITIONS)]
    key = record_key(platform, event.subject)
    return [WorkloadRecord(topic, partition_of(key, PARTITIONS), key, value, at_ms)]


def _totals(filings: dict[str, int], first_actions: dict[str, int]) -> JoinTotals:
    durations = [first_actions[token] - at for token, at in filings.items() if token in first_actions]
    histogram: dict[int, int] = defaultdict(int)
    for duration in durations:
        histogram[bucket_of(duration)] += 1
    return JoinTotals(
        len(filings), len(durations), dict(histogram), sum(is_overdue(duration) for duration in durations)
    )

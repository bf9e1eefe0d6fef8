"""The worker with its real ledger, through a real broker, comes to the rows and cohorts of a plain fold."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping

import msgspec
import pytest

from streams.contract.events.decoder import EventDecoder
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.registry.registry import Platform, Registry, Role
from streams.contract.topics import TopicSettings
from streams.domain.ledger.ledger import Ledger
from streams.edge.clock import wall_clock_ms
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, decode_checkpoint
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.partition import source_topics
from streams.runtime.partition.context import WorkerDependencies
from streams.runtime.partition.fair_turns import FairScheduler
from streams.runtime.settings import load_settings
from streams.runtime.topic_checks.preflight import OutputTopics
from streams.runtime.worker import Worker
from tests.support.kafka.async_records import read_topic
from tests.support.process.counting.counting_chain import wait_until_async
from tests.support.process.counting.counting_worker import FAST_SETTINGS
from tests.support.process.counting.in_process_worker import STOP_SECONDS, applied_records
from tests.support.simulation.workload import PARTITIONS, Workload, WorkloadRecord, simulate_workload
from tests.support.simulation.workload_topics import publish_workload, topic_name

PLATFORMS = ("harbor", "lantern", "meadow", "cobalt", "juniper", "pebble", "quartz", "saffron")

Rows = dict[tuple[int, bytes], object]


class WorkloadSourceRecord:
    """A record as the decoder reads it."""

    def __init__(self, workload_record: WorkloadRecord, prefix: str, own: Collection[str]) -> None:
        role, self.partition, self.key, self.value, self.timestamp = workload_record
        self.topic = topic_name(prefix, role, self.key.partition(b"|")[0].decode(), own)
        self.offset = 0
        self.headers: tuple[tuple[str, bytes], ...] = ()


def ledger_dependencies(prefix: str, own: Collection[str] = ()) -> WorkerDependencies:
    platforms = {
        name: Platform(
            id=name,
            provider="",
            report_filed=topic_name(prefix, Role.REPORT_FILED, name, own),
            action_taken=topic_name(prefix, Role.ACTION_TAKEN, name, own),
        )
        for name in PLATFORMS
    }
    registry = Registry(platforms, partitions=PARTITIONS)
    rules, codec = ledger_config(registry), MessagePackCodec()
    return WorkerDependencies(
        registry=registry,
        decoder=EventDecoder(registry),
        make_ledger=lambda _: Ledger(rules, codec),
        output_topics=OutputTopics(*[f"{prefix}{word}" for word in ("changelog", "measures", "refused", "notices")]),
    )


def reference_rows(workload: Workload, prefix: str, now: Mapping[int, int]) -> Rows:
    """Return the rows that plain ledgers store for the workload, record by record in the order of their log times.

    `now` is how far the time of every partition has passed: what is forgotten follows from it.
    """
    dependencies = ledger_dependencies(prefix)
    ledgers = {number: dependencies.make_ledger(number) for number in range(PARTITIONS)}
    for one in workload.records:
        event = dependencies.decoder.decode(WorkloadSourceRecord(one, prefix, ()))
        assert ledgers[one.partition].apply(event) is None  # type: ignore[arg-type]  # a workload holds no refusals
    rows: Rows = {}
    for number, ledger in ledgers.items():
        ledger.advance(now[number], 1 << 62)
        rows |= {
            (number, key): comparable(value)
            for key, value in ledger.drain_changes().items()
            if comparable_row(key, value)
        }
    assert any(key.startswith(b"r|") for _, key in rows), "expected rows of reports"
    return rows


def comparable_row(key: bytes, value: bytes | None) -> bool:
    """Whether a row is a function of the set of events; counters also tell in which order things were learnt."""
    return value is not None and key[:2] in (b"r|", b"c|")


def comparable(value: bytes | None) -> object:
    return msgspec.msgpack.decode(value or b"")


async def restore_rows(bootstrap: str, changelog: str) -> tuple[Rows, dict[int, int]]:
    """Return the rows of every partition, and to which instant its time has passed."""
    last: dict[int, dict[bytes, bytes | None]] = defaultdict(dict)
    for record in await read_topic(bootstrap, changelog, PARTITIONS):
        last[record.partition][record.key] = record.value
    kept = {
        (number, key): comparable(value)
        for number, rows in last.items()
        for key, value in rows.items()
        if comparable_row(key, value)
    }
    return kept, {number: decode_checkpoint(rows[CHECKPOINT_KEY] or b"").log_time for number, rows in last.items()}


async def run_worker(bootstrap: str, prefix: str, workload: Workload, dependencies: WorkerDependencies) -> None:
    """Let a worker take in a workload that lies on its topics."""
    settings = load_settings(
        {"SAFECLOCK_BOOTSTRAP": bootstrap, "SAFECLOCK_APPLICATION": prefix, "SAFECLOCK_RECORD_TIME": "create"}
    )
    with KafkaAdmin(bootstrap) as admin:
        for name in dependencies.output_topics or ():
            config = {} if name.endswith("refused") else {"cleanup.policy": "compact"}
            admin.create_topic(TopicSettings(name=name, partitions=PARTITIONS, replication_factor=1, config=config))
    worker = Worker(settings, dependencies, FAST_SETTINGS)
    try:
        await worker.start()
        await wait_until_async(lambda: applied_records(worker) == len(workload.records), "the whole workload")
    finally:
        await asyncio.wait_for(worker.stop(), STOP_SECONDS)


@pytest.mark.parametrize("broker", ["apache_kafka", "embedded_broker"])
async def test_rows_and_cohorts_are_those_of_a_plain_fold(request: pytest.FixtureRequest, broker: str) -> None:
    bootstrap: str = request.getfixturevalue(broker)
    prefix = f"truth{uuid.uuid4().hex[:6]}-"
    workload = simulate_workload(1_000, wall_clock_ms())
    await asyncio.to_thread(publish_workload, bootstrap, prefix, workload)

    await run_worker(bootstrap, prefix, workload, ledger_dependencies(prefix))

    found, now = await restore_rows(bootstrap, f"{prefix}changelog")
    assert found == reference_rows(workload, prefix, now)


async def test_a_backlog_beside_that_of_others_comes_to_the_same_rows_and_cohorts(
    apache_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, own = f"truth{uuid.uuid4().hex[:6]}-", ("harbor", "meadow")
    workload = simulate_workload(1_000, wall_clock_ms())
    await asyncio.to_thread(publish_workload, apache_kafka, prefix, workload, own)
    turns: list[int] = []
    monkeypatch.setattr(
        source_topics, "_BACKLOG_RECORDS", 5
    )  # a workload that is short enough for a test is no backlog otherwise
    monkeypatch.setattr(FairScheduler, "run", recording_turns(turns))

    await run_worker(apache_kafka, prefix, workload, ledger_dependencies(prefix, own))

    found, now = await restore_rows(apache_kafka, f"{prefix}changelog")
    assert found == reference_rows(workload, prefix, now)
    assert set(turns) == set(range(PARTITIONS))


def recording_turns(turns: list[int]) -> Callable[..., Awaitable[int]]:
    """Return the taking of a turn that writes down whose it is."""
    take = FairScheduler.run

    async def taken(self: FairScheduler, number: int, work: Callable[[int], Awaitable[int]]) -> int:
        turns.append(number)
        return await take(self, number, work)

    return taken

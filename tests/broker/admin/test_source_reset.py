"""A worker stops at a recreated topic, and continues when an operator accepts the topic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiokafka.errors import ProducerFenced

from streams.admin.errors import OperatingError
from streams.admin.source_reset.rules import ResumeFrom, SourceLog, resumed_checkpoint
from streams.admin.source_reset.source_reset import (
    BlockedPartition,
    ClusterSession,
    accept_reset,
    blocked_partitions,
    open_session,
)
from streams.domain.duration_bins import DAY
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, TopicOffset, encode_checkpoint
from streams.runtime.journal.journal import Commit, JournalTarget
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.partition.takeover.takeover import SourceTopicError
from streams.runtime.settings import RecordTime, load_settings
from streams.runtime.worker import Worker
from tests.support.ledger.totals import ledger_totals
from tests.support.process.admin_terminal import AdminTerminal
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.counting.counting_chain import TIMEOUT_SECONDS, CountingChain, wait_until_async
from tests.support.process.counting.counting_worker import FAST_SETTINGS, counting_dependencies
from tests.support.process.counting.in_process_worker import STOP_SECONDS, applied_records, running_worker
from tests.support.process.production_topics import deleted_topics
from tests.support.process.reference_comparison import assert_equals_reference
from tests.support.simulation.recent_history import event_lines, recent_plan, split_lines
from tests.support.waiting import wait_until

pytestmark = pytest.mark.apache  # `production` runs there

PARTITIONS = (0, 1)
PLAN = recent_plan(reports=600, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
IMMEDIATE_SECONDS = 30.0
"""Half the time after which the broker aborts an open transaction."""
APPLIED = "safeclock_worker_records_applied_total"


@pytest.fixture
async def scene(apache_kafka: str) -> AsyncIterator[CountingChain]:
    made = await asyncio.to_thread(CountingChain, apache_kafka, 2, RecordTime.LOG)
    yield made
    made.close()


async def wait_until_counted(scene: CountingChain, count: int) -> None:
    """Publish and count records."""
    await scene.publish(count)
    async with running_worker(scene) as worker:
        await wait_until_async(lambda: applied_records(worker) == count, f"{count} records")


async def cluster_session(scene: CountingChain) -> ClusterSession:
    return await asyncio.to_thread(open_session, load_settings(scene.environment()), scene.registry, scene.names)


async def accept_every_partition(scene: CountingChain, topic: str, where: ResumeFrom) -> list[BlockedPartition]:
    stage = await cluster_session(scene)
    found = await blocked_partitions(stage, topic, PARTITIONS, where)
    for case in found:
        await accept_reset(stage, case, where)
    return found


async def run_until_stopped(scene: CountingChain) -> str:
    """Start a worker that must stop by itself, and return why."""
    worker = Worker(
        load_settings(scene.environment()), counting_dependencies(scene.prefix, scene.partitions), FAST_SETTINGS
    )
    try:
        await worker.start()
        with pytest.raises(SourceTopicError) as raised:
            await asyncio.wait_for(worker.wait(), TIMEOUT_SECONDS)
    finally:
        with suppress(SourceTopicError):
            await asyncio.wait_for(worker.stop(), STOP_SECONDS)
    return str(raised.value)


async def test_a_worker_that_stops_by_itself_leaves_no_producer_at_work(scene: CountingChain) -> None:
    await wait_until_counted(scene, 2)
    await scene.recreate_topic(scene.sources[0])

    await run_until_stopped(scene)

    assert [task for task in map(repr, asyncio.all_tasks()) if "aiokafka/producer" in task] == []


async def test_a_worker_continues_with_a_topic_that_was_recreated_once_it_is_accepted(scene: CountingChain) -> None:
    topic = scene.sources[0]
    await wait_until_counted(scene, 20)
    await scene.recreate_topic(topic)
    await scene.publish(8)
    said = await run_until_stopped(scene)

    taken = await accept_every_partition(scene, topic, ResumeFrom.BEGINNING)
    async with running_worker(scene) as worker:
        await wait_until_async(lambda: applied_records(worker) == 8, "the new records", scene.logs)

    assert said.startswith(f"{topic}: expected the topic with id")
    assert [case.number for case in taken] == [0, 1]
    assert (await scene.committed_totals())["records"] == 20 + 8
    assert set(await scene.rows()) == {1}, "every key is new, and each is counted once"
    assert await accept_every_partition(scene, topic, ResumeFrom.BEGINNING) == []


@pytest.mark.slow
async def test_what_a_new_topic_holds_is_passed_over_when_that_is_asked_for(scene: CountingChain) -> None:
    topic = scene.sources[0]
    await wait_until_counted(scene, 20)
    await scene.recreate_topic(topic)
    await scene.publish(8)

    await accept_every_partition(scene, topic, ResumeFrom.END)
    async with running_worker(scene) as worker:
        await wait_until_async(lambda: applied_records(worker) == 4, "the other topic's records", scene.logs)
        await scene.publish(2)
        await wait_until_async(lambda: applied_records(worker) == 6, "what came afterwards", scene.logs)

    assert (await scene.committed_totals())["records"] == 20 + 4 + 2


async def test_a_topic_is_accepted_at_once_after_a_worker_was_killed_in_a_transaction(scene: CountingChain) -> None:
    topic = scene.sources[0]
    await wait_until_counted(scene, 20)
    worker = scene.start_worker(SAFECLOCK_FAILPOINT="sent_not_committed")
    await scene.publish(4)
    await wait_until_async(lambda: worker.exit_code is not None, "the worker to die in a transaction", scene.logs)
    await scene.recreate_topic(topic)

    async with asyncio.timeout(IMMEDIATE_SECONDS):
        taken = await accept_every_partition(scene, topic, ResumeFrom.BEGINNING)

    assert [case.number for case in taken] == [0, 1]
    async with running_worker(scene) as again:
        await wait_until_async(lambda: applied_records(again) == 2, "the other topic's records", scene.logs)


async def test_a_worker_that_still_believes_in_its_partition_is_fenced(scene: CountingChain) -> None:
    topic, place = scene.sources[0], JournalTarget(scene.bootstrap, scene.prefix, scene.names.changelog, 0, 1_000_000)
    believer = TransactionJournal(place, Failpoints())
    former = Checkpoint(topics={topic: TopicOffset(50, "another-topic")})
    try:
        await believer.claim()
        await believer.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(former)}, {}))

        taken = await accept_every_partition(scene, topic, ResumeFrom.BEGINNING)

        assert [case.number for case in taken] == [0]
        with pytest.raises(ProducerFenced):
            await believer.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(former)}, {}))
    finally:
        await believer.close()
    assert await accept_every_partition(scene, topic, ResumeFrom.BEGINNING) == []


async def test_a_position_that_moved_after_it_was_shown_is_not_accepted(scene: CountingChain) -> None:
    topic, stage = scene.sources[0], await cluster_session(scene)
    checkpoint = Checkpoint(topics={topic: TopicOffset(50, "another-topic")})
    log = SourceLog(topic, stage.cluster.source_topic_ids[topic], 0, 0)
    case = BlockedPartition(0, log, checkpoint, resumed_checkpoint(checkpoint, log, ResumeFrom.END))

    with pytest.raises(OperatingError, match="has changed meanwhile"):
        await accept_reset(stage, case, ResumeFrom.END)


@pytest.mark.parametrize(("topic", "numbers"), [("elsewhere", (0,)), ("", (0, 7))])
async def test_only_partitions_of_source_topics_can_be_accepted(
    scene: CountingChain, topic: str, numbers: tuple[int]
) -> None:
    stage = await cluster_session(scene)

    with pytest.raises(OperatingError, match="expected"):
        await blocked_partitions(stage, topic or scene.sources[0], numbers, ResumeFrom.END)


@pytest.fixture
def chain(contract_topics_chain: ChainFactory) -> Chain:
    made = contract_topics_chain("apache_kafka", 2)
    made.run_command("admin", "apply", "--replication=1", "--record-time=create")
    return made


@pytest.mark.slow
def test_the_commands_bring_a_real_ledger_over_a_topic_that_was_recreated(chain: Chain) -> None:
    *pieces, rest = split_lines(event_lines(PLAN), 3)
    chain.publish(pieces[0])
    worker = chain.start_worker()
    wait_until(lambda: worker.counter_total(APPLIED) > 0, "the worker to count", chain.logs)
    topic = chain.sources[1]
    chain.publish(pieces[1])
    now = chain.wait_until_applied(0)
    before = ledger_totals(chain.stored(chain.names.changelog))
    assert worker.terminate() == 0, chain.logs()
    assert now
    with deleted_topics(chain.bootstrap, [topic]):
        pass
    chain.run_command("admin", "apply", "--replication=1", "--record-time=create")
    chain.publish(rest)
    sick = chain.start_worker()
    wait_until(lambda: sick.exit_code is not None, "the worker to stop", chain.logs)
    assert sick.exit_code == 1
    assert "safeclock admin accept-source-reset TOPIC --from beginning|end" in sick.log.read_text()

    asked = ("admin", "accept-source-reset", topic, "--from", "beginning")
    said = AdminTerminal(chain.environment()).run(*asked)
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (2, "nothing was changed: add --yes to accept this")
    assert AdminTerminal(chain.environment()).run(*asked, "--yes").exit_code == 0
    healthy = chain.start_worker()
    now = chain.wait_until_applied(DUE)

    assert healthy.terminate() == 0, chain.logs()
    assert_equals_reference(chain, event_lines(PLAN), now)
    assert before.counters.keys() <= ledger_totals(chain.stored(chain.names.changelog)).counters.keys()

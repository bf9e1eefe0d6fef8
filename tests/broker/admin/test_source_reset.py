"""A worker that stopped at a topic that was made anew goes on when an operator accepts it."""

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
from tests.support.ledger.totals import totals
from tests.support.process.admin_terminal import Terminal
from tests.support.process.chain import Chain, Make
from tests.support.process.counting.counting_chain import DEADLINE_SECONDS, Scene, eventually
from tests.support.process.counting.counting_worker import QUICK, trade_of
from tests.support.process.counting.in_process_worker import STOP_SECONDS, applied, working
from tests.support.process.production_topics import deleted
from tests.support.process.reference_comparison import agree
from tests.support.simulation.recent_history import lines_of, plan_of
from tests.support.waiting import until
from tests.system.chain.test_killed_workers import parts

pytestmark = pytest.mark.apache  # `production` runs there

PARTITIONS = (0, 1)
PLAN = plan_of(reports=600, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
AT_ONCE_SECONDS = 30.0
"""Half of what the broker waits for whoever left a transaction open."""
APPLIED = "safeclock_worker_records_applied_total"


@pytest.fixture
async def scene(apache_kafka: str) -> AsyncIterator[Scene]:
    made = await asyncio.to_thread(Scene, apache_kafka, 2, RecordTime.LOG)
    yield made
    made.close()


async def counted(scene: Scene, count: int) -> None:
    """Publish and count records."""
    await scene.publish(count)
    async with working(scene) as worker:
        await eventually(lambda: applied(worker) == count, f"{count} records")


async def stage_of(scene: Scene) -> ClusterSession:
    return await asyncio.to_thread(open_session, load_settings(scene.environment()), scene.registry, scene.names)


async def accept_all(scene: Scene, topic: str, where: ResumeFrom) -> list[BlockedPartition]:
    stage = await stage_of(scene)
    found = await blocked_partitions(stage, topic, PARTITIONS, where)
    for case in found:
        await accept_reset(stage, case, where)
    return found


async def stopped(scene: Scene) -> str:
    """Start a worker that must stop by itself, and return why."""
    worker = Worker(load_settings(scene.environment()), trade_of(scene.prefix, scene.partitions), QUICK)
    try:
        await worker.start()
        with pytest.raises(SourceTopicError) as told:
            await asyncio.wait_for(worker.wait(), DEADLINE_SECONDS)
    finally:
        with suppress(SourceTopicError):
            await asyncio.wait_for(worker.stop(), STOP_SECONDS)
    return str(told.value)


async def test_a_worker_that_stops_by_itself_leaves_no_producer_at_work(scene: Scene) -> None:
    await counted(scene, 2)
    await scene.make_anew(scene.sources[0])

    await stopped(scene)

    assert [task for task in map(repr, asyncio.all_tasks()) if "aiokafka/producer" in task] == []


async def test_a_worker_goes_on_with_a_topic_that_was_made_anew_once_it_is_accepted(scene: Scene) -> None:
    topic = scene.sources[0]
    await counted(scene, 20)
    await scene.make_anew(topic)
    await scene.publish(8)
    said = await stopped(scene)

    taken = await accept_all(scene, topic, ResumeFrom.BEGINNING)
    async with working(scene) as worker:
        await eventually(lambda: applied(worker) == 8, "the new records", scene.logs)

    assert said.startswith(f"{topic}: expected the topic with id")
    assert [case.number for case in taken] == [0, 1]
    assert (await scene.totals())["records"] == 20 + 8
    assert set(await scene.rows()) == {1}, "every key is new, and each is counted once"
    assert await accept_all(scene, topic, ResumeFrom.BEGINNING) == []


@pytest.mark.slow
async def test_what_a_new_topic_holds_is_passed_over_when_that_is_asked_for(scene: Scene) -> None:
    topic = scene.sources[0]
    await counted(scene, 20)
    await scene.make_anew(topic)
    await scene.publish(8)

    await accept_all(scene, topic, ResumeFrom.END)
    async with working(scene) as worker:
        await eventually(lambda: applied(worker) == 4, "the other topic's records", scene.logs)
        await scene.publish(2)
        await eventually(lambda: applied(worker) == 6, "what came afterwards", scene.logs)

    assert (await scene.totals())["records"] == 20 + 4 + 2


async def test_a_topic_is_accepted_at_once_after_a_worker_was_killed_in_a_transaction(scene: Scene) -> None:
    topic = scene.sources[0]
    await counted(scene, 20)
    worker = scene.start(SAFECLOCK_FAILPOINT="sent_not_committed")
    await scene.publish(4)
    await eventually(lambda: worker.code is not None, "the worker to die in a transaction", scene.logs)
    await scene.make_anew(topic)

    async with asyncio.timeout(AT_ONCE_SECONDS):
        taken = await accept_all(scene, topic, ResumeFrom.BEGINNING)

    assert [case.number for case in taken] == [0, 1]
    async with working(scene) as again:
        await eventually(lambda: applied(again) == 2, "the other topic's records", scene.logs)


async def test_a_worker_that_still_believes_in_its_partition_is_fenced(scene: Scene) -> None:
    topic, place = scene.sources[0], JournalTarget(scene.bootstrap, scene.prefix, scene.names.changelog, 0, 1_000_000)
    believer = TransactionJournal(place, Failpoints())
    former = Checkpoint(topics={topic: TopicOffset(50, "another-topic")})
    try:
        await believer.claim()
        await believer.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(former)}, {}))

        taken = await accept_all(scene, topic, ResumeFrom.BEGINNING)

        assert [case.number for case in taken] == [0]
        with pytest.raises(ProducerFenced):
            await believer.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(former)}, {}))
    finally:
        await believer.close()
    assert await accept_all(scene, topic, ResumeFrom.BEGINNING) == []


async def test_a_position_that_moved_after_it_was_told_is_not_accepted(scene: Scene) -> None:
    topic, stage = scene.sources[0], await stage_of(scene)
    told = Checkpoint(topics={topic: TopicOffset(50, "another-topic")})
    log = SourceLog(topic, stage.cluster.source_topic_ids[topic], 0, 0)
    case = BlockedPartition(0, log, told, resumed_checkpoint(told, log, ResumeFrom.END))

    with pytest.raises(OperatingError, match="has changed meanwhile"):
        await accept_reset(stage, case, ResumeFrom.END)


@pytest.mark.parametrize(("topic", "numbers"), [("elsewhere", (0,)), ("", (0, 7))])
async def test_only_partitions_of_source_topics_can_be_accepted(scene: Scene, topic: str, numbers: tuple[int]) -> None:
    stage = await stage_of(scene)

    with pytest.raises(OperatingError, match="expected"):
        await blocked_partitions(stage, topic or scene.sources[0], numbers, ResumeFrom.END)


@pytest.fixture
def chain(production: Make) -> Chain:
    made = production("apache_kafka", 2)
    made.run("admin", "apply", "--replication=1", "--record-time=create")
    return made


@pytest.mark.slow
def test_the_commands_bring_a_real_ledger_over_a_topic_that_was_made_anew(chain: Chain) -> None:
    *pieces, rest = parts(lines_of(PLAN), 3)
    chain.publish(pieces[0])
    worker = chain.worker()
    until(lambda: worker.total(APPLIED) > 0, "the worker to count", chain.logs)
    topic = chain.sources[1]
    chain.publish(pieces[1])
    now = chain.settled(0)
    before = totals(chain.stored(chain.names.changelog))
    assert worker.terminate() == 0, chain.logs()
    assert now
    with deleted(chain.bootstrap, [topic]):
        pass
    chain.run("admin", "apply", "--replication=1", "--record-time=create")
    chain.publish(rest)
    sick = chain.worker()
    until(lambda: sick.code is not None, "the worker to stop", chain.logs)
    assert sick.code == 1
    assert "safeclock admin accept-source-reset TOPIC --from beginning|end" in sick.log.read_text()

    asked = ("admin", "accept-source-reset", topic, "--from", "beginning")
    said = Terminal(chain.environment()).run(*asked)
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (2, "nothing was changed: add --yes to accept this")
    assert Terminal(chain.environment()).run(*asked, "--yes").exit_code == 0
    healthy = chain.worker()
    now = chain.settled(DUE)

    assert healthy.terminate() == 0, chain.logs()
    agree(chain, lines_of(PLAN), now)
    assert before.counted.keys() <= totals(chain.stored(chain.names.changelog)).counted.keys()

"""A platform's topic fails while another platform is counted: that one goes on, and the first loses nothing but time."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import msgspec
import pytest
from aiokafka import TopicPartition

from streams.admin.source_reset.rules import ResumeFrom
from streams.admin.source_reset.source_reset import accept_reset, blocked_partitions, open_session
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Registry
from streams.edge.clock import wall_clock_ms
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, encode_checkpoint
from streams.runtime.journal.journal import Commit, JournalTarget
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.settings import load_settings
from tests.support.failures import topic_changes
from tests.support.failures.failing_chain import FailingChain
from tests.support.failures.fixtures import Fail
from tests.support.failures.live_traffic import Live
from tests.support.failures.source_truth import Told, folded, told
from tests.support.ledger.totals import totals
from tests.support.process.chain import Part
from tests.support.waiting import until

pytestmark = pytest.mark.slow

SUSPENDED = "safeclock_worker_suspended_partitions"
WHARF = """
[[platforms]]
id = "wharf"
provider = "Long Pier Clips"
report_filed = "{own}-report-filed.wharf"
action_taken = "{own}-action-taken.wharf"
cadence = "1s"
"""
"""A platform with topics of its own, that is heard every second: what it does not tell in time is soon a miss."""


class Pier(NamedTuple):
    """A chain with two platforms: harbor, and wharf, whose topics are made to fail."""

    chain: FailingChain
    harbor: Live
    wharf: Live
    both: Registry
    alone: Registry

    @property
    def filed(self) -> str:
        """The topic that fails."""
        return f"{self.chain.application}-report-filed.wharf"

    @property
    def topics(self) -> list[str]:
        """The topics of the platform that fails."""
        return [topic for topic in self.both.source_topics() if topic.endswith(".wharf")]

    @contextmanager
    def without_wharf(self) -> Iterator[None]:
        """Let the chain know harbor only, as its publisher does."""
        self.chain.registry, self.chain.sources = self.alone, self.alone.source_topics()
        try:
            yield
        finally:
            self.chain.registry, self.chain.sources = self.both, self.both.source_topics()

    def harbor_is_counted(self) -> None:
        """Tell of harbor's today and return when all of it is counted."""
        with self.without_wharf():
            self.chain.tell(line for _ in range(4) for line in self.harbor.beat(wall_clock_ms()))
            self.chain.caught_up()

    def tell_wharf(self, count: int = 4) -> None:
        """Tell of wharf's today."""
        self.chain.tell(line for _ in range(count) for line in self.wharf.beat(wall_clock_ms()))

    def places(self) -> dict[TopicPartition, int]:
        """Return the positions of wharf's topic_partitions."""
        found = self.chain.positions().items()
        return {TopicPartition(topic, number): at.topics[topic].next for number, at in found for topic in self.topics}

    def suspended(self, worker: Part, partitions: int) -> None:
        """Return when a worker says that wharf is not read on so many partitions, and harbor is everywhere."""
        series = f'{SUSPENDED}{{platform="wharf"}} {partitions}.0'

        def holds() -> bool:
            page = worker.page("/metrics")
            return series in page and f'{SUSPENDED}{{platform="harbor"}} 0.0' in page

        until(holds, f"wharf to be suspended on {partitions} partitions", self.chain.logs)

    def owners_that_went_on(self, workers: Sequence[Part]) -> list[Part]:
        """Return the workers that read wharf again, once every other one has ended with 1."""
        series = f'{SUSPENDED}{{platform="wharf"}} 0.0'
        for worker in workers:
            until(
                lambda one=worker: one.code is not None or series in one.page("/metrics"),  # type: ignore[misc]
                "a worker to read wharf again or to end",
                self.chain.logs,
            )
        assert {worker.code for worker in workers} <= {None, 1}, self.chain.logs()
        return [worker for worker in workers if worker.code is None]

    def accept(self, topic: str, where: ResumeFrom = ResumeFrom.BEGINNING) -> None:
        """Accept a topic as an operator does."""
        settings = load_settings({**os.environ, **self.chain.environment()})

        async def run() -> None:
            stage = await asyncio.to_thread(open_session, settings, self.both, self.chain.names)
            for case in await blocked_partitions(stage, topic, range(self.both.partitions), where):
                await accept_reset(stage, case, where)

        asyncio.run(run())


@pytest.fixture
def pier(failing: Fail, apache_kafka: str) -> Pier:
    chain = failing(apache_kafka)
    alone, text = chain.registry, chain.registry_file.read_text()
    chain.register(text + WHARF.format(own=chain.application))
    made = Pier(chain, Live(seed=171), Live(seed=172, platform="wharf"), read_registry(chain.registry_file), alone)
    made.tell_wharf()
    return made


class Failure(NamedTuple):
    """What is done to wharf's topic, what the worker says of it, and how it is mended.

    `records` tells that the topic's records are gone with it.
    """

    name: str
    strike: Callable[[Pier], object]
    said: str
    mend: Callable[[Pier], object]
    records_go: bool = False


def _set(setting: str, value: str) -> Callable[[Pier], object]:
    return lambda pier: topic_changes.set_topic(pier.chain, pier.filed, {setting: value})


def _made_anew_and_accepted(pier: Pier) -> None:
    if pier.filed in _extended(pier):
        topic_changes.delete(pier.chain, pier.filed)
    pier.chain.create_topics()
    pier.accept(pier.filed)


def _extended(pier: Pier) -> Sequence[str]:
    with topic_changes.administered(pier.chain) as admin:
        described = admin.describe_topics([pier.filed])
    return [one["name"] for one in described if len(one["partitions"]) > pier.both.partitions]


FAILURES = [
    Failure(
        "compacted",
        _set("cleanup.policy", "compact"),
        "expected cleanup.policy=delete, found compact",
        _set("cleanup.policy", "delete"),
    ),
    Failure(
        "stamped by its sender",
        _set("message.timestamp.type", "CreateTime"),
        "expected message.timestamp.type=LogAppendTime, found CreateTime",
        _set("message.timestamp.type", "LogAppendTime"),
    ),
    Failure(
        "deleted",
        lambda pier: topic_changes.delete(pier.chain, pier.filed),
        "expected a topic with 2 partitions, found none",
        _made_anew_and_accepted,
        records_go=True,
    ),
    Failure(
        "made anew",
        lambda pier: topic_changes.make_anew(pier.chain, pier.filed),
        "it was recreated",
        _made_anew_and_accepted,
        records_go=True,
    ),
    Failure(
        "extended",
        lambda pier: topic_changes.extend(pier.chain, pier.filed, 3),
        "expected 2 partitions, found 3",
        _made_anew_and_accepted,
        records_go=True,
    ),
]


@pytest.mark.parametrize("worker_is", ["at work", "started afterwards"])
@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: one.name)
def test_a_topic_that_fails_suspends_its_platform_and_no_other(pier: Pier, failure: Failure, worker_is: str) -> None:
    chain = pier.chain
    worker = chain.worker()
    chain.ready(worker)
    pier.harbor_is_counted()
    chain.caught_up()
    before, at = told(chain), pier.places()
    if worker_is != "at work":
        assert worker.terminate() == 0, chain.logs()

    chain.fault(f"a platform's topic is {failure.name} while the worker is {worker_is}")
    failure.strike(pier)
    if worker_is != "at work":
        worker = chain.worker()
    pier.suspended(worker, 2)
    struck = wall_clock_ms()
    pier.harbor_is_counted()
    until(lambda: min(one.log_time for one in chain.positions().values()) > struck, "time to go on", chain.logs)
    assert pier.places() == at
    # That a topic is gone, or its log too short, may be seen before it is known to be another one.
    until(lambda: failure.said in worker.said(), f"the worker to say: {failure.said}", chain.logs)
    assert f"platform wharf suspended: {pier.filed}" in worker.said()
    if not failure.records_go:
        pier.tell_wharf()
    pier.harbor_is_counted()

    failure.mend(pier)
    if failure.records_go:
        chain.ended(worker)
        worker = chain.worker()
    pier.suspended(worker, 0)
    pier.tell_wharf()
    chain.hold(worker, source=_with(told(chain), before))


def test_a_log_that_ends_before_the_position_suspends_its_platform_on_that_partition_alone(pier: Pier) -> None:
    chain = pier.chain
    worker = chain.worker()
    chain.ready(worker)
    pier.harbor_is_counted()
    chain.caught_up()
    assert worker.terminate() == 0, chain.logs()
    former = chain.positions()[0]

    chain.fault("the position lies beyond the end of a platform's log")
    reached = former.topics[pier.filed]
    beyond = msgspec.structs.replace(reached, next=reached.next + 3)
    commit_position(chain, msgspec.structs.replace(former, topics={**former.topics, pier.filed: beyond}))
    worker = chain.worker()
    pier.suspended(worker, 1)
    pier.harbor_is_counted()
    assert f"{pier.filed} 0: expected a log up to offset {beyond.next}, it ends at {reached.next}" in worker.said()
    assert worker.code is None

    pier.accept(pier.filed, ResumeFrom.END)
    chain.ended(worker)
    worker = chain.worker()
    chain.ready(worker)
    pier.suspended(worker, 0)
    pier.tell_wharf()
    chain.caught_up()
    assert worker.terminate() == 0, chain.logs()
    expected = folded(told(chain), chain.positions())
    assert totals(chain.stored(chain.names.changelog)) == totals(expected)


def commit_position(chain: FailingChain, position: Checkpoint) -> None:
    """Commit a position of the first partition, as its owner would."""
    place = JournalTarget(chain.bootstrap, chain.application, chain.names.changelog, 0, 1_000_000)

    async def run() -> None:
        journal = TransactionJournal(place, Failpoints())
        try:
            await journal.claim()
            await journal.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(position)}, {}))
        finally:
            await journal.close()

    asyncio.run(run())


def test_two_workers_go_on_alike_without_a_platform_whose_topic_was_extended(pier: Pier) -> None:
    chain, extended = pier.chain, FAILURES[-1]
    workers = [chain.worker() for _ in range(2)]
    chain.ready(*workers)
    pier.harbor_is_counted()
    chain.caught_up()
    before = told(chain)

    chain.fault("a platform's topic is extended under two workers")
    extended.strike(pier)
    for worker in workers:
        pier.suspended(worker, 1)
    pier.harbor_is_counted()
    assert [worker.code for worker in workers] == [None, None]

    extended.mend(pier)
    # To accept the topic fences the owners. An owner ends, unless the end of the other one made it take over again first.
    still = pier.owners_that_went_on(workers)
    workers = [*still, *(chain.worker() for _ in range(2 - len(still)))]
    for worker in workers:
        pier.suspended(worker, 0)
    pier.tell_wharf()
    chain.hold(*workers, source=_with(told(chain), before))


def _with(after: Told, before: Told) -> Told:
    """Return what was told before and after a topic was made anew, each record once."""
    known = set(after.records)
    return replace(after, records=[*[one for one in before.records if one not in known], *after.records])

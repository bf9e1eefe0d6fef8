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
from tests.support.failures.fixtures import FailingChainFactory
from tests.support.failures.live_traffic import LiveTraffic
from tests.support.failures.source_truth import SourceRecords, fold_all_partitions, read_sources
from tests.support.ledger.totals import ledger_totals
from tests.support.process.running_process import SafeclockProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

SUSPENDED = "safeclock_worker_suspended_partitions"
WHARF_TOML = """
[[platforms]]
id = "wharf"
provider = "Long Pier Clips"
report_filed = "{own}-report-filed.wharf"
action_taken = "{own}-action-taken.wharf"
cadence = "1s"
"""
"""A platform with topics of its own, that is heard every second: what it does not tell in time is soon a miss."""


class TwoPlatforms(NamedTuple):
    """A chain with two platforms: harbor, and wharf, whose topics are made to fail."""

    chain: FailingChain
    harbor: LiveTraffic
    wharf: LiveTraffic
    registry_with_wharf: Registry
    registry_without_wharf: Registry

    @property
    def wharf_filing_topic(self) -> str:
        """The topic that fails."""
        return f"{self.chain.application}-report-filed.wharf"

    @property
    def topics(self) -> list[str]:
        """The topics of the platform that fails."""
        return [topic for topic in self.registry_with_wharf.source_topics() if topic.endswith(".wharf")]

    @contextmanager
    def expect_without_wharf(self) -> Iterator[None]:
        """Let the chain know harbor only, as its publisher does."""
        self.chain.registry, self.chain.sources = (
            self.registry_without_wharf,
            self.registry_without_wharf.source_topics(),
        )
        try:
            yield
        finally:
            self.chain.registry, self.chain.sources = self.registry_with_wharf, self.registry_with_wharf.source_topics()

    def wait_until_harbor_counted(self) -> None:
        """Tell of harbor's today and return when all of it is counted."""
        with self.expect_without_wharf():
            self.chain.publish_lines(line for _ in range(4) for line in self.harbor.next_lines(wall_clock_ms()))
            self.chain.wait_until_caught_up()

    def publish_wharf(self, count: int = 4) -> None:
        """Tell of wharf's today."""
        self.chain.publish_lines(line for _ in range(count) for line in self.wharf.next_lines(wall_clock_ms()))

    def checkpoints(self) -> dict[TopicPartition, int]:
        """Return the positions of wharf's topic_partitions."""
        found = self.chain.checkpoints().items()
        return {TopicPartition(topic, number): at.topics[topic].next for number, at in found for topic in self.topics}

    def wait_until_suspended(self, worker: SafeclockProcess, partitions: int) -> None:
        """Return when a worker says that wharf is not read on so many partitions, and harbor is everywhere."""
        series = f'{SUSPENDED}{{platform="wharf"}} {partitions}.0'

        def holds() -> bool:
            page = worker.get_page("/metrics")
            return series in page and f'{SUSPENDED}{{platform="harbor"}} 0.0' in page

        wait_until(holds, f"wharf to be suspended on {partitions} partitions", self.chain.logs)

    def owners_that_went_on(self, workers: Sequence[SafeclockProcess]) -> list[SafeclockProcess]:
        """Return the workers that read wharf again, once every other one has ended with 1."""
        series = f'{SUSPENDED}{{platform="wharf"}} 0.0'
        for worker in workers:
            wait_until(
                lambda one=worker: one.exit_code is not None or series in one.get_page("/metrics"),  # type: ignore[misc]
                "a worker to read wharf again or to end",
                self.chain.logs,
            )
        assert {worker.exit_code for worker in workers} <= {None, 1}, self.chain.logs()
        return [worker for worker in workers if worker.exit_code is None]

    def accept(self, topic: str, where: ResumeFrom = ResumeFrom.BEGINNING) -> None:
        """Accept a topic as an operator does."""
        settings = load_settings({**os.environ, **self.chain.environment()})

        async def run() -> None:
            stage = await asyncio.to_thread(open_session, settings, self.registry_with_wharf, self.chain.names)
            for case in await blocked_partitions(stage, topic, range(self.registry_with_wharf.partitions), where):
                await accept_reset(stage, case, where)

        asyncio.run(run())


@pytest.fixture
def two_platforms(failing_chain: FailingChainFactory, apache_kafka: str) -> TwoPlatforms:
    chain = failing_chain(apache_kafka)
    alone, text = chain.registry, chain.registry_file.read_text()
    chain.write_registry(text + WHARF_TOML.format(own=chain.application))
    made = TwoPlatforms(
        chain, LiveTraffic(seed=171), LiveTraffic(seed=172, platform="wharf"), read_registry(chain.registry_file), alone
    )
    made.publish_wharf()
    return made


class Failure(NamedTuple):
    """What is done to wharf's topic, what the worker says of it, and how it is mended.

    `records` tells that the topic's records are gone with it.
    """

    name: str
    inject: Callable[[TwoPlatforms], object]
    expected_log: str
    repair: Callable[[TwoPlatforms], object]
    loses_records: bool = False


def _set_topic_setting(setting: str, value: str) -> Callable[[TwoPlatforms], object]:
    return lambda two_platforms: topic_changes.set_topic_settings(
        two_platforms.chain, two_platforms.wharf_filing_topic, {setting: value}
    )


def _recreate_and_accept(two_platforms: TwoPlatforms) -> None:
    if two_platforms.wharf_filing_topic in _add_partitions(two_platforms):
        topic_changes.delete_topic(two_platforms.chain, two_platforms.wharf_filing_topic)
    two_platforms.chain.create_topics()
    two_platforms.accept(two_platforms.wharf_filing_topic)


def _add_partitions(two_platforms: TwoPlatforms) -> Sequence[str]:
    with topic_changes.admin_client(two_platforms.chain) as admin:
        described = admin.describe_topics([two_platforms.wharf_filing_topic])
    return [one["name"] for one in described if len(one["partitions"]) > two_platforms.registry_with_wharf.partitions]


FAILURES = [
    Failure(
        "compacted",
        _set_topic_setting("cleanup.policy", "compact"),
        "expected cleanup.policy=delete, found compact",
        _set_topic_setting("cleanup.policy", "delete"),
    ),
    Failure(
        "stamped by its sender",
        _set_topic_setting("message.timestamp.type", "CreateTime"),
        "expected message.timestamp.type=LogAppendTime, found CreateTime",
        _set_topic_setting("message.timestamp.type", "LogAppendTime"),
    ),
    Failure(
        "deleted",
        lambda two_platforms: topic_changes.delete_topic(two_platforms.chain, two_platforms.wharf_filing_topic),
        "expected a topic with 2 partitions, found none",
        _recreate_and_accept,
        loses_records=True,
    ),
    Failure(
        "recreated",
        lambda two_platforms: topic_changes.recreate_topic(two_platforms.chain, two_platforms.wharf_filing_topic),
        "it was recreated",
        _recreate_and_accept,
        loses_records=True,
    ),
    Failure(
        "extended",
        lambda two_platforms: topic_changes.add_partitions(two_platforms.chain, two_platforms.wharf_filing_topic, 3),
        "expected 2 partitions, found 3",
        _recreate_and_accept,
        loses_records=True,
    ),
]


@pytest.mark.parametrize("worker_is", ["at work", "started afterwards"])
@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: one.name)
def test_a_topic_that_fails_suspends_its_platform_and_no_other(
    two_platforms: TwoPlatforms, failure: Failure, worker_is: str
) -> None:
    chain = two_platforms.chain
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    two_platforms.wait_until_harbor_counted()
    chain.wait_until_caught_up()
    before, at = read_sources(chain), two_platforms.checkpoints()
    if worker_is != "at work":
        assert worker.terminate() == 0, chain.logs()

    chain.record_fault(f"a platform's topic is {failure.name} while the worker is {worker_is}")
    failure.inject(two_platforms)
    if worker_is != "at work":
        worker = chain.start_worker()
    two_platforms.wait_until_suspended(worker, 2)
    struck = wall_clock_ms()
    two_platforms.wait_until_harbor_counted()
    wait_until(lambda: min(one.log_time for one in chain.checkpoints().values()) > struck, "time to go on", chain.logs)
    assert two_platforms.checkpoints() == at
    # That a topic is gone, or its log too short, may be seen before it is known to be another one.
    wait_until(
        lambda: failure.expected_log in worker.log_text(), f"the worker to say: {failure.expected_log}", chain.logs
    )
    assert f"platform wharf suspended: {two_platforms.wharf_filing_topic}" in worker.log_text()
    if not failure.loses_records:
        two_platforms.publish_wharf()
    two_platforms.wait_until_harbor_counted()

    failure.repair(two_platforms)
    if failure.loses_records:
        chain.wait_until_ended(worker)
        worker = chain.start_worker()
    two_platforms.wait_until_suspended(worker, 0)
    two_platforms.publish_wharf()
    chain.assert_counts_once(worker, source=_with(read_sources(chain), before))


def test_a_log_that_ends_before_the_position_suspends_its_platform_on_that_partition_alone(
    two_platforms: TwoPlatforms,
) -> None:
    chain = two_platforms.chain
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    two_platforms.wait_until_harbor_counted()
    chain.wait_until_caught_up()
    assert worker.terminate() == 0, chain.logs()
    former = chain.checkpoints()[0]

    chain.record_fault("the position lies beyond the end of a platform's log")
    reached = former.topics[two_platforms.wharf_filing_topic]
    beyond = msgspec.structs.replace(reached, next=reached.next + 3)
    commit_position(
        chain, msgspec.structs.replace(former, topics={**former.topics, two_platforms.wharf_filing_topic: beyond})
    )
    worker = chain.start_worker()
    two_platforms.wait_until_suspended(worker, 1)
    two_platforms.wait_until_harbor_counted()
    assert (
        f"{two_platforms.wharf_filing_topic} 0: expected a log up to offset {beyond.next}, it ends at {reached.next}"
        in worker.log_text()
    )
    assert worker.exit_code is None

    two_platforms.accept(two_platforms.wharf_filing_topic, ResumeFrom.END)
    chain.wait_until_ended(worker)
    worker = chain.start_worker()
    chain.wait_until_ready(worker)
    two_platforms.wait_until_suspended(worker, 0)
    two_platforms.publish_wharf()
    chain.wait_until_caught_up()
    assert worker.terminate() == 0, chain.logs()
    expected = fold_all_partitions(read_sources(chain), chain.checkpoints())
    assert ledger_totals(chain.stored(chain.names.changelog)) == ledger_totals(expected)


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


def test_two_workers_go_on_alike_without_a_platform_whose_topic_was_extended(two_platforms: TwoPlatforms) -> None:
    chain, extended = two_platforms.chain, FAILURES[-1]
    workers = [chain.start_worker() for _ in range(2)]
    chain.wait_until_ready(*workers)
    two_platforms.wait_until_harbor_counted()
    chain.wait_until_caught_up()
    before = read_sources(chain)

    chain.record_fault("a platform's topic is extended under two workers")
    extended.inject(two_platforms)
    for worker in workers:
        two_platforms.wait_until_suspended(worker, 1)
    two_platforms.wait_until_harbor_counted()
    assert [worker.exit_code for worker in workers] == [None, None]

    extended.repair(two_platforms)
    # To accept the topic fences the owners. An owner ends, unless the end of the other one made it take over again first.
    still = two_platforms.owners_that_went_on(workers)
    workers = [*still, *(chain.start_worker() for _ in range(2 - len(still)))]
    for worker in workers:
        two_platforms.wait_until_suspended(worker, 0)
    two_platforms.publish_wharf()
    chain.assert_counts_once(*workers, source=_with(read_sources(chain), before))


def _with(after: SourceRecords, before: SourceRecords) -> SourceRecords:
    """Return what was published before and after a topic was recreated, each record once."""
    known = set(after.records)
    return replace(after, records=[*[one for one in before.records if one not in known], *after.records])

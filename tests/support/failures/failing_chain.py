"""A chain that tells of today and is made to fail: what is done to it is tallied, and what came of it is held."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Final, Self

from aiokafka import TopicPartition

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.request import UploadRequest, publish_blocks
from streams.contract.registry.file import read_registry
from streams.edge.clock import wall_clock_ms
from streams.edge.files.line_blocks import group_lines
from streams.runtime.journal.checkpoint import TopicOffset
from streams.runtime.settings import RecordTime
from tests.support.failures import source_truth
from tests.support.failures.fault_tally import FaultTally
from tests.support.failures.live_traffic import LiveTraffic
from tests.support.process.chain import Chain
from tests.support.process.running_process import SafeclockProcess
from tests.support.waiting import wait_until

APPLIED_METRIC: Final = "safeclock_worker_records_applied_total"
REBALANCES_METRIC: Final = "safeclock_worker_rebalances_total"
LOST_RECORDS_METRIC: Final = "safeclock_source_records_lost_total"

_FENCED_ERROR: Final = re.compile(
    r"^aiokafka\.errors\.(ProducerFenced|InvalidProducerEpoch|FencedInstanceId)", re.MULTILINE
)
_BROKER_TIMEOUT_MS: Final = 4_000
_TRICKLE_INTERVAL_SECONDS: Final = 0.25


class FailingChain(Chain):
    """A chain on the broker's stamps, whose publisher does not give up."""

    record_time = RecordTime.LOG
    tally: FaultTally

    def record_fault(self, what: str) -> None:
        """Take note of a fault that is about to be injected."""
        self.tally.faults.append(what)

    def write_registry(self, registry: str) -> None:
        """Write another registry, make the topics that it needs, and go by it from now on."""
        self.registry_file.write_text(registry, encoding="utf-8")
        self.registry = read_registry(self.registry_file)
        self.sources = self.registry.source_topics()
        self.create_topics()

    def publish_lines(self, lines: Iterable[bytes], stop: Event | None = None) -> None:
        """Publish lines until every one of them is acknowledged; some may then lie twice in the log."""
        rest = list(lines)
        settings = PublisherSettings(bootstrap=self.bootstrap, delivery_timeout_ms=_BROKER_TIMEOUT_MS)
        order = UploadRequest(settings=settings, registry=self.registry)
        deadline = wall_clock_ms() + 120_000
        while rest:
            assert wall_clock_ms() < deadline, f"{len(rest)} lines were not acknowledged within two minutes"
            try:
                published = publish_blocks(order, group_lines(rest), is_prevalidated=True)
            except BrokerError:
                (stop or Event()).wait(0.2)
                continue
            rest = rest[published.resume_from_line - 1 :] if published.resume_from_line is not None else []

    @contextmanager
    def trickle_events(self, seed: int) -> Iterator[Lock]:
        """Tell of a platform's today beside the block, four reports a beat; who holds the lock hushes it."""
        stop, hushed, failures = Event(), Lock(), list[BaseException]()

        def run() -> None:
            live = LiveTraffic(seed)
            try:
                while not stop.wait(_TRICKLE_INTERVAL_SECONDS):
                    with hushed:
                        self.publish_lines(live.next_lines(wall_clock_ms()))
            except BaseException as failure:  # noqa: BLE001 - raised again where the test sees it
                failures.append(failure)

        thread = Thread(target=run, name="trickle")
        thread.start()
        try:
            yield hushed
        finally:
            stop.set()
            thread.join()
        for failure in failures:
            raise failure

    def wait_until_ready(self, *workers: SafeclockProcess) -> None:
        """Return when workers serve what they own; AssertionError as soon as one of them has ended."""
        for worker in workers:
            wait_until(lambda one=worker: self._is_ready(one), "a worker to be ready", self.logs)  # type: ignore[misc]

    def _is_ready(self, worker: SafeclockProcess) -> bool:
        assert worker.exit_code is None, f"expected a worker that runs, it ended with {worker.exit_code}\n{self.logs()}"
        return worker.get_page("/readyz") == "ok\n"

    def ended_or_ready(self, *workers: SafeclockProcess) -> list[SafeclockProcess]:
        """Return the workers that serve what they own, once every other one has ended with 1."""
        for worker in workers:
            wait_until(
                lambda one=worker: one.exit_code is not None or one.get_page("/readyz") == "ok\n",  # type: ignore[misc]
                "a worker to be ready or to end",
                self.logs,
            )
        assert {worker.exit_code for worker in workers} <= {None, 1}, self.logs()
        return [worker for worker in workers if worker.exit_code is None]

    def wait_for_commits(self, worker: SafeclockProcess, more_than: float = 0) -> float:
        """Return how many records a worker has committed once they are more than so many."""
        wait_until(
            lambda: worker.counter_total(APPLIED_METRIC) > more_than, f"more than {more_than:.0f} records", self.logs
        )
        return worker.counter_total(APPLIED_METRIC)

    def wait_until_ended(self, worker: SafeclockProcess, code: int = 1) -> str:
        """Return what a worker said once it has ended by itself."""
        wait_until(lambda: worker.exit_code is not None, "the worker to end", self.logs)
        assert worker.exit_code == code, self.logs()
        return worker.log_text()

    def wait_until_caught_up(self) -> None:
        """Return when everything in the source topics has been committed."""
        ends = {
            (topic, record.partition): record.offset + 1
            for topic in self.sources
            for record in self.read_committed(topic)
        }

        def reached() -> bool:
            positions = self.checkpoints()
            return all(
                number in positions and positions[number].topics.get(topic, TopicOffset(0)).next >= end
                for (topic, number), end in ends.items()
            )

        wait_until(reached, "all to be counted", self.logs)

    def fenced_count(self) -> int:
        """Return how many workers have ended since another one had taken over from them."""
        return sum(bool(_FENCED_ERROR.search(part.log_text())) for part in self.processes)

    def assert_counts_once(
        self, *workers: SafeclockProcess, source: source_truth.SourceRecords | None = None, compacted: bool = False
    ) -> None:
        """Let workers count what is left, end them, and assert that everything counts once."""
        self.wait_until_ready(*workers)
        self.wait_until_caught_up()
        for worker in workers:
            assert worker.terminate() == 0, self.logs()
        self.tally.fenced += self.fenced_count()
        source_truth.assert_all(self, self.tally, source)
        if not compacted:
            source_truth.assert_only_committed_published(self)


class Supervisor:
    """Starts workers and boards again whenever they have ended, as a supervisor does, until the block ends.

    Then it lets them run. A board comes back where it was.
    """

    def __init__(self, chain: FailingChain, workers: int, boards: int = 0, **environment: str) -> None:
        self._chain = chain
        self._environment = environment
        self.workers = [chain.start_worker(**environment) for _ in range(workers)]
        self.boards = [chain.start_board() for _ in range(boards)]
        self.restarts = 0
        self._stop = Event()
        self._thread = Thread(target=self._run, name="supervisor")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def ready(self) -> None:
        """Return when all workers serve what they own, those that were started again among them."""
        wait_until(
            lambda: all(worker.get_page("/readyz") == "ok\n" for worker in list(self.workers)),
            "workers to be ready",
            self._chain.logs,
        )

    def _run(self) -> None:
        while not self._stop.wait(0.3):
            for place, worker in enumerate(self.workers):
                if worker.exit_code is not None:
                    self.workers[place] = self._chain.start_worker(**self._environment)
                    self.restarts += 1
            for place, board in enumerate(self.boards):
                if board.exit_code is not None:
                    self.boards[place] = self._chain.start_board(board.port)
                    self.restarts += 1


def publish_live(chain: FailingChain, live: LiveTraffic, count: int = 8) -> None:
    """Tell some beats at once."""
    chain.publish_lines([line for _ in range(count) for line in live.next_lines(wall_clock_ms())])


def checkpoints(chain: FailingChain) -> dict[TopicPartition, int]:
    """Return the position of every topic_partition."""
    return {
        TopicPartition(topic, number): one.next
        for number, at in chain.checkpoints().items()
        for topic, one in at.topics.items()
    }

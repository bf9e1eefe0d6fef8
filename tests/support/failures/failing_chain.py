"""A chain that tells of today and is made to fail: what is done to it is tallied, and what came of it is held."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Final, Self

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.request import UploadRequest, publish_blocks
from streams.contract.registry.file import read_registry
from streams.edge.clock import wall_clock_ms
from streams.edge.files.line_blocks import group_lines
from streams.runtime.journal.checkpoint import TopicOffset
from streams.runtime.settings import RecordTime
from tests.support.failures import source_truth
from tests.support.failures.fault_tally import Tally
from tests.support.failures.live_traffic import Live
from tests.support.process.chain import Chain, Part
from tests.support.waiting import until

APPLIED: Final = "safeclock_worker_records_applied_total"
REBALANCES: Final = "safeclock_worker_rebalances_total"
LOST: Final = "safeclock_source_records_lost_total"

_FENCED: Final = re.compile(r"^aiokafka\.errors\.(ProducerFenced|InvalidProducerEpoch|FencedInstanceId)", re.MULTILINE)
_PATIENCE_MS: Final = 4_000
_BETWEEN_BEATS: Final = 0.25


class FailingChain(Chain):
    """A chain on the broker's stamps, whose publisher does not give up."""

    record_time = RecordTime.LOG
    tally: Tally

    def fault(self, what: str) -> None:
        """Take note of a fault that is about to be injected."""
        self.tally.faults.append(what)

    def register(self, registry: str) -> None:
        """Write another registry, make the topics that it needs, and go by it from now on."""
        self.registry_file.write_text(registry, encoding="utf-8")
        self.registry = read_registry(self.registry_file)
        self.sources = self.registry.source_topics()
        self.create_topics()

    def tell(self, lines: Iterable[bytes], stop: Event | None = None) -> None:
        """Publish lines until every one of them is acknowledged; some may then lie twice in the log."""
        rest = list(lines)
        settings = PublisherSettings(bootstrap=self.bootstrap, delivery_timeout_ms=_PATIENCE_MS)
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
    def trickle(self, seed: int) -> Iterator[Lock]:
        """Tell of a platform's today beside the block, four reports a beat; who holds the lock hushes it."""
        stop, hushed, failures = Event(), Lock(), list[BaseException]()

        def run() -> None:
            live = Live(seed)
            try:
                while not stop.wait(_BETWEEN_BEATS):
                    with hushed:
                        self.tell(live.beat(wall_clock_ms()))
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

    def ready(self, *workers: Part) -> None:
        """Return when workers serve what they own; AssertionError as soon as one of them has ended."""
        for worker in workers:
            until(lambda one=worker: self._is_ready(one), "a worker to be ready", self.logs)  # type: ignore[misc]

    def _is_ready(self, worker: Part) -> bool:
        assert worker.code is None, f"expected a worker that runs, it ended with {worker.code}\n{self.logs()}"
        return worker.page("/readyz") == "ok\n"

    def ended_or_ready(self, *workers: Part) -> list[Part]:
        """Return the workers that serve what they own, once every other one has ended with 1."""
        for worker in workers:
            until(
                lambda one=worker: one.code is not None or one.page("/readyz") == "ok\n",  # type: ignore[misc]
                "a worker to be ready or to end",
                self.logs,
            )
        assert {worker.code for worker in workers} <= {None, 1}, self.logs()
        return [worker for worker in workers if worker.code is None]

    def applied(self, worker: Part, more_than: float = 0) -> float:
        """Return how many records a worker has committed once they are more than so many."""
        until(lambda: worker.total(APPLIED) > more_than, f"more than {more_than:.0f} records", self.logs)
        return worker.total(APPLIED)

    def ended(self, worker: Part, code: int = 1) -> str:
        """Return what a worker said once it has ended by itself."""
        until(lambda: worker.code is not None, "the worker to end", self.logs)
        assert worker.code == code, self.logs()
        return worker.said()

    def caught_up(self) -> None:
        """Return when everything in the source topics has been committed."""
        ends = {(topic, record.partition): record.offset + 1 for topic in self.sources for record in self.read(topic)}

        def reached() -> bool:
            positions = self.positions()
            return all(
                number in positions and positions[number].topics.get(topic, TopicOffset(0)).next >= end
                for (topic, number), end in ends.items()
            )

        until(reached, "all to be counted", self.logs)

    def fenced(self) -> int:
        """Return how many workers have ended since another one had taken over from them."""
        return sum(bool(_FENCED.search(part.said())) for part in self.parts)

    def hold(self, *workers: Part, source: source_truth.Told | None = None, compacted: bool = False) -> None:
        """Let workers count what is left, end them, and assert that everything counts once."""
        self.ready(*workers)
        self.caught_up()
        for worker in workers:
            assert worker.terminate() == 0, self.logs()
        self.tally.fenced += self.fenced()
        source_truth.hold(self, self.tally, source)
        if not compacted:
            source_truth.only_committed_was_told(self)


class Supervisor:
    """Starts workers and boards again whenever they have ended, as a supervisor does, until the block ends.

    Then it lets them run. A board comes back where it was.
    """

    def __init__(self, chain: FailingChain, workers: int, boards: int = 0, **environment: str) -> None:
        self._chain = chain
        self._environment = environment
        self.workers = [chain.worker(**environment) for _ in range(workers)]
        self.boards = [chain.board() for _ in range(boards)]
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
        until(
            lambda: all(worker.page("/readyz") == "ok\n" for worker in list(self.workers)),
            "workers to be ready",
            self._chain.logs,
        )

    def _run(self) -> None:
        while not self._stop.wait(0.3):
            for place, worker in enumerate(self.workers):
                if worker.code is not None:
                    self.workers[place] = self._chain.worker(**self._environment)
                    self.restarts += 1
            for place, board in enumerate(self.boards):
                if board.code is not None:
                    self.boards[place] = self._chain.board(board.port)
                    self.restarts += 1

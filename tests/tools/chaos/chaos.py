"""Random failures of two workers, a board and three brokers under a trickle, seeded.

Everything must still count once, and no counter that anybody shows may fall.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from threading import Event, Lock
from typing import Final

from kafka.errors import KafkaError

from streams.edge.clock import wall_clock_ms
from tests.support.broker.cluster import ApacheCluster
from tests.support.failures import source_truth
from tests.support.failures.failing_chain import FailingChain, Supervisor
from tests.support.failures.fault_tally import FaultTally
from tests.support.failures.live_traffic import without_platform
from tests.support.failures.page_poller import PagePoller
from tests.support.kafka.replicas import move_leader, wait_until_in_sync
from tests.support.waiting import wait_until

CHECK_INTERVAL_SECONDS: Final = 60.0
_ALL_NODES: Final = frozenset({1, 2, 3})
_TRANSACTION_STATE_TOPIC: Final = "__transaction_state"

PrintProgress = Callable[[str], None]


@dataclass
class Chaos:
    """What can fail, and the chance that decides what does; every fault is over when its method returns."""

    chain: FailingChain
    cluster: ApacheCluster
    supervisor: Supervisor
    poller: PagePoller
    random: Random
    say: PrintProgress

    def inject_failure(self) -> None:
        """Let one thing fail, and mend it."""
        self.random.choice(
            (
                self.kill_worker,
                self.kill_worker,
                self.freeze_worker,
                self.stop_worker,
                self.join_third_worker,
                self.kill_board,
                self.kill_broker,
                self.pause_broker,
                self.move_leader,
            )
        )()

    def kill_worker(self) -> None:
        """SIGKILL."""
        self._record_fault(f"worker {self._random_worker()} is killed")
        self.supervisor.workers[self.place].kill()

    def stop_worker(self) -> None:
        """SIGTERM; a worker that is just being started has not learnt yet to end well."""
        self._record_fault(f"worker {self._random_worker()} is asked to stop")
        self.supervisor.workers[self.place].terminate()

    def freeze_worker(self) -> None:
        """SIGSTOP, for less or for more than the session timeout."""
        seconds = self.random.uniform(0.5, 5.0)
        self._record_fault(f"worker {self._random_worker()} is frozen for {seconds:.1f} s")
        worker = self.supervisor.workers[self.place]
        worker.send_signal(signal.SIGSTOP)
        Event().wait(seconds)
        worker.send_signal(signal.SIGCONT)

    def join_third_worker(self) -> None:
        """A worker joins and leaves."""
        seconds = self.random.uniform(1.0, 6.0)
        self._record_fault(f"a third worker comes for {seconds:.1f} s and is killed")
        worker = self.chain.start_worker()
        Event().wait(seconds)
        worker.kill()

    def kill_board(self) -> None:
        """SIGKILL."""
        self._record_fault("the board is killed")
        self.supervisor.boards[0].kill()

    def kill_broker(self) -> None:
        """SIGKILL for a node, and a start."""
        node, seconds = self.cluster.nodes[self.random.choice(sorted(_ALL_NODES))], self.random.uniform(0.5, 8.0)
        self._record_fault(f"broker {node.settings.node_id} is killed for {seconds:.1f} s")
        node.kill()
        self._wait_until_recovered(seconds)

    def pause_broker(self) -> None:
        """SIGSTOP for a node, for less or for more than the cluster waits for it."""
        node, seconds = self.cluster.nodes[self.random.choice(sorted(_ALL_NODES))], self.random.uniform(0.5, 8.0)
        self._record_fault(f"broker {node.settings.node_id} is paused for {seconds:.1f} s")
        node.pause()
        self._wait_until_recovered(seconds)

    def move_leader(self) -> None:
        """Another node leads a partition."""
        topic = self.random.choice((*self.chain.names[:2], *self.chain.sources, _TRANSACTION_STATE_TOPIC))
        number = self.random.choice(sorted(_ALL_NODES))
        self._record_fault(
            f"broker {number} is to lead partition 0 of {topic.removeprefix(self.chain.application + '-')}"
        )
        move_leader(self.chain.bootstrap, topic, number)

    def _random_worker(self) -> int:
        self.place = self.random.randrange(len(self.supervisor.workers))
        return self.place

    def _record_fault(self, what: str) -> None:
        self.chain.record_fault(what)
        self.say(what)

    def _wait_until_recovered(self, seconds: float) -> None:
        Event().wait(seconds)
        self.cluster.start()
        for topic in (*self.chain.names[:2], *self.chain.sources, _TRANSACTION_STATE_TOPIC):
            wait_until_in_sync(self.chain.bootstrap, topic, _ALL_NODES)


def check_counts(chaos: Chaos, stop_traffic: Lock) -> None:
    """Assert that what has been told so far counts once, while workers go on."""
    chain, tally = chaos.chain, FaultTally("so far")
    with stop_traffic:
        wait_until(lambda: _wait_until_caught_up(chain), "all to be counted", chain.logs, seconds=150)
        source_truth.assert_counts_once(chain, tally)
    chaos.poller.raise_faults()
    chaos.say(
        f"CHECK: {tally.events:,} events count once, none is lost, none doubled; {len(chain.tally.faults)} faults,"
        f" {chaos.supervisor.restarts} restarts, {chain.fenced_count()} fenced; no counter fell on {chaos.poller.pages:,} pages"
    )


def _wait_until_caught_up(chain: FailingChain) -> bool:
    with suppress(KafkaError):
        chain.wait_until_caught_up()
        return True
    return False


def run_chaos(chain: FailingChain, cluster: ApacheCluster, seconds: float, seed: int, say: PrintProgress) -> None:
    """Let things fail for so many seconds; AssertionError when an event is lost or counted twice."""
    random, began = Random(seed), wall_clock_ms()
    chain.publish_lines(without_platform())
    with (
        PagePoller(chain) as poller,
        chain.trickle_events(seed) as hushed,
        Supervisor(chain, workers=2, boards=1) as supervised,
    ):
        chaos, checks = Chaos(chain, cluster, supervised, poller, random, say), 1
        chain.wait_for_commits(supervised.workers[0])
        say("two workers count")
        while wall_clock_ms() - began < seconds * 1000:
            Event().wait(random.uniform(0.5, 4.0))
            chaos.inject_failure()
            if wall_clock_ms() - began > checks * CHECK_INTERVAL_SECONDS * 1000:
                check_counts(chaos, hushed)
                checks += 1
        check_counts(chaos, hushed)
        supervised.ready()
    chain.assert_counts_once(*supervised.workers)
    say("workers have ended; changelog, measures, fold and scan agree")

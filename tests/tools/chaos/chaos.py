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
from tests.support.failures.fault_tally import Tally
from tests.support.failures.live_traffic import others
from tests.support.failures.page_poller import Poller
from tests.support.kafka.replicas import in_sync, move_leader
from tests.support.waiting import until

CHECKED_EVERY: Final = 60.0
_ALL: Final = frozenset({1, 2, 3})
_COORDINATORS: Final = "__transaction_state"

Say = Callable[[str], None]


@dataclass
class Chaos:
    """What can fail, and the chance that decides what does; every fault is over when its method returns."""

    chain: FailingChain
    cluster: ApacheCluster
    supervised: Supervisor
    poller: Poller
    random: Random
    say: Say

    def strike(self) -> None:
        """Let one thing fail, and mend it."""
        self.random.choice(
            (
                self.kill_worker,
                self.kill_worker,
                self.freeze_worker,
                self.stop_worker,
                self.third_worker,
                self.kill_board,
                self.kill_broker,
                self.pause_broker,
                self.move_leader,
            )
        )()

    def kill_worker(self) -> None:
        """SIGKILL."""
        self._fault(f"worker {self._place()} is killed")
        self.supervised.workers[self.place].kill()

    def stop_worker(self) -> None:
        """SIGTERM; a worker that is just being started has not learnt yet to end well."""
        self._fault(f"worker {self._place()} is asked to stop")
        self.supervised.workers[self.place].terminate()

    def freeze_worker(self) -> None:
        """SIGSTOP, for less or for more than the session timeout."""
        seconds = self.random.uniform(0.5, 5.0)
        self._fault(f"worker {self._place()} is frozen for {seconds:.1f} s")
        worker = self.supervised.workers[self.place]
        worker.signal(signal.SIGSTOP)
        Event().wait(seconds)
        worker.signal(signal.SIGCONT)

    def third_worker(self) -> None:
        """A worker joins and leaves."""
        seconds = self.random.uniform(1.0, 6.0)
        self._fault(f"a third worker comes for {seconds:.1f} s and is killed")
        worker = self.chain.worker()
        Event().wait(seconds)
        worker.kill()

    def kill_board(self) -> None:
        """SIGKILL."""
        self._fault("the board is killed")
        self.supervised.boards[0].kill()

    def kill_broker(self) -> None:
        """SIGKILL for a node, and a start."""
        node, seconds = self.cluster.nodes[self.random.choice(sorted(_ALL))], self.random.uniform(0.5, 8.0)
        self._fault(f"broker {node.site.number} is killed for {seconds:.1f} s")
        node.kill()
        self._mended(seconds)

    def pause_broker(self) -> None:
        """SIGSTOP for a node, for less or for more than the cluster waits for it."""
        node, seconds = self.cluster.nodes[self.random.choice(sorted(_ALL))], self.random.uniform(0.5, 8.0)
        self._fault(f"broker {node.site.number} is paused for {seconds:.1f} s")
        node.pause()
        self._mended(seconds)

    def move_leader(self) -> None:
        """Another node leads a partition."""
        topic = self.random.choice((*self.chain.names[:2], *self.chain.sources, _COORDINATORS))
        number = self.random.choice(sorted(_ALL))
        self._fault(f"broker {number} is to lead partition 0 of {topic.removeprefix(self.chain.application + '-')}")
        move_leader(self.chain.bootstrap, topic, number)

    def _place(self) -> int:
        self.place = self.random.randrange(len(self.supervised.workers))
        return self.place

    def _fault(self, what: str) -> None:
        self.chain.fault(what)
        self.say(what)

    def _mended(self, seconds: float) -> None:
        Event().wait(seconds)
        self.cluster.start()
        for topic in (*self.chain.names[:2], *self.chain.sources, _COORDINATORS):
            in_sync(self.chain.bootstrap, topic, _ALL)


def check(chaos: Chaos, hushed: Lock) -> None:
    """Assert that what has been told so far counts once, while workers go on."""
    chain, tally = chaos.chain, Tally("so far")
    with hushed:
        until(lambda: _caught_up(chain), "all to be counted", chain.logs, seconds=150)
        source_truth.counts_once(chain, tally)
    chaos.poller.hold()
    chaos.say(
        f"CHECK: {tally.events:,} events count once, none is lost, none doubled; {len(chain.tally.faults)} faults,"
        f" {chaos.supervised.restarts} restarts, {chain.fenced()} fenced; no counter fell on {chaos.poller.pages:,} pages"
    )


def _caught_up(chain: FailingChain) -> bool:
    with suppress(KafkaError):
        chain.caught_up()
        return True
    return False


def wreak(chain: FailingChain, cluster: ApacheCluster, seconds: float, seed: int, say: Say) -> None:
    """Let things fail for so many seconds; AssertionError when an event is lost or counted twice."""
    random, began = Random(seed), wall_clock_ms()
    chain.tell(others())
    with (
        Poller(chain) as poller,
        chain.trickle(seed) as hushed,
        Supervisor(chain, workers=2, boards=1) as supervised,
    ):
        chaos, checks = Chaos(chain, cluster, supervised, poller, random, say), 1
        chain.applied(supervised.workers[0])
        say("two workers count")
        while wall_clock_ms() - began < seconds * 1000:
            Event().wait(random.uniform(0.5, 4.0))
            chaos.strike()
            if wall_clock_ms() - began > checks * CHECKED_EVERY * 1000:
                check(chaos, hushed)
                checks += 1
        check(chaos, hushed)
        supervised.ready()
    chain.hold(*supervised.workers)
    say("workers have ended; changelog, measures, fold and scan agree")

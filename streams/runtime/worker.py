"""The worker process: settings in, exit code out.

It ends with 0 when it was asked to stop and everything applied is committed, and with 1 on any failure: a supervisor
restarts it, and the restart begins at the last commit. Asked to stop it ends within seconds, whatever it waits for.
"""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

import uvloop

from streams.contract.registry.registry import Registry
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.domain.roster import ClockError
from streams.edge.clock import wall_clock_ms
from streams.edge.exit_codes import FAILURE, OK
from streams.edge.http_server.listener import AddressError
from streams.edge.kafka_client.login import NoBrokerError
from streams.edge.shutdown import ProcessExit, StopSignals, exit_now, exit_with_log
from streams.runtime.exit_messages import of_broker, stopped
from streams.runtime.failpoints import Failpoints
from streams.runtime.faust_app import ALONE, PATIENT, Manner, RecordBatchApp, connect, create_app
from streams.runtime.health import Health, served
from streams.runtime.journal.journal import (
    AppendJournal,
    ClaimError,
    Journal,
    Place,
    RowTooLargeError,
    TransactionJournal,
)
from streams.runtime.partition.assignment import Owners
from streams.runtime.partition.context import Surroundings
from streams.runtime.partition.partition import Partition
from streams.runtime.partition.processor import Decoder, Ledger
from streams.runtime.partition.takeover.takeover import SourceError
from streams.runtime.settings import Settings
from streams.runtime.stats import Figures
from streams.runtime.topic_checks.feedback_topics import Listeners
from streams.runtime.topic_checks.preflight import BadGroundError, Ground, Names, StateError, stand
from streams.runtime.topic_checks.source_monitor import SourceWatch

log = logging.getLogger(__name__)

_LEAVING_SECONDS = 4.2
"""How long an orderly end may take: somewhat less than until it is cut short."""
_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter from the one that fetches: with Python's 5 ms it takes a second to read
what one answer of the broker holds while records are applied, and whatever else comes waits for it."""
_PLAN = "What should be there is told by `safeclock admin plan`, and made by `safeclock admin apply`"
_ACCEPT = (
    "Bring the former log back, or go on with the one that is there: "
    "safeclock admin accept-source-reset TOPIC --from beginning|end"
)
_RESTORE = (
    "Bring it back as it was, or make the changelog and the measures anew, both, then bring back a backup (safeclock"
    " admin restore), or let workers measure again what the source topics hold"
)


_WHAT_NOW: Mapping[type[Exception], str] = {
    KafkaSecurityError: "",
    AddressError: "",
    NoBrokerError: "",
    BadGroundError: _PLAN,
    SourceError: _ACCEPT,
    StateError: _RESTORE,
    ClockError: "",
    ClaimError: "",
    RowTooLargeError: "",
}
"""What ends a worker and says enough by itself, and what to do about it where that is not said yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What the worker works with: who may publish, how bytes are read, a ledger per partition number.

    `pack` names the rules in force; `names` are the topics that it writes, those of the contract by default.
    """

    registry: Registry
    decoder: Decoder
    ledger: Callable[[int], Ledger]
    pack: str = ""
    names: Names | None = None


class Worker:
    """One worker in a running event loop: `start`, then `wait` for the first failure or stop, then `stop`.

    `manner` None: what suits the broker.
    """

    def __init__(self, settings: Settings, trade: Trade, manner: Manner | None = None) -> None:
        self.figures = Figures(tuple(trade.registry.platforms))
        self.app: RecordBatchApp | None = None
        self._manner = manner
        self._settings = settings
        self._trade = trade
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owners: Owners | None = None
        self._watch: SourceWatch | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Check the ground, join the group and return; partitions are restored afterwards, see `figures`."""
        ground = await asyncio.to_thread(stand, self._settings, self._trade.registry, self._trade.names)
        app = create_app(self._settings, self._manner or (PATIENT if ground.capable else ALONE))
        listeners = Listeners(self._trade.registry, self.figures)
        watch = self._watch = SourceWatch(self._settings, self._trade.registry, ground, listeners)
        around = self._surroundings(ground, app, watch)
        app.partitions, app.readable = around.partitions, watch.subscribed

        def opened(number: int) -> Partition:
            return Partition(number, replace(around, topics=watch.ground.topics, faults=watch.ground.faults))

        self._owners = Owners(opened, watch.assigned, self.figures, self._failed)
        connect(app, around.topics, self._owners)
        self.app = app
        await app.start()
        self._watching = asyncio.create_task(watch.follow(app.source.read), name="source-watch")
        self._watching.add_done_callback(self._watched)

    async def wait(self) -> None:
        """Return when the app stops; raise what made it or an owner fail."""
        app = self.app
        assert app is not None, "wait comes after start"
        stopped = asyncio.create_task(app.wait_until_stopped())
        try:
            await asyncio.wait({stopped, self._failure}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if self._failure.done():
            self._failure.result()
        if app.crashed:
            raise RuntimeError("the Faust app crashed") from app.crash_reason

    async def stop(self) -> None:
        """Commit what was applied and leave the group; raise when that, or anything before it, failed."""
        if self.app is None or self._owners is None:
            return
        self.app.source.stop_flow()
        if self._watching is not None:
            self._watching.cancel()
        await self._owners.revoke()
        await self.app.stop()
        if self._watch is not None:
            await self._watch.close()
        if self._failure.done():
            self._failure.result()

    def ending(self) -> ProcessExit:
        """Return how this worker would end now."""
        if self._owners is None:
            return ProcessExit(OK, "stopped while it looked at the broker: nothing was begun")
        return stopped(self._owners.uncommitted(), self._failure.exception() if self._failure.done() else None)

    def _failed(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    def _watched(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    def _surroundings(self, ground: Ground, app: RecordBatchApp, watch: SourceWatch) -> Surroundings:
        settings, trade = self._settings, self._trade
        failpoints = Failpoints.from_environment()

        def journal(number: int) -> Journal:
            place = Place(
                settings.bootstrap,
                settings.application,
                ground.names.changelog,
                number,
                ground.max_message_bytes,
                settings.access,
            )
            return TransactionJournal(place, failpoints) if ground.transactions else AppendJournal(place, failpoints)

        return Surroundings(
            bootstrap=settings.bootstrap,
            names=ground.names,
            own=ground.own,
            topics=ground.topics,
            faults=ground.faults,
            owners={topic: trade.registry.platforms_of_topic(topic) for topic in ground.topics},
            leaders=trade.registry.filing_topics(),
            siblings=trade.registry.related_topics(),
            partitions=trade.registry.partitions,
            registry_hash=trade.registry.hash,
            pack=trade.pack,
            commit_interval_ms=settings.commit_interval_ms,
            exact_ends=ground.capable,
            transactions=ground.transactions,
            source=app.source,
            decoder=trade.decoder,
            ledger=trade.ledger,
            journal=journal,
            figures=self.figures,
            failpoints=failpoints,
            wall=wall_clock_ms,
            listeners=watch.listeners,
            unwritable=watch.unwritable,
            access=settings.access,
        )


async def serve(settings: Settings, trade: Trade, manner: Manner | None = None) -> ProcessExit:
    """Run a worker until SIGTERM or SIGINT and return how it ended; raises what made it fail before."""
    worker = Worker(settings, trade, manner)
    stopping = StopSignals(worker.ending)
    async with served(
        Health(worker.figures, wall_clock_ms), settings.http_host, settings.http_port, settings.guard
    ) as port:
        log.info("health and metrics on %s://%s:%d", settings.guard.scheme, settings.http_host, port)
        asked = asyncio.create_task(stopping.requested.wait())
        running = asyncio.create_task(_run(worker))
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        return await _stopped(worker)


async def _run(worker: Worker) -> None:
    await worker.start()
    await worker.wait()


async def _stopped(worker: Worker) -> ProcessExit:
    """Stop a worker and return how it ended; what takes too long is left alone, and may be the broker's fault."""
    leaving = asyncio.create_task(worker.stop())
    await asyncio.wait({leaving}, timeout=_LEAVING_SECONDS)
    if leaving.done() and (error := leaving.exception()) is not None and of_broker(error) is None:
        raise error
    return worker.ending()


def main(settings: Settings, trade: Trade, manner: Manner | None = None) -> NoReturn:
    """Run a worker and end this process: 0 when it was asked to stop, 1 on any failure."""
    collect_seldom()
    sys.setswitchinterval(_SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the fetching thread makes a loop of its own
    asyncio.run(_to_the_end(settings, trade, manner))
    raise AssertionError("unreachable: the process has ended")


async def _to_the_end(settings: Settings, trade: Trade, manner: Manner | None) -> NoReturn:
    """End the process from within the loop: a crashed Kafka client's tasks and threads may never end by themselves."""
    try:
        exit_with_log(await serve(settings, trade, manner))
    except tuple(_WHAT_NOW) as error:
        log.critical("the worker stopped: %s", ". ".join(filter(None, (str(error), _WHAT_NOW[type(error)]))))
    except BaseException as error:
        reason = of_broker(error)
        if reason is None:
            log.critical("the worker failed", exc_info=True)
        else:
            log.critical("the worker stopped: %s", reason)
    exit_now(FAILURE)


def collect_seldom() -> None:
    """Keep the cyclic garbage collector from walking records that are about to be freed by count.

    With Python's thresholds it takes a sixth of the worker's time, with these a thirtieth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)

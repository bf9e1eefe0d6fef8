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
from streams.domain.clocks.clock_history import ClockError
from streams.edge.clock import wall_clock_ms
from streams.edge.exit_codes import FAILURE, OK
from streams.edge.http_server.listener import AddressError
from streams.edge.kafka_client.login import NoBrokerError
from streams.edge.shutdown import ProcessExit, StopSignals, exit_now, exit_with_log
from streams.runtime.exit_messages import broker_failure_message, describe_stop
from streams.runtime.failpoints import Failpoints
from streams.runtime.faust_app import (
    EMBEDDED_TUNING,
    KAFKA_TUNING,
    ConsumerTuning,
    RecordBatchApp,
    create_app,
    register_agent,
)
from streams.runtime.health import Health, serve_health
from streams.runtime.journal.journal import (
    AppendJournal,
    ClaimError,
    Journal,
    JournalTarget,
    RowTooLargeError,
    TransactionJournal,
)
from streams.runtime.partition.assignment import PartitionAssignment
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.partition import Partition
from streams.runtime.partition.processor import Ledger, RecordDecoder
from streams.runtime.partition.takeover.takeover import SourceTopicError
from streams.runtime.settings import Settings
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics
from streams.runtime.topic_checks.preflight import (
    ClusterInfo,
    OutputTopics,
    PreflightError,
    StateTopicError,
    check_cluster,
)
from streams.runtime.topic_checks.source_monitor import SourceMonitor

log = logging.getLogger(__name__)

_GRACEFUL_STOP_SECONDS = 4.2
"""How long an orderly end may take: somewhat less than until it is cut short."""
_THREAD_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter from the one that fetches: with Python's 5 ms it takes a second to read
what one answer of the broker holds while records are applied, and whatever else comes waits for it."""
_PLAN_ADVICE = "What should be there is told by `safeclock admin plan`, and made by `safeclock admin apply`"
_ACCEPT_ADVICE = (
    "Bring the former log back, or go on with the one that is there: "
    "safeclock admin accept-source-reset TOPIC --from beginning|end"
)
_RESTORE_ADVICE = (
    "Bring it back as it was, or make the changelog and the measures anew, both, then bring back a backup (safeclock"
    " admin restore), or let workers measure again what the source topics hold"
)


_EXPECTED_ERRORS: Mapping[type[Exception], str] = {
    KafkaSecurityError: "",
    AddressError: "",
    NoBrokerError: "",
    PreflightError: _PLAN_ADVICE,
    SourceTopicError: _ACCEPT_ADVICE,
    StateTopicError: _RESTORE_ADVICE,
    ClockError: "",
    ClaimError: "",
    RowTooLargeError: "",
}
"""What ends a worker and says enough by itself, and what to do about it where that is not said yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDependencies:
    """What the worker works with: who may publish, how bytes are read, a ledger per partition number.

    `pack` names the rules in force; `names` are the topics that it writes, those of the contract by default.
    """

    registry: Registry
    decoder: RecordDecoder
    make_ledger: Callable[[int], Ledger]
    rulebook_name: str = ""
    output_topics: OutputTopics | None = None


class Worker:
    """One worker in a running event loop: `start`, then `wait` for the first failure or stop, then `stop`.

    `manner` None: what suits the broker.
    """

    def __init__(
        self, settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None = None
    ) -> None:
        self.stats = WorkerStats(tuple(dependencies.registry.platforms))
        self.app: RecordBatchApp | None = None
        self._tuning = tuning
        self._settings = settings
        self._dependencies = dependencies
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._assignment: PartitionAssignment | None = None
        self._source_monitor: SourceMonitor | None = None
        self._monitor_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Check the ground, join the group and return; partitions are restored afterwards, see `figures`."""
        ground = await asyncio.to_thread(
            check_cluster, self._settings, self._dependencies.registry, self._dependencies.output_topics
        )
        app = create_app(self._settings, self._tuning or (KAFKA_TUNING if ground.has_transactions else EMBEDDED_TUNING))
        listeners = FeedbackTopics(self._dependencies.registry, self.stats)
        watch = self._source_monitor = SourceMonitor(self._settings, self._dependencies.registry, ground, listeners)
        around = self._partition_context(ground, app, watch)
        app.partitions, app.readable_topics = around.partitions, watch.subscribed_topics

        def open_partition(number: int) -> Partition:
            return Partition(
                number,
                replace(
                    around, source_topic_ids=watch.cluster.source_topic_ids, source_faults=watch.cluster.source_faults
                ),
            )

        self._assignment = PartitionAssignment(
            open_partition, watch.check_before_assignment, self.stats, self._set_failure
        )
        register_agent(app, around.source_topic_ids, self._assignment)
        self.app = app
        await app.start()
        self._monitor_task = asyncio.create_task(watch.run(app.record_source.resubscribe), name="source-watch")
        self._monitor_task.add_done_callback(self._monitor_ended)

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
        if self.app is None or self._assignment is None:
            return
        self.app.record_source.stop_flow()
        if self._monitor_task is not None:
            self._monitor_task.cancel()
        await self._assignment.revoke()
        await self.app.stop()
        if self._source_monitor is not None:
            await self._source_monitor.close()
        if self._failure.done():
            self._failure.result()

    def describe_ending(self) -> ProcessExit:
        """Return how this worker would end now."""
        if self._assignment is None:
            return ProcessExit(OK, "stopped while it looked at the broker: nothing was begun")
        return describe_stop(
            self._assignment.uncommitted(), self._failure.exception() if self._failure.done() else None
        )

    def _set_failure(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    def _monitor_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._set_failure(error)

    def _partition_context(
        self, cluster: ClusterInfo, app: RecordBatchApp, source_monitor: SourceMonitor
    ) -> PartitionContext:
        settings, trade = self._settings, self._dependencies
        failpoints = Failpoints.from_environment()

        def open_journal(number: int) -> Journal:
            place = JournalTarget(
                settings.bootstrap,
                settings.application,
                cluster.output_topics.changelog,
                number,
                cluster.max_message_bytes,
                settings.access,
            )
            return (
                TransactionJournal(place, failpoints) if cluster.uses_transactions else AppendJournal(place, failpoints)
            )

        return PartitionContext(
            bootstrap=settings.bootstrap,
            output_topics=cluster.output_topics,
            output_topic_ids=cluster.output_topic_ids,
            source_topic_ids=cluster.source_topic_ids,
            source_faults=cluster.source_faults,
            platforms_by_topic={topic: trade.registry.platforms_of_topic(topic) for topic in cluster.source_topic_ids},
            filing_topics=trade.registry.filing_topics(),
            related_topics=trade.registry.related_topics(),
            partitions=trade.registry.partitions,
            registry_hash=trade.registry.hash,
            rulebook_name=trade.rulebook_name,
            commit_interval_ms=settings.commit_interval_ms,
            has_reliable_end_offsets=cluster.has_transactions,
            uses_transactions=cluster.uses_transactions,
            source=app.record_source,
            decoder=trade.decoder,
            make_ledger=trade.make_ledger,
            make_journal=open_journal,
            stats=self.stats,
            failpoints=failpoints,
            wall_clock=wall_clock_ms,
            feedback_topics=source_monitor.feedback_topics,
            check_feedback_topics=source_monitor.check_feedback_topics,
            access=settings.access,
        )


async def run_until_stopped(
    settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None = None
) -> ProcessExit:
    """Run a worker until SIGTERM or SIGINT and return how it ended; raises what made it fail before."""
    worker = Worker(settings, dependencies, tuning)
    stopping = StopSignals(worker.describe_ending)
    async with serve_health(
        Health(worker.stats, wall_clock_ms), settings.http_host, settings.http_port, settings.guard
    ) as port:
        log.info("health and metrics on %s://%s:%d", settings.guard.scheme, settings.http_host, port)
        asked = asyncio.create_task(stopping.requested.wait())
        running = asyncio.create_task(_start_and_wait(worker))
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        return await _stop_worker(worker)


async def _start_and_wait(worker: Worker) -> None:
    await worker.start()
    await worker.wait()


async def _stop_worker(worker: Worker) -> ProcessExit:
    """Stop a worker and return how it ended; what takes too long is left alone, and may be the broker's fault."""
    leaving = asyncio.create_task(worker.stop())
    await asyncio.wait({leaving}, timeout=_GRACEFUL_STOP_SECONDS)
    if leaving.done() and (error := leaving.exception()) is not None and broker_failure_message(error) is None:
        raise error
    return worker.describe_ending()


def main(settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None = None) -> NoReturn:
    """Run a worker and end this process: 0 when it was asked to stop, 1 on any failure."""
    _tune_garbage_collector()
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the fetching thread makes a loop of its own
    asyncio.run(_run_and_exit(settings, dependencies, tuning))
    raise AssertionError("unreachable: the process has ended")


async def _run_and_exit(
    settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None
) -> NoReturn:
    """End the process from within the loop: a crashed Kafka client's tasks and threads may never end by themselves."""
    try:
        exit_with_log(await run_until_stopped(settings, dependencies, tuning))
    except tuple(_EXPECTED_ERRORS) as error:
        log.critical("the worker stopped: %s", ". ".join(filter(None, (str(error), _EXPECTED_ERRORS[type(error)]))))
    except BaseException as error:
        reason = broker_failure_message(error)
        if reason is None:
            log.critical("the worker failed", exc_info=True)
        else:
            log.critical("the worker stopped: %s", reason)
    exit_now(FAILURE)


def _tune_garbage_collector() -> None:
    """Keep the cyclic garbage collector from walking records that are about to be freed by count.

    With Python's thresholds it takes a sixth of the worker's time, with these a thirtieth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)

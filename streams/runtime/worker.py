"""Run the worker process, from its settings to its exit status.

The process exits with status 0 if it was asked to stop and has committed everything it applied, and with status 1 on
any failure: a supervisor restarts it, and the new process continues at the last commit. After a stop signal the process
ends within seconds, even if it waits for a broker.
"""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import uvloop

from streams.edge.clock import wall_clock_ms
from streams.edge.exit_codes import FAILURE, OK
from streams.edge.shutdown import ProcessExit, StopSignals, exit_now, exit_with_log
from streams.runtime.exit_messages import broker_failure_message, describe_stop, failure_message
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
from streams.runtime.journal.append import AppendJournal
from streams.runtime.journal.journal import Journal, JournalTarget
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.partition.assignment import PartitionAssignment
from streams.runtime.partition.context import PartitionContext, WorkerDependencies
from streams.runtime.partition.partition import Partition
from streams.runtime.settings import Settings
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics
from streams.runtime.topic_checks.preflight import ClusterInfo, check_cluster
from streams.runtime.topic_checks.source_monitor import SourceMonitor

log = logging.getLogger(__name__)

_GRACEFUL_STOP_SECONDS = 4.2
"""How long an orderly stop may take: somewhat less than the time after which the stop is forced."""
_THREAD_SWITCH_SECONDS = 0.0005
"""How long another thread may keep the interpreter from the fetching thread: with Python's 5 ms, reading one response
of the broker takes a second while records are applied, and later responses wait for it."""


class Worker:
    """One worker in a running event loop: `start`, then `wait` for the first failure or stop, then `stop`.

    `tuning` None: the worker chooses the tuning that suits the broker.
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
        """Check the cluster, join the consumer group and return; partitions are restored afterwards, see `stats`."""
        cluster = await asyncio.to_thread(
            check_cluster, self._settings, self._dependencies.registry, self._dependencies.output_topics
        )
        app = create_app(
            self._settings, self._tuning or (KAFKA_TUNING if cluster.has_transactions else EMBEDDED_TUNING)
        )
        feedback_topics = FeedbackTopics(self._dependencies.registry, self.stats)
        monitor = self._source_monitor = SourceMonitor(
            self._settings, self._dependencies.registry, cluster, feedback_topics
        )
        context = self._partition_context(cluster, app, monitor)
        app.partitions, app.readable_topics = self._dependencies.registry.partitions, monitor.subscribed_topics

        def open_partition(number: int) -> Partition:
            return Partition(number, replace(context, cluster=monitor.cluster))

        self._assignment = PartitionAssignment(
            open_partition, monitor.check_before_assignment, self.stats, self._set_failure
        )
        register_agent(app, cluster.source_topic_ids, self._assignment)
        self.app = app
        await app.start()
        self._monitor_task = asyncio.create_task(monitor.run(app.record_source.resubscribe), name="source-watch")
        self._monitor_task.add_done_callback(self._monitor_ended)

    async def wait(self) -> None:
        """Return when the app stops; raise the error that made the app or a partition fail."""
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
        """Commit what was applied and leave the group; raise if that, or anything before it, failed."""
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
        """Return the exit status and the message with which this worker would end now."""
        if self._assignment is None:
            return ProcessExit(OK, "stopped during the check of the broker: no partition was assigned yet")
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
        registry, failpoints = self._dependencies.registry, Failpoints.from_environment()
        return PartitionContext(
            settings=self._settings,
            dependencies=self._dependencies,
            cluster=cluster,
            platforms_by_topic={topic: registry.platforms_of_topic(topic) for topic in registry.source_topics()},
            related_topics=registry.related_topics(),
            source=app.record_source,
            make_journal=_journal_factory(self._settings, cluster, failpoints),
            stats=self.stats,
            failpoints=failpoints,
            wall_clock=wall_clock_ms,
            feedback_topics=source_monitor.feedback_topics,
            check_feedback_topics=source_monitor.check_feedback_topics,
        )


def _journal_factory(settings: Settings, cluster: ClusterInfo, failpoints: Failpoints) -> Callable[[int], Journal]:
    """Return the function that makes the journal of a partition."""

    def make_journal(number: int) -> Journal:
        target = JournalTarget(
            settings.bootstrap,
            settings.application,
            cluster.output_topics.changelog,
            number,
            cluster.max_message_bytes,
            settings.access,
        )
        return (
            TransactionJournal(target, failpoints) if cluster.uses_transactions else AppendJournal(target, failpoints)
        )

    return make_journal


async def run_until_stopped(
    settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None = None
) -> ProcessExit:
    """Run a worker until SIGTERM or SIGINT and return how it ended; raises the error if the worker fails before."""
    worker = Worker(settings, dependencies, tuning)
    stopping = StopSignals(worker.describe_ending)
    async with serve_health(
        Health(worker.stats, wall_clock_ms), settings.http_host, settings.http_port, settings.http_security
    ) as port:
        log.info("health and metrics on %s://%s:%d", settings.http_security.scheme, settings.http_host, port)
        stop_requested = asyncio.create_task(stopping.requested.wait())
        running = asyncio.create_task(_start_and_wait(worker))
        await asyncio.wait({running, stop_requested}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        return await _stop_worker(worker)


async def _start_and_wait(worker: Worker) -> None:
    await worker.start()
    await worker.wait()


async def _stop_worker(worker: Worker) -> ProcessExit:
    """Stop a worker and return how it ended; a stop that takes too long, or fails by the broker, is not waited for."""
    stop_task = asyncio.create_task(worker.stop())
    await asyncio.wait({stop_task}, timeout=_GRACEFUL_STOP_SECONDS)
    if stop_task.done() and (error := stop_task.exception()) is not None and broker_failure_message(error) is None:
        raise error
    return worker.describe_ending()


def main(settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None = None) -> NoReturn:
    """Run a worker and exit this process: status 0 if it was asked to stop, 1 on any failure."""
    _tune_garbage_collector()
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the fetching thread creates its own loop
    asyncio.run(_run_and_exit(settings, dependencies, tuning))
    raise AssertionError("unreachable: the process has ended")


async def _run_and_exit(
    settings: Settings, dependencies: WorkerDependencies, tuning: ConsumerTuning | None
) -> NoReturn:
    """End the process from within the loop: tasks and threads of a crashed Kafka client may never end."""
    try:
        exit_with_log(await run_until_stopped(settings, dependencies, tuning))
    except BaseException as error:
        reason = failure_message(error)
        if reason is None:
            log.critical("the worker failed", exc_info=True)
        else:
            log.critical("the worker stopped: %s", reason)
    exit_now(FAILURE)


def _tune_garbage_collector() -> None:
    """Raise the garbage collector's thresholds: reference counting frees nearly all records.

    With Python's thresholds the collector takes a sixth of the worker's time, with these thresholds a thirtieth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)

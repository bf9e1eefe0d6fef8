"""Check a worker's source topics at every assignment and every few seconds, and subscribe to the readable ones."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from streams.contract.registry.registry import Registry
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.settings import Settings
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics
from streams.runtime.topic_checks.preflight import ClusterInfo, PreflightError, StateTopicError, check_unchanged
from streams.runtime.topic_checks.source_faults import (
    CHECK_INTERVAL_SECONDS,
    SourceFault,
    resumption_message,
    suspension_message,
    with_related_topics,
)

log = logging.getLogger(__name__)

_RECHECK_SECONDS: Final = 1.0
"""How long a worker waits for a second check before it stops because no platform can be read."""

Resubscribe = Callable[[frozenset[str]], Awaitable[None]]
"""Subscribes to these topics and no others, so that the group assigns partitions again."""


class SourceMonitor:
    """Monitor the source topics of a worker.

    `cluster` is the result of the last check. `subscribed_topics` are the topics that the worker subscribes to: those
    without a suspended platform, as far as all workers see the fault.
    """

    def __init__(
        self, settings: Settings, registry: Registry, cluster: ClusterInfo, feedback_topics: FeedbackTopics
    ) -> None:
        self.cluster = cluster
        self._settings = settings
        self._registry = registry
        self.feedback_topics = feedback_topics
        self._related_topics = registry.related_topics()
        self._platforms_by_topic = {topic: registry.platforms_of_topic(topic) for topic in registry.source_topics()}
        self._has_checked = asyncio.Event()
        self._check_lock = asyncio.Lock()
        self._admin: KafkaAdmin | None = None
        self._log_changes({}, cluster.source_faults)
        feedback_topics.set_faults(cluster.feedback_faults)
        self.subscribed_topics = self.readable_topics
        self._assigned_ids = dict(cluster.source_topic_ids)

    @property
    def readable_topics(self) -> frozenset[str]:
        """The source topics that can be read, according to the last check."""
        return frozenset(self.cluster.source_topic_ids) - with_related_topics(
            self.cluster.source_faults, self._related_topics
        )

    async def check_before_assignment(self) -> frozenset[str]:
        """Check the topics before partitions are opened, and return those to read; raises as `check_unchanged`."""
        await self._check()
        self._assigned_ids = dict(self.cluster.source_topic_ids)
        self._has_checked.set()
        return self.readable_topics & self.subscribed_topics

    async def check_feedback_topics(self) -> frozenset[str]:
        """Check, and return the feedback topics that cannot be written; errors that stop a worker are left to `run`."""
        await self._check_for_fatal_error()
        return self.feedback_topics.failing_topics

    async def close(self) -> None:
        """Close the connection to the broker, unless a check waits for a response, which may take half a minute."""
        if self._admin is not None and not self._check_lock.locked():
            admin, self._admin = self._admin, None
            await asyncio.to_thread(admin.close)

    async def run(self, resubscribe: Resubscribe) -> None:
        """Check every few seconds, and resubscribe when other topics can be read than before.

        Ends only by an error: if no platform can be read any more, or an output topic has a fault.
        """
        while True:
            try:
                async with asyncio.timeout(CHECK_INTERVAL_SECONDS):
                    await self._has_checked.wait()
            except TimeoutError:
                await self._check_twice()
            self._has_checked.clear()
            if self._has_changed():
                self.subscribed_topics, self._assigned_ids = self.readable_topics, dict(self.cluster.source_topic_ids)
                await resubscribe(self.subscribed_topics)

    def _has_changed(self) -> bool:
        readable = self.readable_topics
        return readable != self.subscribed_topics or any(
            self.cluster.source_topic_ids[topic] != self._assigned_ids[topic] for topic in readable
        )

    async def _check_twice(self) -> None:
        """Check, and check again before an error stops the worker."""
        error = await self._check_for_fatal_error()
        if error is not None:
            await asyncio.sleep(_RECHECK_SECONDS)
            error = await self._check_for_fatal_error()
        if error is not None:
            raise error

    async def _check_for_fatal_error(self) -> Exception | None:
        """Check, and return the error that must stop the worker; a check that fails, e.g. without a broker, is ignored."""
        try:
            await self._check()
        except (PreflightError, StateTopicError) as error:
            return error
        except Exception as error:  # noqa: BLE001 - partitions handle errors of the broker themselves
            log.debug("the source topics could not be checked: %s", type(error).__name__)
        return None

    async def _check(self) -> None:
        async with self._check_lock:
            before = self.cluster.source_faults
            self.cluster = await asyncio.to_thread(self._check_blocking)
            self._log_changes(before, self.cluster.source_faults)
            self.feedback_topics.set_faults(self.cluster.feedback_faults)

    def _check_blocking(self) -> ClusterInfo:
        """Return the result of a check; blocking. The connection is kept until an error occurs."""
        if self._admin is None:
            self._admin = KafkaAdmin(self._settings.bootstrap, self._settings.access)
        try:
            return check_unchanged(self._settings, self._registry, self.cluster, self._admin)
        except BaseException:
            admin, self._admin = self._admin, None
            admin.close()
            raise

    def _log_changes(self, before: Mapping[str, SourceFault], after: Mapping[str, SourceFault]) -> None:
        for topic, fault in after.items():
            if before.get(topic) != fault:
                log.error("%s", suspension_message(fault, self._related_topics, self._platforms_by_topic))
        for topic in before.keys() - after.keys():
            log.warning("%s", resumption_message(topic, self._related_topics, self._platforms_by_topic))

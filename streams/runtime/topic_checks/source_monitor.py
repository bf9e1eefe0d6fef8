"""What a worker knows of its source topics, looked at anew at every assignment and every few seconds."""

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
"""After how long a worker looks once more before it ends because no platform can be read."""

Resubscribe = Callable[[frozenset[str]], Awaitable[None]]
"""Lets the group give partitions of these topics and no others, anew."""


class SourceMonitor:
    """The source topics of a worker.

    `ground` is what was found last. `subscribed` are the topics that the group gives partitions of; they are those of
    which no platform is suspended by a fault that all workers see.
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
        """The topics that can be read."""
        return frozenset(self.cluster.source_topic_ids) - with_related_topics(
            self.cluster.source_faults, self._related_topics
        )

    async def check_before_assignment(self) -> frozenset[str]:
        """Look, before partitions are taken, and return the topics that they are taken of; raises as `still`."""
        await self._check()
        self._assigned_ids = dict(self.cluster.source_topic_ids)
        self._has_checked.set()
        return self.readable_topics & self.subscribed_topics

    async def check_feedback_topics(self) -> frozenset[str]:
        """Look, and return the feedback topics that cannot be written; what ends a worker is left to `follow`."""
        await self._check_for_fatal_error()
        return self.feedback_topics.failing_topics

    async def close(self) -> None:
        """Close the connection to the broker, unless a look waits for an answer: that may take half a minute."""
        if self._admin is not None and not self._check_lock.locked():
            broker, self._admin = self._admin, None
            await asyncio.to_thread(broker.close)

    async def run(self, resubscribe: Resubscribe) -> None:
        """Look every few seconds, and have partitions given anew when other topics can be read than before.

        Ends by an error only: when no platform can be read any more, or a topic is wrong that is written.
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
            self.cluster.source_topic_ids[one] != self._assigned_ids[one] for one in readable
        )

    async def _check_twice(self) -> None:
        """Look, and look again before the worker ends for what is found."""
        error = await self._check_for_fatal_error()
        if error is not None:
            await asyncio.sleep(_RECHECK_SECONDS)
            error = await self._check_for_fatal_error()
        if error is not None:
            raise error

    async def _check_for_fatal_error(self) -> Exception | None:
        """Look, and return why the worker must end; a look that fails, as while no broker answers, tells nothing."""
        try:
            await self._check()
        except (PreflightError, StateTopicError) as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the broker, partitions meet it by themselves
            log.debug("the source topics could not be looked at: %s", type(error).__name__)
        return None

    async def _check(self) -> None:
        async with self._check_lock:
            before = self.cluster.source_faults
            self.cluster = await asyncio.to_thread(self._check_blocking)
            self._log_changes(before, self.cluster.source_faults)
            self.feedback_topics.set_faults(self.cluster.feedback_faults)

    def _check_blocking(self) -> ClusterInfo:
        """Return the ground as it is now; blocking. The connection lasts as long as nothing goes wrong with it."""
        if self._admin is None:
            self._admin = KafkaAdmin(self._settings.bootstrap, self._settings.access)
        try:
            return check_unchanged(self._settings, self._registry, self.cluster, self._admin)
        except BaseException:
            broker, self._admin = self._admin, None
            broker.close()
            raise

    def _log_changes(self, before: Mapping[str, SourceFault], after: Mapping[str, SourceFault]) -> None:
        for topic, fault in after.items():
            if before.get(topic) != fault:
                log.error("%s", suspension_message(fault, self._related_topics, self._platforms_by_topic))
        for topic in before.keys() - after.keys():
            log.warning("%s", resumption_message(topic, self._related_topics, self._platforms_by_topic))

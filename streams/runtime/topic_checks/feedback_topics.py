"""Track which platforms get feedback on their events, and which get none since their feedback topic fails."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from streams.contract.registry.registry import Platform, Registry
from streams.contract.topics import MAX_MESSAGE_BYTES
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.differences import partition_faults
from streams.runtime.topic_checks.source_faults import DescribedTopics

log = logging.getLogger(__name__)

_APPLY_COMMAND: Final = "safeclock admin apply"
_SIZE_SETTING: Final = "max.message.bytes"


def check_feedback_topics(admin: KafkaAdmin, registry: Registry) -> dict[str, str]:
    """Return the faults of the feedback topics, by topic; blocking."""
    topics = registry.feedback_topics().values()
    if not topics:
        return {}
    found, hidden = admin.describe_writable(topics)
    return feedback_faults(
        topics, registry.partitions, DescribedTopics(found, hidden, admin.describe_settings(found.keys() - hidden))
    )


def feedback_faults(topics: Iterable[str], partitions: int, described: DescribedTopics) -> dict[str, str]:
    """Return, for each feedback topic that cannot be written, the reason."""
    faults = {}
    for topic in topics:
        limit = described.settings.get(topic, {}).get(_SIZE_SETTING, "")
        if topic in described.forbidden:
            faults[topic] = f"{topic}: expected the right to WRITE it, found none"
        elif wrong := partition_faults([topic], partitions, described.topics):
            faults[topic] = wrong[0]
        elif limit and int(limit) < MAX_MESSAGE_BYTES:
            faults[topic] = f"{topic}: expected {_SIZE_SETTING}={MAX_MESSAGE_BYTES}, found {limit}"
    return faults


class FeedbackTopics:
    """The platforms that have a feedback topic; a fault of a topic stops the feedback of its own platform only.

    Every change is logged once, and kept in `WorkerStats.platforms_without_feedback`.
    """

    def __init__(self, registry: Registry, stats: WorkerStats) -> None:
        self._platforms = {
            topic: registry.platforms[platform] for platform, topic in registry.feedback_topics().items()
        }
        self._faults: dict[str, str] = {}
        self._failed_writes: dict[str, str] = {}
        self._stats = stats

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All platforms that have a feedback topic."""
        return tuple(self._platforms.values())

    @property
    def failing_platforms(self) -> frozenset[str]:
        """The ids of the platforms that get no feedback now."""
        return frozenset(self._platforms[topic].id for topic in self.failing_topics)

    @property
    def failing_topics(self) -> frozenset[str]:
        """The feedback topics that are not written now."""
        return frozenset((*self._faults, *self._failed_writes))

    def set_faults(self, faults: Mapping[str, str]) -> None:
        """Replace the known faults by `faults`, and log what changed."""
        before = self.failing_topics
        for topic, fault in faults.items():
            if self._faults.get(topic) != fault:
                log.error(
                    "%s gets no feedback on its events: %s. %s",
                    self._platform_label(topic),
                    fault,
                    _APPLY_COMMAND,
                )
        self._faults = dict(faults)
        # A fault that a check has found is removed by a later check.
        self._failed_writes = {topic: why for topic, why in self._failed_writes.items() if topic not in faults}
        for topic in before - self.failing_topics:
            log.warning("%s gets feedback on its events again", self._platform_label(topic))
        self._stats.platforms_without_feedback = self.failing_platforms

    def add_failure(self, topic: str, reason: str) -> None:
        """Note that a topic could not be written, even if no check finds a fault."""
        if topic not in self.failing_topics:
            self._failed_writes[topic] = reason
            log.error("%s gets no feedback on its events before a restart: %s", self._platform_label(topic), reason)
        self._stats.platforms_without_feedback = self.failing_platforms

    def _platform_label(self, topic: str) -> str:
        return f"platform {self._platforms[topic].id}"

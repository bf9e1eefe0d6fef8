"""Which platforms are told what became of their events, and which cannot be, since their feedback topic fails."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from streams.contract.registry.registry import Platform, Registry
from streams.contract.topics import MAX_MESSAGE_BYTES
from streams.runtime.kafka.admin import Broker
from streams.runtime.stats import Figures
from streams.runtime.topic_checks.differences import miscounted
from streams.runtime.topic_checks.source_faults import Found

log = logging.getLogger(__name__)

_APPLY: Final = "safeclock admin apply"
_LIMIT: Final = "max.message.bytes"


def look(broker: Broker, registry: Registry) -> dict[str, str]:
    """Return what is wrong with the feedback topics, by topic; blocking."""
    topics = registry.feedback_topics().values()
    if not topics:
        return {}
    found, hidden = broker.writable(topics)
    return feedback_faults(topics, registry.partitions, Found(found, hidden, broker.settings(found.keys() - hidden)))


def feedback_faults(topics: Iterable[str], partitions: int, found: Found) -> dict[str, str]:
    """Return, by topic, why nothing can be written to a feedback topic, for those of which that is so."""
    faults = {}
    for topic in topics:
        limit = found.settings.get(topic, {}).get(_LIMIT, "")
        if topic in found.hidden:
            faults[topic] = f"{topic}: expected the right to WRITE it, found none"
        elif wrong := miscounted([topic], partitions, found.topics):
            faults[topic] = wrong[0]
        elif limit and int(limit) < MAX_MESSAGE_BYTES:
            faults[topic] = f"{topic}: expected {_LIMIT}={MAX_MESSAGE_BYTES}, found {limit}"
    return faults


class Listeners:
    """The platforms that have a feedback topic; a fault of one topic keeps its platform from being told, and no other.

    Every change is logged once, and stands in `figures`.
    """

    def __init__(self, registry: Registry, figures: Figures) -> None:
        self._topics = {topic: registry.platforms[platform] for platform, topic in registry.feedback_topics().items()}
        self._faults: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._figures = figures

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All that have a feedback topic."""
        return tuple(self._topics.values())

    @property
    def untold(self) -> frozenset[str]:
        """The ids of those that are told nothing now."""
        return frozenset(self._topics[topic].id for topic in self.faulty)

    @property
    def faulty(self) -> frozenset[str]:
        """The topics that are not written."""
        return frozenset((*self._faults, *self._failed))

    def found(self, faults: Mapping[str, str]) -> None:
        """Take note of what is wrong with the topics now."""
        before = self.faulty
        for topic, fault in faults.items():
            if self._faults.get(topic) != fault:
                log.error("%s is not told what becomes of its events: %s. %s", self._name(topic), fault, _APPLY)
        self._faults = dict(faults)
        # What a look has found, a look finds mended.
        self._failed = {topic: why for topic, why in self._failed.items() if topic not in faults}
        for topic in before - self.faulty:
            log.warning("%s is told again what becomes of its events", self._name(topic))
        self._figures.untold = self.untold

    def fail(self, topic: str, why: str) -> None:
        """Take note that a topic could not be written, though nothing is found to be wrong with it."""
        if topic not in self.faulty:
            self._failed[topic] = why
            log.error("%s is not told what becomes of its events before a restart: %s", self._name(topic), why)
        self._figures.untold = self.untold

    def _name(self, topic: str) -> str:
        return f"platform {self._topics[topic].id}"

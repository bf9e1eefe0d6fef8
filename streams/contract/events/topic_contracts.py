"""What each source topic may carry: types of events, and platforms."""

from typing import Final, NamedTuple

from streams.contract.events.schema.envelope import (
    SOURCE_PREFIX,
    ActionTakenEvent,
    EventRetractedEvent,
    HeartbeatEvent,
    ReportAmendedEvent,
    ReportFiledEvent,
)
from streams.contract.registry.registry import Registry, Role

_EVENT_TYPES_BY_ROLE: Final[dict[Role, frozenset[type]]] = {
    Role.REPORT_FILED: frozenset({ReportFiledEvent, ReportAmendedEvent, EventRetractedEvent, HeartbeatEvent}),
    Role.ACTION_TAKEN: frozenset({ActionTakenEvent, EventRetractedEvent, HeartbeatEvent}),
}


class TopicContract(NamedTuple):
    """What a topic may carry.

    `only_platform` is the id of the platform that owns the topic, or "" for a shared topic.
    """

    role: str
    event_types: frozenset[type]
    platform_by_source: dict[str, str]
    only_platform: str


def topic_contract(registry: Registry, topic: str) -> TopicContract:
    """Return what a source topic of the registry may carry."""
    role = registry.role_of_topic(topic)
    assert role is not None, "source topics have a role"
    platforms = {SOURCE_PREFIX + platform: platform for platform in registry.platforms_of_topic(topic)}
    return TopicContract(role, _EVENT_TYPES_BY_ROLE[role], platforms, registry.platform_of_topic(topic) or "")

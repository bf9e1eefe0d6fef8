"""Which source topics can be read, and whom it concerns when one cannot.

A platform is *serving* or *suspended*; it is suspended while a fault is found on one of its topics, or on a topic of a
platform that shares one with it. Everything here is a pure function of the registry and of what was found.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams.contract.registry.registry import Registry
from streams.contract.topics import Replication, required_topics
from streams.runtime.journal.checkpoint import TopicOffset
from streams.runtime.kafka.admin import TopicDescription
from streams.runtime.settings import RecordTime
from streams.runtime.topic_checks.differences import partition_faults, setting_differences

_TIMESTAMP_TYPE: Final = "message.timestamp.type"
_CLEANUP_POLICY: Final = "cleanup.policy"
# Without these the figures are wrong; other settings cost speed or safety, and are told but let pass.
_ESSENTIAL_SETTINGS: Final = {RecordTime.LOG: (_TIMESTAMP_TYPE, _CLEANUP_POLICY), RecordTime.CREATE: (_CLEANUP_POLICY,)}

CHECK_INTERVAL_SECONDS: Final = 10.0
"""How long it may take until a change of a source topic is noticed."""

APPLY_COMMAND: Final = "safeclock admin apply"
_ACCEPT_COMMAND: Final = "safeclock admin accept-source-reset {topic} --from beginning|end"
_GRANT_READ_COMMAND: Final = f"{APPLY_COMMAND} (it gives the workers' right to read the topic back)"
_RECREATE_COMMANDS: Final = f"delete the topic, then {APPLY_COMMAND}, then {_ACCEPT_COMMAND}"


class SourceFault(NamedTuple):
    """Why a source topic is not read: what was expected and what was found, and the command that mends it."""

    topic: str
    problem: str
    remedy: str

    def describe(self) -> str:
        """Return both in one line."""
        return f"{self.problem}. {self.remedy.format(topic=self.topic)}"


class DescribedTopics(NamedTuple):
    """What the broker tells of topics: those that exist, those we may not read, and their settings."""

    topics: Mapping[str, TopicDescription]
    forbidden: frozenset[str]
    settings: Mapping[str, Mapping[str, str]]


def source_faults(registry: Registry, record_time: RecordTime, described: DescribedTopics) -> dict[str, SourceFault]:
    """Return the fault of every source topic that no worker can read as it is."""
    faults = {}
    for topic in registry.source_topics():
        fault = _topic_fault(topic, registry.partitions, described) or _settings_fault(
            topic, registry, record_time, described
        )
        if fault is not None:
            faults[topic] = fault
    return faults


def _topic_fault(topic: str, partitions: int, described: DescribedTopics) -> SourceFault | None:
    if topic in described.forbidden:
        return SourceFault(topic, f"{topic}: expected the right to READ it, found none", _GRANT_READ_COMMAND)
    for text in partition_faults([topic], partitions, described.topics):
        return SourceFault(topic, text, APPLY_COMMAND if topic not in described.topics else _RECREATE_COMMANDS)
    return None


def _settings_fault(
    topic: str, registry: Registry, record_time: RecordTime, described: DescribedTopics
) -> SourceFault | None:
    texts = essential_differences(registry, "", record_time, described.settings).get(topic, ())
    return SourceFault(topic, "; ".join(texts), APPLY_COMMAND) if texts else None


def essential_differences(
    registry: Registry, application: str, record_time: RecordTime, actual: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """Return, by topic, what differs of the settings without which figures are wrong."""
    sources = registry.source_topics()
    found: dict[str, list[str]] = {}
    for topic in required_topics(registry, application, Replication(), record_time=record_time):
        for name, difference in setting_differences(topic, actual.get(topic.name, {})).items():
            if name in _ESSENTIAL_SETTINGS[record_time] and (topic.name in sources or name != _TIMESTAMP_TYPE):
                found.setdefault(topic.name, []).append(difference)
    return found


def identity_fault(topic: str, known: TopicOffset | None, found_id: str) -> SourceFault | None:
    """Return the fault of a topic that is not the one that a position speaks of; `found` is the topic's id."""
    if known is None or not was_recreated(known.id, found_id):
        return None
    return SourceFault(
        topic,
        recreated_message(topic, known.id, found_id),
        f"Bring the former log back, or accept this one: {_ACCEPT_COMMAND}",
    )


def end_fault(topic: str, partition: int, next_offset: int, end: int) -> SourceFault | None:
    """Return the fault of a log that ends before the position: it has lost what was already counted."""
    if next_offset <= end:
        return None
    text = f"{topic} {partition}: expected a log up to offset {next_offset}, it ends at {end}"
    return SourceFault(topic, text, f"Bring the former log back, or accept this one: {_ACCEPT_COMMAND}")


def was_recreated(known_id: str, found_id: str) -> bool:
    """Return whether two ids are of different topics; "" is told by a broker that knows none."""
    return bool(known_id and found_id and known_id != found_id)


def recreated_message(topic: str, known_id: str, found_id: str) -> str:
    """Return the fault of a topic that bears a name which another one bore."""
    return f"{topic}: expected the topic with id {known_id}, found {found_id}: it was made anew"


def with_related_topics(faulty: Iterable[str], related_topics: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the topics that are not read while the topics `faulty` cannot be: they and their siblings."""
    return frozenset().union(*(related_topics.get(topic, frozenset({topic})) for topic in faulty))


def suspension_message(
    fault: SourceFault, related_topics: Mapping[str, frozenset[str]], platforms_by_topic: Mapping[str, frozenset[str]]
) -> str:
    """Return which platforms are suspended by a fault, why, and what mends it."""
    return f"{_platforms_label(fault.topic, related_topics, platforms_by_topic)} suspended: {fault.describe()}"


def resumption_message(
    topic: str, related_topics: Mapping[str, frozenset[str]], platforms_by_topic: Mapping[str, frozenset[str]]
) -> str:
    """Return which platforms no longer are suspended by a fault of `topic`."""
    return f"{_platforms_label(topic, related_topics, platforms_by_topic)} no longer suspended by {topic}, which is as it must be"


def _platforms_label(
    topic: str, related_topics: Mapping[str, frozenset[str]], platforms_by_topic: Mapping[str, frozenset[str]]
) -> str:
    platforms = sorted(
        frozenset().union(*(platforms_by_topic[one] for one in with_related_topics([topic], related_topics)))
    )
    return f"platform{'s' if platforms[1:] else ''} {', '.join(platforms)}"

"""Find the faults of source topics, and the platforms that a fault suspends.

A platform is *serving* or *suspended*. It is suspended while one of its topics has a fault, or a topic of a platform
that shares a topic with it. All functions here are pure: they depend on the registry and on what the broker returned.
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
# Figures are wrong without these settings; other settings cost speed or safety, and differences are only logged.
_ESSENTIAL_SETTINGS: Final = {RecordTime.LOG: (_TIMESTAMP_TYPE, _CLEANUP_POLICY), RecordTime.CREATE: (_CLEANUP_POLICY,)}

CHECK_INTERVAL_SECONDS: Final = 10.0
"""How often source topics are checked: a change may go unnoticed for so long."""

APPLY_COMMAND: Final = "safeclock admin apply"
_ACCEPT_COMMAND: Final = "safeclock admin accept-source-reset {topic} --from beginning|end"
_GRANT_READ_COMMAND: Final = f"{APPLY_COMMAND} (it grants workers the right to read the topic again)"
_RECREATE_COMMANDS: Final = f"delete the topic, then {APPLY_COMMAND}, then {_ACCEPT_COMMAND}"


class SourceFault(NamedTuple):
    """The reason why a source topic is not read: expected and found state, and the command that repairs it."""

    topic: str
    problem: str
    remedy: str

    def describe(self) -> str:
        """Return problem and remedy in one line."""
        return f"{self.problem}. {self.remedy.format(topic=self.topic)}"


class DescribedTopics(NamedTuple):
    """Topics as the broker describes them: existing ones, forbidden ones (no right to read or write), and settings."""

    topics: Mapping[str, TopicDescription]
    forbidden: frozenset[str]
    settings: Mapping[str, Mapping[str, str]]


def source_faults(registry: Registry, record_time: RecordTime, described: DescribedTopics) -> dict[str, SourceFault]:
    """Return, by topic, the faults of the source topics that no worker can read."""
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
    """Return, by topic, the differences of the settings without which figures are wrong."""
    sources = registry.source_topics()
    found: dict[str, list[str]] = {}
    for topic in required_topics(registry, application, Replication(), record_time=record_time):
        for name, difference in setting_differences(topic, actual.get(topic.name, {})).items():
            if name in _ESSENTIAL_SETTINGS[record_time] and (topic.name in sources or name != _TIMESTAMP_TYPE):
                found.setdefault(topic.name, []).append(difference)
    return found


def identity_fault(topic: str, known: TopicOffset | None, found_id: str) -> SourceFault | None:
    """Return the fault of a topic whose id `found_id` is not the one in the checkpoint, None without a fault."""
    if known is None or not was_recreated(known.id, found_id):
        return None
    return SourceFault(
        topic,
        recreated_message(topic, known.id, found_id),
        f"Restore the former log, or accept this one: {_ACCEPT_COMMAND}",
    )


def end_fault(topic: str, partition: int, next_offset: int, end: int) -> SourceFault | None:
    """Return the fault of a log that ends before `next_offset`: the log has lost records that are already counted."""
    if next_offset <= end:
        return None
    text = f"{topic} {partition}: expected a log up to offset {next_offset}, it ends at {end}"
    return SourceFault(topic, text, f"Restore the former log, or accept this one: {_ACCEPT_COMMAND}")


def was_recreated(known_id: str, found_id: str) -> bool:
    """Return whether two ids are of different topics; "" is an unknown id, which never differs."""
    return bool(known_id and found_id and known_id != found_id)


def recreated_message(topic: str, known_id: str, found_id: str) -> str:
    """Return the message for a topic that was deleted and created again under the same name."""
    return f"{topic}: expected the topic with id {known_id}, found {found_id}: it was recreated"


def with_related_topics(faulty: Iterable[str], related_topics: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the topics that are not read while the topics `faulty` cannot be read: these and their related topics."""
    return frozenset().union(*(related_topics.get(topic, frozenset({topic})) for topic in faulty))


def suspension_message(
    fault: SourceFault, related_topics: Mapping[str, frozenset[str]], platforms_by_topic: Mapping[str, frozenset[str]]
) -> str:
    """Return the message that names the platforms that a fault suspends, the reason, and the remedy."""
    return f"{_platforms_label(fault.topic, related_topics, platforms_by_topic)} suspended: {fault.describe()}"


def resumption_message(
    topic: str, related_topics: Mapping[str, frozenset[str]], platforms_by_topic: Mapping[str, frozenset[str]]
) -> str:
    """Return the message that names the platforms that a fault of `topic` no longer suspends."""
    return f"{_platforms_label(topic, related_topics, platforms_by_topic)} no longer suspended by {topic}, which has no fault any more"


def _platforms_label(
    topic: str, related_topics: Mapping[str, frozenset[str]], platforms_by_topic: Mapping[str, frozenset[str]]
) -> str:
    platforms = sorted(
        frozenset().union(
            *(platforms_by_topic[related_topic] for related_topic in with_related_topics([topic], related_topics))
        )
    )
    return f"platform{'s' if platforms[1:] else ''} {', '.join(platforms)}"

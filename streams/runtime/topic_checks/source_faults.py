"""Which source topics can be read, and whom it concerns when one cannot.

A platform is *serving* or *suspended*; it is suspended while a fault is found on one of its topics, or on a topic of a
platform that shares one with it. Everything here is a pure function of the registry and of what was found.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams.contract.registry.registry import Registry
from streams.contract.topics import Replication, required_topics
from streams.runtime.journal.checkpoint import Reached
from streams.runtime.kafka.admin import Topic
from streams.runtime.settings import RecordTime
from streams.runtime.topic_checks.differences import differing, miscounted

_STAMP: Final = "message.timestamp.type"
_POLICY: Final = "cleanup.policy"
# Without these the figures are wrong; other settings cost speed or safety, and are told but let pass.
_ESSENTIAL: Final = {RecordTime.LOG: (_STAMP, _POLICY), RecordTime.CREATE: (_POLICY,)}

CHECK_SECONDS: Final = 10.0
"""How long it may take until a change of a source topic is noticed."""

APPLY: Final = "safeclock admin apply"
_ACCEPT: Final = "safeclock admin accept-source-reset {topic} --from beginning|end"
_GIVE_BACK: Final = f"{APPLY} (it gives the workers' right to read the topic back)"
_ANEW: Final = f"delete the topic, then {APPLY}, then {_ACCEPT}"


class Fault(NamedTuple):
    """Why a source topic is not read: what was expected and what was found, and the command that mends it."""

    topic: str
    text: str
    remedy: str

    def told(self) -> str:
        """Return both in one line."""
        return f"{self.text}. {self.remedy.format(topic=self.topic)}"


class Found(NamedTuple):
    """What the broker tells of topics: those that exist, those we may not read, and their settings."""

    topics: Mapping[str, Topic]
    hidden: frozenset[str]
    settings: Mapping[str, Mapping[str, str]]


def topic_faults(registry: Registry, record_time: RecordTime, found: Found) -> dict[str, Fault]:
    """Return the fault of every source topic that no worker can read as it is."""
    faults = {}
    for topic in registry.source_topics():
        fault = _topic_fault(topic, registry.partitions, found) or _settings_fault(topic, registry, record_time, found)
        if fault is not None:
            faults[topic] = fault
    return faults


def _topic_fault(topic: str, partitions: int, found: Found) -> Fault | None:
    if topic in found.hidden:
        return Fault(topic, f"{topic}: expected the right to READ it, found none", _GIVE_BACK)
    for text in miscounted([topic], partitions, found.topics):
        return Fault(topic, text, APPLY if topic not in found.topics else _ANEW)
    return None


def _settings_fault(topic: str, registry: Registry, record_time: RecordTime, found: Found) -> Fault | None:
    texts = essential(registry, "", record_time, found.settings).get(topic, ())
    return Fault(topic, "; ".join(texts), APPLY) if texts else None


def essential(
    registry: Registry, application: str, record_time: RecordTime, told: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """Return, by topic, what differs of the settings without which figures are wrong."""
    sources = registry.source_topics()
    found: dict[str, list[str]] = {}
    for topic in required_topics(registry, application, Replication(), record_time=record_time):
        for name, difference in differing(topic, told.get(topic.name, {})).items():
            if name in _ESSENTIAL[record_time] and (topic.name in sources or name != _STAMP):
                found.setdefault(topic.name, []).append(difference)
    return found


def identity_fault(topic: str, reached: Reached | None, found: str) -> Fault | None:
    """Return the fault of a topic that is not the one that a position speaks of; `found` is the topic's id."""
    if reached is None or not is_another(reached.id, found):
        return None
    return Fault(
        topic, made_anew(topic, reached.id, found), f"Bring the former log back, or accept this one: {_ACCEPT}"
    )


def end_fault(topic: str, partition: int, position: int, end: int) -> Fault | None:
    """Return the fault of a log that ends before the position: it has lost what was already counted."""
    if position <= end:
        return None
    text = f"{topic} {partition}: expected a log up to offset {position}, it ends at {end}"
    return Fault(topic, text, f"Bring the former log back, or accept this one: {_ACCEPT}")


def is_another(known: str, found: str) -> bool:
    """Return whether two ids are of different topics; "" is told by a broker that knows none."""
    return bool(known and found and known != found)


def made_anew(topic: str, known: str, found: str) -> str:
    """Return the fault of a topic that bears a name which another one bore."""
    return f"{topic}: expected the topic with id {known}, found {found}: it was made anew"


def concerned(faulty: Iterable[str], siblings: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the topics that are not read while the topics `faulty` cannot be: they and their siblings."""
    return frozenset().union(*(siblings.get(topic, frozenset({topic})) for topic in faulty))


def suspension(fault: Fault, siblings: Mapping[str, frozenset[str]], owners: Mapping[str, frozenset[str]]) -> str:
    """Return which platforms are suspended by a fault, why, and what mends it."""
    return f"{_named(fault.topic, siblings, owners)} suspended: {fault.told()}"


def resumption(topic: str, siblings: Mapping[str, frozenset[str]], owners: Mapping[str, frozenset[str]]) -> str:
    """Return which platforms no longer are suspended by a fault of `topic`."""
    return f"{_named(topic, siblings, owners)} no longer suspended by {topic}, which is as it must be"


def _named(topic: str, siblings: Mapping[str, frozenset[str]], owners: Mapping[str, frozenset[str]]) -> str:
    platforms = sorted(frozenset().union(*(owners[one] for one in concerned([topic], siblings))))
    return f"platform{'s' if platforms[1:] else ''} {', '.join(platforms)}"

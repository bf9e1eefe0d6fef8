"""Bringing the broker's topics to what the table of the contract says, and telling where they differ."""

from collections.abc import Iterable, Mapping

from streams.contract.topics import TopicSettings
from streams.runtime.broker import Broker, Topic


def create_missing(broker: Broker, table: Iterable[TopicSettings]) -> list[str]:
    """Create every topic of `table` that does not exist, and return the names of those; blocking."""
    wanted = list(table)
    found = broker.topics(topic.name for topic in wanted)
    missing = [topic for topic in wanted if topic.name not in found]
    for topic in missing:
        broker.create(topic)
    return [topic.name for topic in missing]


def miscounted(wanted: Iterable[str], partitions: int, found: Mapping[str, Topic]) -> list[str]:
    """Return a fault for every topic that is missing or has another number of partitions."""
    faults = []
    for name in wanted:
        topic = found.get(name)
        if topic is None:
            faults.append(f"{name}: expected a topic with {partitions} partitions, found none")
        elif topic.partitions != partitions:
            faults.append(f"{name}: expected {partitions} partitions, found {topic.partitions}")
    return faults


def differing(settings: TopicSettings, told: Mapping[str, str]) -> dict[str, str]:
    """Return, by setting, what is expected and what was found, for those that the broker tells differently."""
    return {
        name: f"{settings.name}: expected {name}={value}, found {told[name]}"
        for name, value in settings.config.items()
        if name in told and told[name] != value
    }

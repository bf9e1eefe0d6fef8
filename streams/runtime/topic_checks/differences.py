"""Telling where the broker's topics differ from what the table of the contract says."""

from collections.abc import Iterable, Mapping

from streams.contract.topics import TopicSettings
from streams.runtime.kafka.admin import Topic


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

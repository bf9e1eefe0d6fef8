"""Compare the broker's topics with the topics and settings that the contract requires."""

from collections.abc import Iterable, Mapping

from streams.contract.topics import TopicSettings
from streams.runtime.kafka.admin import TopicDescription


def partition_faults(names: Iterable[str], partitions: int, described: Mapping[str, TopicDescription]) -> list[str]:
    """Return a fault for every topic that is missing or has another number of partitions."""
    faults = []
    for name in names:
        topic = described.get(name)
        if topic is None:
            faults.append(f"{name}: expected a topic with {partitions} partitions, found none")
        elif topic.partitions != partitions:
            faults.append(f"{name}: expected {partitions} partitions, found {topic.partitions}")
    return faults


def setting_differences(settings: TopicSettings, actual: Mapping[str, str]) -> dict[str, str]:
    """Return a message for each setting whose value on the broker differs; settings that are not known are left out."""
    return {
        name: f"{settings.name}: expected {name}={value}, found {actual[name]}"
        for name, value in settings.config.items()
        if name in actual and actual[name] != value
    }

"""Where the owner of a partition begins, from what the former one committed and from what can be read. Pure."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from streams.domain.logtime import LogTime
from streams.runtime.journal.checkpoint import Position, Reached, up_to
from streams.runtime.partition.context import Surroundings
from streams.runtime.partition.processor import Apart


class Beginning(NamedTuple):
    """The position, as the owner goes on from it.

    `positions` are the next offsets of the topics that are read, `dormant` is what is kept of the others: a platform
    that is suspended, or taken off the registry, may come back and must then go on where it was left.
    """

    time: LogTime
    positions: Mapping[str, int]
    apart: Apart
    dormant: Mapping[str, Reached]


def beginning(around: Surroundings, position: Position, readable: Collection[str]) -> Beginning:
    """Return where to begin at `position` when the topics `readable` are read, and the others are suspended."""
    read = {topic: up_to(position, topic) for topic in around.topics}
    suspended = {
        platform: min(read[one] for one in around.siblings[topic])
        for topic in around.topics
        if topic not in readable
        for platform in around.owners[topic]
    }
    dormant = {
        topic: msgspec.structs.replace(reached, read=read.get(topic, reached.read))
        for topic, reached in position.topics.items()
        if topic not in readable
    }
    return Beginning(
        LogTime(readable, position.now, around.siblings, {topic: read[topic] for topic in readable}),
        {topic: reached.next for topic, reached in position.topics.items() if topic in readable},
        Apart(suspended, around.owners),
        dormant,
    )

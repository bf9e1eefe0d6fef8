"""Where the owner of a partition begins, from what the former one committed and from what can be read. Pure."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from streams.domain.log_time import PartitionClock
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset, read_through
from streams.runtime.partition.context import PartitionContext
from streams.runtime.partition.processor import LaggingPlatforms


class StartingPoint(NamedTuple):
    """The position, as the owner goes on from it.

    `positions` are the next offsets of the topics that are read, `dormant` is what is kept of the others: a platform
    that is suspended, or taken off the registry, may come back and must then go on where it was left.
    """

    partition_clock: PartitionClock
    next_offsets: Mapping[str, int]
    lagging: LaggingPlatforms
    suspended_offsets: Mapping[str, TopicOffset]


def starting_point(
    context: PartitionContext, checkpoint: Checkpoint, readable_topics: Collection[str]
) -> StartingPoint:
    """Return where to begin at `position` when the topics `readable` are read, and the others are suspended."""
    read = {topic: read_through(checkpoint, topic) for topic in context.source_topic_ids}
    suspended = {
        platform: min(read[one] for one in context.related_topics[topic])
        for topic in context.source_topic_ids
        if topic not in readable_topics
        for platform in context.platforms_by_topic[topic]
    }
    dormant = {
        topic: msgspec.structs.replace(reached, read_through=read.get(topic, reached.read_through))
        for topic, reached in checkpoint.topics.items()
        if topic not in readable_topics
    }
    return StartingPoint(
        PartitionClock(
            readable_topics,
            checkpoint.log_time,
            context.related_topics,
            {topic: read[topic] for topic in readable_topics},
        ),
        {topic: reached.next for topic, reached in checkpoint.topics.items() if topic in readable_topics},
        LaggingPlatforms(suspended, context.platforms_by_topic),
        dormant,
    )

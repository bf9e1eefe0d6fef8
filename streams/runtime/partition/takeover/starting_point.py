"""Compute where a new owner continues, from the committed checkpoint and the readable topics; pure functions."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from streams.domain.log_time import PartitionClock
from streams.runtime.journal.checkpoint import Checkpoint, TopicOffset, read_through
from streams.runtime.partition.context import PartitionContext


class LaggingPlatforms(NamedTuple):
    """Platforms whose log time is behind the partition's.

    `suspended` are the platforms whose topics are not read, with the instant up to which they were read.
    `platforms_by_topic` are the platforms of each topic; a topic that is read again may be behind the others.
    """

    suspended: Mapping[str, int] = {}
    platforms_by_topic: Mapping[str, frozenset[str]] = {}


class StartingPoint(NamedTuple):
    """Where an owner continues.

    `next_offsets` are the next offsets of the topics that are read, `records_read` the numbers of records that were
    read of each topic. `suspended_offsets` are kept for the topics that are not read: a platform that is suspended, or
    removed from the registry, may return and must then continue at its offsets.
    """

    partition_clock: PartitionClock
    next_offsets: Mapping[str, int]
    lagging: LaggingPlatforms = LaggingPlatforms()
    records_read: Mapping[str, int] = {}
    suspended_offsets: Mapping[str, TopicOffset] = {}


def starting_point(
    context: PartitionContext, checkpoint: Checkpoint, readable_topics: Collection[str]
) -> StartingPoint:
    """Return where to continue from `checkpoint` if only the topics `readable_topics` are read."""
    read = {topic: read_through(checkpoint, topic) for topic in context.cluster.source_topic_ids}
    suspended = {
        platform: min(read[related_topic] for related_topic in context.related_topics[topic])
        for topic in context.cluster.source_topic_ids
        if topic not in readable_topics
        for platform in context.platforms_by_topic[topic]
    }
    suspended_offsets = {
        topic: msgspec.structs.replace(offset, read_through=read.get(topic, offset.read_through))
        for topic, offset in checkpoint.topics.items()
        if topic not in readable_topics
    }
    return StartingPoint(
        PartitionClock(
            readable_topics,
            checkpoint.log_time,
            context.related_topics,
            {topic: read[topic] for topic in readable_topics},
        ),
        {topic: offset.next for topic, offset in checkpoint.topics.items() if topic in readable_topics},
        LaggingPlatforms(suspended, context.platforms_by_topic),
        {topic: offset.records for topic, offset in checkpoint.topics.items()},
        suspended_offsets,
    )

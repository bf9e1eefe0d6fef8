"""Assign partitions to the members of the group by partition number, for all topics together."""

from collections.abc import Mapping
from itertools import pairwise

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from typing_extensions import override


def make_number_assignor(partitions: int) -> type[RangePartitionAssignor]:
    """Return the assignor that gives each number below `partitions` to one member, for all topics the member reads.

    If all topics have that many partitions and all members read the same topics, the result is that of Kafka's range
    assignor, whose name the assignor uses. The range assignor assigns topic by topic: after one topic with another
    number of partitions, or one that a member does not read, the topics of a number could go to different members.
    """

    class PartitionNumberAssignor(RangePartitionAssignor):
        """Assigns partition numbers to members."""

        @classmethod
        @override
        def assign(
            cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
        ) -> dict[str, ConsumerProtocolMemberAssignment]:
            shares = _split_numbers(partitions, len(members))
            assigned = {}
            for member, numbers in zip(sorted(members), shares, strict=True):
                topics = sorted(set(members[member].subscription))
                known = {topic: cluster.partitions_for_topic(topic) or () for topic in topics}
                numbers_by_topic = {topic: [number for number in numbers if number in known[topic]] for topic in topics}
                assigned[member] = ConsumerProtocolMemberAssignment(
                    cls.version, [(topic, found) for topic, found in numbers_by_topic.items() if found], b""
                )
            return assigned

    return PartitionNumberAssignor


def _split_numbers(partitions: int, members: int) -> list[range]:
    """Return the numbers of each member: evenly split, the first members get one more."""
    share, remainder = divmod(partitions, members)
    starts = [index * share + min(index, remainder) for index in range(members + 1)]
    return [range(*pair) for pair in pairwise(starts)]

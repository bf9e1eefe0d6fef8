"""How the group shares partitions: by their numbers, whatever the topics are."""

from collections.abc import Mapping
from itertools import pairwise

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from typing_extensions import override


def make_number_assignor(partitions: int) -> type[RangePartitionAssignor]:
    """Return the assignor that gives each number below `partitions` to one member, of all topics that it reads.

    Where all topics have that many partitions and all members read the same it assigns as Kafka's range assignor does,
    under whose name it goes. That one assigns topic by topic: one topic with another number of partitions, or one that
    a member does not read, would part the topics of a number.
    """

    class PartitionNumberAssignor(RangePartitionAssignor):
        """Assigns numbers of partitions."""

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
                held = {topic: [number for number in numbers if number in known[topic]] for topic in topics}
                assigned[member] = ConsumerProtocolMemberAssignment(
                    cls.version, [(topic, found) for topic, found in held.items() if found], b""
                )
            return assigned

    return PartitionNumberAssignor


def _split_numbers(partitions: int, members: int) -> list[range]:
    """Return the numbers of each member: as even as they can be, the first ones get one more."""
    each, more = divmod(partitions, members)
    starts = [place * each + min(place, more) for place in range(members + 1)]
    return [range(*pair) for pair in pairwise(starts)]

"""Numbers of partitions are shared, whatever the topics are."""

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from streams.runtime.kafka.assignor import make_number_assignor


class FixedCluster(ClusterMetadata):
    """A cluster whose topics have the partitions that it is given."""

    def __init__(self, partitions: dict[str, int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counts = partitions

    @override
    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """Return the partitions of a topic, None for one that is not there."""
        return set(range(self._counts[topic])) if topic in self._counts else None


def assign_partitions(
    partitions: int, counts: dict[str, int], reads: dict[str, list[str]]
) -> dict[str, dict[str, list[int]]]:
    members = {name: ConsumerProtocolMemberMetadata(0, topics, b"") for name, topics in reads.items()}
    assigned = make_number_assignor(partitions).assign(FixedCluster(counts), members)
    return {member: {topic: list(numbers) for topic, numbers in one.assignment} for member, one in assigned.items()}


@given(partitions=st.integers(1, 9), members=st.integers(1, 5))
def test_equal_topics_are_assigned_as_kafkas_range_assignor_assigns_them(partitions: int, members: int) -> None:
    counts = {"filed": partitions, "taken": partitions}
    asking = {f"m{place}": ConsumerProtocolMemberMetadata(0, ["filed", "taken"], b"") for place in range(members)}

    ours = make_number_assignor(partitions).assign(FixedCluster(counts), asking)
    kafkas = RangePartitionAssignor.assign(FixedCluster(counts), asking)

    for member in asking:
        assert ours[member].assignment == [(topic, held) for topic, held in kafkas[member].assignment if held]


def test_a_topic_with_more_partitions_parts_no_number() -> None:
    assigned = assign_partitions(2, {"filed": 3, "taken": 2}, {"a": ["filed", "taken"], "b": ["filed", "taken"]})

    assert assigned == {"a": {"filed": [0], "taken": [0]}, "b": {"filed": [1], "taken": [1]}}


def test_a_member_that_reads_fewer_topics_takes_its_numbers_of_those() -> None:
    assigned = assign_partitions(2, {"filed": 2, "other": 2}, {"a": ["filed"], "b": ["filed", "other"]})

    assert assigned == {"a": {"filed": [0]}, "b": {"filed": [1], "other": [1]}}


def test_a_topic_that_is_not_there_is_given_to_nobody() -> None:
    assert assign_partitions(2, {"filed": 2}, {"a": ["filed", "gone"]}) == {"a": {"filed": [0, 1]}}

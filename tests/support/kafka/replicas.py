"""Where the copies of a partition are, and moving its leadership."""

from collections.abc import Collection
from contextlib import closing, suppress
from typing import NamedTuple

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from tests.support.waiting import wait_until

_PREFERRED_ELECTION = 0  # kafka-python's number for "the first of its replicas"


class Replicas(NamedTuple):
    """The numbers of the nodes that hold a partition; `leader` is -1 while there is none."""

    leader: int
    replica_ids: tuple[int, ...]
    in_sync_ids: frozenset[int]


def read_replicas(bootstrap: str, topic: str, partition: int = 0) -> Replicas:
    """Ask the cluster for the copies of a partition."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        return _describe_partition(admin, topic, partition)


def wait_until_in_sync(bootstrap: str, topic: str, expected: Collection[int], partition: int = 0) -> Replicas:
    """Return the copies of a partition once exactly the `expected` nodes are in sync.

    While nodes come and go the one that is asked may be gone; then another one is.
    """
    found = Replicas(-1, (), frozenset())

    def holds() -> bool:
        nonlocal found
        with suppress(KafkaError):
            found = read_replicas(bootstrap, topic, partition)
        return found.in_sync_ids == frozenset(expected)

    wait_until(holds, f"{topic}: nodes {sorted(expected)} to be in sync", lambda: str(found))
    return found


def move_leader(bootstrap: str, topic: str, broker_id: int, partition: int = 0) -> None:
    """Make a node that holds the partition its leader and return when it is."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        others = [number for number in _describe_partition(admin, topic, partition).replica_ids if number != broker_id]
        admin.alter_partition_reassignments({TopicPartition(topic, partition): [broker_id, *others]})
        wait_until(
            lambda: _describe_partition(admin, topic, partition).replica_ids[0] == broker_id,
            f"{topic}: node {broker_id} to be preferred",
        )
        admin.elect_leaders(_PREFERRED_ELECTION, {topic: [partition]})
        wait_until(
            lambda: _describe_partition(admin, topic, partition).leader == broker_id,
            f"{topic}: node {broker_id} to lead",
        )


def _describe_partition(admin: KafkaAdminClient, topic: str, partition: int) -> Replicas:
    (described,) = admin.describe_topics([topic])
    for one in described["partitions"]:
        if one["partition_index"] == partition:
            return Replicas(one["leader_id"], tuple(one["replica_nodes"]), frozenset(one["isr_nodes"]))
    raise AssertionError(f"{topic}: expected a partition {partition}, found {len(described['partitions'])} partitions")

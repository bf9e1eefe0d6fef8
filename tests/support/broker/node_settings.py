"""What a node of Apache Kafka is told before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.broker.ports import LOOPBACK, free_port

LARGE_HEAP: Final = ("-Xms256m", "-Xmx768m", "-XX:+UseSerialGC")
SMALL_HEAP: Final = ("-Xms96m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# What every Apache Kafka of these tests is set to, however it is started.
COMMON_SETTINGS: Final[Mapping[str, str]] = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "2",
    # A node that died is missed, and taken in again, after this time; 9 s by default.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "500",
}
SINGLE_NODE_SETTINGS: Final[Mapping[str, str]] = {
    **COMMON_SETTINGS,
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}
THREE_NODE_SETTINGS: Final[Mapping[str, str]] = {
    **COMMON_SETTINGS,
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    # One partition, so that a test can name the coordinator of every transaction.
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
}


@dataclass(frozen=True, kw_only=True)
class NodeSettings:
    """What a node keeps over its stops and starts: who it is, where it is reached, where its data lie.

    `log_folder` is where the records go, by default into `folder`; the cluster's metadata are always in `folder`, so that a
    full disk stops the records alone. `command_prefix` is what the node's command is run by, as `ip netns exec NAME`.
    """

    folder: Path
    node_id: int = 1
    host: str = LOOPBACK
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    log_folder: Path | None = None
    java_options: Sequence[str] = LARGE_HEAP
    command_prefix: Sequence[str] = ()

    @property
    def address(self) -> str:
        """Where clients reach the node."""
        return f"{self.host}:{self.port}"


def server_properties(site: NodeSettings, nodes: Sequence[NodeSettings], defaults: Mapping[str, str]) -> str:
    """Return the node's `server.properties`; the nodes `together`, itself among them, are one cluster."""
    entries = {
        "process.roles": "broker,controller",
        "node.id": str(site.node_id),
        "controller.quorum.voters": ",".join(f"{one.node_id}@{LOOPBACK}:{one.controller_port}" for one in nodes),
        "listeners": f"PLAINTEXT://{site.address},CONTROLLER://{LOOPBACK}:{site.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{site.address}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(site.log_folder or site.folder / "log"),
        "metadata.log.dir": str(site.folder / "metadata"),
        **defaults,
    }
    return "".join(f"{name}={value}\n" for name, value in entries.items())

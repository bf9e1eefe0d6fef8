"""Three nodes of Apache Kafka as one cluster: what only replication can show."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from kafka.admin import KafkaAdminClient

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.node_settings import SMALL_HEAP, THREE_NODE_SETTINGS, NodeSettings, server_properties
from tests.support.waiting import wait_until

_NODE_IDS: Final = (1, 2, 3)


class ApacheCluster:
    """Three nodes, each of them broker and controller, by their numbers 1 to 3.

    Two controllers make a quorum: with one node left no leader is elected and no topic made.
    """

    def __init__(self, nodes: Sequence[ApacheKafka]) -> None:
        self.nodes = {node.settings.node_id: node for node in nodes}
        self.bootstrap = ",".join(node.bootstrap for node in nodes)

    def start(self) -> None:
        """Start the nodes that do not run, side by side, let the paused go on, and return when all are in service."""
        for node in self.nodes.values():
            if node.running:
                node.resume()
            else:
                node.launch()
        for node in self.nodes.values():
            node.wait_until_ready()
        wait_until(lambda: self.wait_until_in_service() == set(self.nodes), "every node to be in service")

    def wait_until_in_service(self) -> set[int]:
        """Return the numbers of the nodes that the cluster counts on."""
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            return {int(broker["broker_id"]) for broker in admin.describe_cluster()["brokers"]}

    def kill(self) -> None:
        """End all nodes at once."""
        for node in self.nodes.values():
            node.kill()


@contextmanager
def running_cluster(**overrides: str) -> Iterator[ApacheCluster]:
    """Run three nodes for the block; `overrides` are server properties with `_` for `.`, the same on each."""
    named = {name.replace("_", "."): value for name, value in overrides.items()}
    with tempfile.TemporaryDirectory(prefix="safeclock-kafka-", ignore_cleanup_errors=True) as folder:
        sites = [
            NodeSettings(folder=Path(folder) / str(number), node_id=number, java_options=SMALL_HEAP)
            for number in _NODE_IDS
        ]
        cluster = ApacheCluster(_format_nodes(sites, {**THREE_NODE_SETTINGS, **named}))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.kill()


def _format_nodes(sites: Sequence[NodeSettings], defaults: dict[str, str]) -> list[ApacheKafka]:
    def node(site: NodeSettings) -> ApacheKafka:
        site.folder.mkdir()
        return ApacheKafka(site, server_properties(site, sites, defaults))

    with ThreadPoolExecutor(len(sites)) as pool:
        return list(pool.map(node, sites))

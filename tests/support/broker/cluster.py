"""Three nodes of Apache Kafka as one cluster: what only replication can show."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from kafka.admin import KafkaAdminClient

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.node_settings import SMALL, THREEFOLD, Site, properties
from tests.support.waiting import until

_NUMBERS: Final = (1, 2, 3)


class ApacheCluster:
    """Three nodes, each of them broker and controller, by their numbers 1 to 3.

    Two controllers make a quorum: with one node left no leader is elected and no topic made.
    """

    def __init__(self, nodes: Sequence[ApacheKafka]) -> None:
        self.nodes = {node.site.number: node for node in nodes}
        self.bootstrap = ",".join(node.bootstrap for node in nodes)

    def start(self) -> None:
        """Start the nodes that do not run, side by side, let the paused go on, and return when all are in service."""
        for node in self.nodes.values():
            if node.running:
                node.resume()
            else:
                node.launch()
        for node in self.nodes.values():
            node.wait()
        until(lambda: self.in_service() == set(self.nodes), "every node to be in service")

    def in_service(self) -> set[int]:
        """Return the numbers of the nodes that the cluster counts on."""
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            return {int(broker["broker_id"]) for broker in admin.describe_cluster()["brokers"]}

    def kill(self) -> None:
        """End all nodes at once."""
        for node in self.nodes.values():
            node.kill()


@contextmanager
def apache_cluster(**overrides: str) -> Iterator[ApacheCluster]:
    """Run three nodes for the block; `overrides` are server properties with `_` for `.`, the same on each."""
    named = {name.replace("_", "."): value for name, value in overrides.items()}
    with tempfile.TemporaryDirectory(prefix="safeclock-kafka-", ignore_cleanup_errors=True) as folder:
        sites = [Site(folder=Path(folder) / str(number), number=number, machine=SMALL) for number in _NUMBERS]
        cluster = ApacheCluster(_formatted(sites, {**THREEFOLD, **named}))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.kill()


def _formatted(sites: Sequence[Site], defaults: dict[str, str]) -> list[ApacheKafka]:
    def node(site: Site) -> ApacheKafka:
        site.folder.mkdir()
        return ApacheKafka(site, properties(site, sites, defaults))

    with ThreadPoolExecutor(len(sites)) as pool:
        return list(pool.map(node, sites))

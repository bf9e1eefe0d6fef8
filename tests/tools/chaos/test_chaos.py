"""A short spell of what `make chaos` does for minutes."""

import pytest

from tests.support.broker.cluster import ApacheCluster
from tests.support.failures.fixtures import THREE_REPLICAS, FailingChainFactory
from tests.tools.chaos.chaos import run_chaos

pytestmark = [
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_half_a_minute_of_random_failures_loses_nothing(
    failing_chain: FailingChainFactory, three_brokers: ApacheCluster
) -> None:
    chain = failing_chain(three_brokers.bootstrap, partitions=4, copies=THREE_REPLICAS)

    run_chaos(chain, three_brokers, seconds=30, seed=301, say=print)

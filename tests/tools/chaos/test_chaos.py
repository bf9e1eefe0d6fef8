"""A short spell of what `make chaos` does for minutes."""

import pytest

from tests.support.broker.cluster import ApacheCluster
from tests.support.failures.fixtures import THREE, Fail
from tests.tools.chaos.chaos import wreak

pytestmark = [
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_half_a_minute_of_random_failures_loses_nothing(failing: Fail, three_brokers: ApacheCluster) -> None:
    chain = failing(three_brokers.bootstrap, partitions=4, copies=THREE)

    wreak(chain, three_brokers, seconds=30, seed=301, say=print)

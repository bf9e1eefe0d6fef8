"""A short spell of what `make chaos` does for minutes."""

import gc
from collections.abc import Iterator

import pytest

from tests.brokers.cluster import ApacheCluster
from tests.failures.chaos import wreak
from tests.failures.conftest import THREE, Fail

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    # The Kafka clients leave the sockets of refused connections, and producers that gave up, to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test() -> Iterator[None]:
    yield
    gc.collect()


def test_half_a_minute_of_random_failures_loses_nothing(failing: Fail, three_brokers: ApacheCluster) -> None:
    chain = failing(three_brokers.bootstrap, partitions=4, copies=THREE)

    wreak(chain, three_brokers, seconds=30, seed=301, say=print)

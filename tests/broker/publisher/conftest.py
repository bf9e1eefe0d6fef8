"""A stage on each broker."""

import pytest

from tests.support.broker.launcher import RunningBroker
from tests.support.process.publisher_harness import PublisherHarness, publisher_harness


@pytest.fixture
def any_publisher(any_broker: RunningBroker) -> PublisherHarness:
    """A stage on the broker that this run has; with idempotence where it has transactions."""
    return publisher_harness(any_broker.bootstrap, idempotent=any_broker.has_transactions)


@pytest.fixture
def embedded_publisher(embedded_broker: str) -> PublisherHarness:
    """A stage on the embedded broker, which knows no idempotence."""
    return publisher_harness(embedded_broker, idempotent=False)


@pytest.fixture
def apache_publisher(apache_kafka: str) -> PublisherHarness:
    """A stage on Apache Kafka, with idempotence."""
    return publisher_harness(apache_kafka, idempotent=True)


@pytest.fixture(params=["embedded", "apache"])
def each_publisher(request: pytest.FixtureRequest) -> PublisherHarness:
    """A stage on each of the brokers in turn."""
    found: PublisherHarness = request.getfixturevalue(f"{request.param}_publisher")
    return found

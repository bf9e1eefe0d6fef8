"""A stage on each broker."""

import pytest

from tests.support.broker.launcher import Chosen
from tests.support.process.publisher_harness import Stage, stage


@pytest.fixture
def harbor(any_broker: Chosen) -> Stage:
    """A stage on the broker that this run has; with idempotence where it has transactions."""
    return stage(any_broker.bootstrap, idempotent=any_broker.transactions)


@pytest.fixture
def embedded(embedded_broker: str) -> Stage:
    """A stage on the embedded broker, which knows no idempotence."""
    return stage(embedded_broker, idempotent=False)


@pytest.fixture
def apache(apache_kafka: str) -> Stage:
    """A stage on Apache Kafka, with idempotence."""
    return stage(apache_kafka, idempotent=True)


@pytest.fixture(params=["embedded", "apache"])
def anywhere(request: pytest.FixtureRequest) -> Stage:
    """A stage on each of the brokers in turn."""
    found: Stage = request.getfixturevalue(request.param)
    return found

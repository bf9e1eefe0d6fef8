"""One secured broker for all of these tests."""

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.support.broker.apache import BrokerUnavailableError
from tests.support.broker.security.secured_kafka import SecuredKafka, running_secured_kafka
from tests.support.components import component_or_skip


@pytest.fixture(scope="session")
def secured_kafka() -> Iterator[SecuredKafka]:
    """An Apache Kafka behind TLS that asks who may do what."""
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL reads the clock
    with component_or_skip("apache-kafka", running_secured_kafka(now), BrokerUnavailableError) as broker:
        yield broker

"""One secured broker for all of these tests."""

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.support.broker.apache import BrokerUnavailableError
from tests.support.broker.security.secured_kafka import SecuredKafka, running_secured_kafka
from tests.support.components import require_component


@pytest.fixture(scope="session")
def secured_kafka() -> Iterator[SecuredKafka]:
    """An Apache Kafka behind TLS that asks who may do what."""
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL reads the clock
    try:
        with running_secured_kafka(now) as broker:
            yield broker
    except BrokerUnavailableError as reason:
        require_component("apache-kafka", str(reason))

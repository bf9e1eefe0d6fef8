"""One secured broker for all of these tests."""

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.support.broker.apache import BrokerUnavailableError
from tests.support.broker.security.secured_kafka import Secured, secured_kafka
from tests.support.components import missing


@pytest.fixture(scope="session")
def secured() -> Iterator[Secured]:
    """An Apache Kafka behind TLS that asks who may do what."""
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL reads the clock
    try:
        with secured_kafka(now) as broker:
            yield broker
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))

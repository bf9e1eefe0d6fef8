"""One secured broker for all of these tests."""

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.brokers.apache import BrokerUnavailableError
from tests.required import missing
from tests.security.secured import Secured, secured_kafka


@pytest.fixture(scope="session")
def secured() -> Iterator[Secured]:
    """An Apache Kafka behind TLS that asks who may do what."""
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL reads the clock
    try:
        with secured_kafka(now) as broker:
            yield broker
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))

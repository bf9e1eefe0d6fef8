"""Brokers for the whole session, started when the first test asks for one; how many examples Hypothesis draws."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.brokers.apache import ApacheKafka, BrokerUnavailableError, apache_kafka
from tests.brokers.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.required import missing

# `quick` by default and always the same examples; more by `--hypothesis-profile=thorough`.
_SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "quick", max_examples=70, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.register_profile(
    "thorough", max_examples=5_000, deadline=None, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.load_profile("quick")

ADDRESS_VARIABLE = "SAFECLOCK_TEST_KAFKA"


@pytest.fixture(scope="session")
def apache_kafka_server() -> Iterator[ApacheKafka]:
    """A broker of our own, which a test may stop and start."""
    try:
        with apache_kafka() as broker:
            yield broker
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


@pytest.fixture(scope="session", name="apache_kafka")
def apache_kafka_address(request: pytest.FixtureRequest) -> str:
    """The bootstrap address of an Apache Kafka: the one named by SAFECLOCK_TEST_KAFKA, else our own."""
    given = os.environ.get(ADDRESS_VARIABLE)
    if given:
        return given
    broker: ApacheKafka = request.getfixturevalue("apache_kafka_server")
    return broker.bootstrap


@pytest.fixture(scope="session", name="embedded_broker")
def embedded_broker_address() -> Iterator[str]:
    """The bootstrap address of an embedded broker."""
    try:
        with embedded_broker() as address:
            yield address
    except EmbeddedBrokerUnavailableError as reason:
        missing("embedded-broker", str(reason))

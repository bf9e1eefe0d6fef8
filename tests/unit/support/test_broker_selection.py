from dataclasses import replace

import pytest

from tests.support.broker.selection import (
    BrokerKind,
    BrokerOffer,
    DetectedBrokers,
    describe_offers,
    parse_address,
    rank_offers,
)

ALL_DETECTED = DetectedBrokers(has_engine=True, has_java=True, has_maven=True, has_jars=True, has_embedded=True)


def first_offer(found: DetectedBrokers) -> BrokerKind | None:
    return next((kind for kind, lacks in rank_offers(found) if not lacks), None)


def test_a_given_address_comes_before_everything_that_could_be_started() -> None:
    found = DetectedBrokers(address="127.0.0.1:9092", has_engine=True, has_java=True, has_jars=True, has_embedded=True)

    assert rank_offers(found) == [BrokerOffer(BrokerKind.GIVEN)]


def test_the_embedded_broker_can_be_asked_for_alone() -> None:
    found = replace(ALL_DETECTED, address=parse_address("embedded"))

    assert rank_offers(found) == [BrokerOffer(BrokerKind.EMBEDDED)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(ALL_DETECTED, BrokerKind.CONTAINER, id="an engine answers"),
        pytest.param(
            DetectedBrokers(has_java=True, has_maven=True, has_embedded=True), BrokerKind.JARS, id="no engine"
        ),
        pytest.param(
            DetectedBrokers(has_java=True, has_jars=True),
            BrokerKind.JARS,
            id="no Maven, but the jars were fetched before",
        ),
        pytest.param(
            DetectedBrokers(has_java=True, has_embedded=True), BrokerKind.EMBEDDED, id="neither Maven nor jars"
        ),
        pytest.param(
            DetectedBrokers(has_maven=True, has_jars=True, has_embedded=True), BrokerKind.EMBEDDED, id="no Java"
        ),
        pytest.param(DetectedBrokers(), None, id="nothing"),
    ],
)
def test_the_choice_is_the_best_that_is_there(found: DetectedBrokers, expected: BrokerKind | None) -> None:
    assert first_offer(found) == expected


def test_what_was_chosen_is_reported_with_what_better_ones_lack() -> None:
    assert describe_offers(rank_offers(ALL_DETECTED)) == "Apache Kafka in a container"
    assert (
        describe_offers(rank_offers(DetectedBrokers(has_java=True, has_jars=True)))
        == "Apache Kafka from its jars (no Docker engine answers)"
    )
    assert (
        describe_offers(rank_offers(DetectedBrokers(has_embedded=True)))
        == "the embedded broker (no Docker engine answers; no Java)"
    )
    assert describe_offers(rank_offers(DetectedBrokers(has_java=True))).startswith(
        "none (no Docker engine answers; no Maven"
    )


def test_an_address_may_name_several_brokers() -> None:
    assert parse_address("127.0.0.1:9092, [::1]:9093") == "127.0.0.1:9092,[::1]:9093"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:", ":9092", "127.0.0.1:9092,", "kafka:http"])
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(address: str) -> None:
    with pytest.raises(ValueError, match=r"SAFECLOCK_TEST_BROKER: expected HOST:PORT"):
        parse_address(address)

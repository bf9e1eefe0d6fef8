import pytest

from tests.support.broker.selection import Found, Kind, Offer, checked, described, offers

EVERYTHING = Found(engine=True, java=True, maven=True, jars=True, embedded=True)


def choice(found: Found) -> Kind | None:
    return next((kind for kind, lacks in offers(found) if not lacks), None)


def test_a_given_address_comes_before_everything_that_could_be_started() -> None:
    found = Found(address="127.0.0.1:9092", engine=True, java=True, jars=True, embedded=True)

    assert offers(found) == [Offer(Kind.GIVEN)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(EVERYTHING, Kind.CONTAINER, id="an engine answers"),
        pytest.param(Found(java=True, maven=True, embedded=True), Kind.JARS, id="no engine"),
        pytest.param(Found(java=True, jars=True), Kind.JARS, id="no Maven, but the jars were fetched before"),
        pytest.param(Found(java=True, embedded=True), Kind.EMBEDDED, id="neither Maven nor jars"),
        pytest.param(Found(maven=True, jars=True, embedded=True), Kind.EMBEDDED, id="no Java"),
        pytest.param(Found(), None, id="nothing"),
    ],
)
def test_the_choice_is_the_best_that_is_there(found: Found, expected: Kind | None) -> None:
    assert choice(found) == expected


def test_what_was_chosen_is_told_with_what_better_ones_lack() -> None:
    assert described(offers(EVERYTHING)) == "Apache Kafka in a container"
    assert described(offers(Found(java=True, jars=True))) == "Apache Kafka from its jars (no Docker engine answers)"
    assert described(offers(Found(embedded=True))) == "the embedded broker (no Docker engine answers; no Java)"
    assert described(offers(Found(java=True))).startswith("none (no Docker engine answers; no Maven")


def test_an_address_may_name_several_brokers() -> None:
    assert checked("127.0.0.1:9092, [::1]:9093") == "127.0.0.1:9092,[::1]:9093"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:", ":9092", "127.0.0.1:9092,", "kafka:http"])
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(address: str) -> None:
    with pytest.raises(ValueError, match=r"SAFECLOCK_TEST_BROKER: expected HOST:PORT"):
        checked(address)

"""Settings and secrets: every mistake at once, by name, and never shown."""

import pytest

from producers.publisher.arguments import (
    OUTCOME_TYPES,
    AmendmentArguments,
    FilingArguments,
    OutcomeArguments,
    RetractionArguments,
)
from producers.publisher.errors import SettingsError
from producers.publisher.identity import Identity
from producers.publisher.settings import PublisherSettings
from streams.contract.events import keys
from streams.contract.events.schema import event_data
from streams.contract.settings.kafka_security import KafkaSecurity
from streams.domain.vocabulary import Outcome

SECRET = b"0123456789abcdef0123456789abcdef"


def test_the_environment_gives_every_setting() -> None:
    settings = PublisherSettings.from_environment(
        {
            "SAFECLOCK_PUBLISH_BOOTSTRAP": "one:9092, two:9092",
            "SAFECLOCK_PUBLISH_IDEMPOTENT": "false",
            "SAFECLOCK_PUBLISH_MAX_PENDING": "7",
        }
    )

    assert settings.servers == ["one:9092", "two:9092"]
    assert (settings.idempotent, settings.max_pending) == (False, 7)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        PublisherSettings.from_environment(
            {
                "SAFECLOCK_PUBLISH_BOOTSTRAP": "localhost:http",
                "SAFECLOCK_PUBLISH_PROTOCOL": "CARRIER_PIGEON",
                "SAFECLOCK_PUBLISH_MAX_PENDING": "many",
                "SAFECLOCK_PUBLISH_IDEMPOTENT": "perhaps",
                "SAFECLOCK_PUBLISH_LINGER_MS": "-1",
            }
        )

    assert len(raised.value.problems) == 5
    assert "SAFECLOCK_PUBLISH_MAX_PENDING" in str(raised.value)


@pytest.mark.parametrize("address", ["", "localhost:http", "one:9092,"])
def test_an_address_that_is_none_is_reported_as_such(address: str) -> None:
    with pytest.raises(SettingsError, match=r"bootstrap: expected HOST:PORT\[,HOST:PORT…\], got '"):
        PublisherSettings(bootstrap=address)


def test_a_variable_that_a_publisher_does_not_read_is_a_mistake_and_that_of_a_worker_is_none() -> None:
    with pytest.raises(SettingsError) as raised:
        PublisherSettings.from_environment({"SAFECLOCK_PUBLISH_USER": "harbor", "SAFECLOCK_BOOTSTRAP": "two:9092"})

    assert raised.value.problems == (
        "SAFECLOCK_PUBLISH_USER: expected SAFECLOCK_PUBLISH_USERNAME; nothing reads a variable of this name",
    )


def test_a_password_and_a_secret_are_never_shown() -> None:
    access = KafkaSecurity(protocol="SASL_SSL", username="harbor", password="hush-hush-hush")  # noqa: S106 - invented
    identity = Identity(platform="harbor", key_id="k1", secret=SECRET, former_secrets={"k0": SECRET})

    shown = repr(PublisherSettings(access=access)) + repr(identity)

    assert "hush" not in shown
    assert "0123" not in shown


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="32 bytes"):
        Identity(platform="harbor", key_id="k1", secret=b"short")


def test_a_report_keeps_the_pseudonym_that_it_was_filed_with() -> None:
    old = b"x" * 32
    identity = Identity(platform="harbor", key_id="k2", secret=SECRET, former_secrets={"k1": old})

    assert identity.token("r1", "k1") == keys.report_token(old, "k1", "r1")
    assert identity.token("r1") == keys.report_token(SECRET, "k2", "r1")
    with pytest.raises(SettingsError, match="k9"):
        identity.token("r1", "k9")


def test_the_publisher_can_say_everything_that_the_contract_knows() -> None:
    said = {name for kind in OUTCOME_TYPES.values() for name in kind.__struct_fields__}

    assert set(FilingArguments.__annotations__) == set(event_data.ReportFiled.__struct_fields__)
    assert set(AmendmentArguments.__annotations__) == set(event_data.ReportAmended.__struct_fields__)
    assert set(RetractionArguments.__annotations__) == set(event_data.EventRetracted.__struct_fields__)
    assert set(OutcomeArguments.__annotations__) == said
    assert set(OUTCOME_TYPES) == set(Outcome)

"""A broker that does not let us in says so at once, and which setting is wrong."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from streams.contract.settings.kafka_security import KafkaSecurity, KafkaSecurityError
from streams.edge.kafka_client.login_check import check_login
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.broker.security.secured_kafka import SecuredKafka

WITHIN_SECONDS = 30.0


@pytest.fixture
def valid_access(secured_kafka: SecuredKafka) -> KafkaSecurity:
    return secured_kafka.security_settings()


def login_error(bootstrap: str, access: KafkaSecurity) -> str:
    with pytest.raises(KafkaSecurityError) as raised:
        check_login(bootstrap, access)
    return str(raised.value)


def test_who_is_known_is_let_in_by_address_and_by_name(
    secured_kafka: SecuredKafka, valid_access: KafkaSecurity
) -> None:
    address = secured_kafka.listeners["secure"]

    assert check_login(address, valid_access)
    assert check_login(address.replace(LOOPBACK, "localhost"), valid_access)


def test_nobody_is_blamed_for_a_broker_that_does_not_answer(valid_access: KafkaSecurity) -> None:
    assert not check_login(f"{LOOPBACK}:{free_port()}", valid_access)


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_SSL"])
def test_nobody_is_blamed_for_a_broker_that_goes_down_meanwhile(valid_access: KafkaSecurity, protocol: str) -> None:
    plain = KafkaSecurity() if protocol == "PLAINTEXT" else replace(valid_access, protocol=protocol)
    access = replace(plain, username="", password="") if protocol == "SSL" else plain
    with socket.create_server((LOOPBACK, 0)) as listener, ThreadPoolExecutor(1) as thread:
        listener.settimeout(WITHIN_SECONDS)

        def going_down() -> None:
            accepted, _ = listener.accept()
            with accepted:
                listener.close()  # first: whoever is cut off may knock again at once
                accepted.recv(1)

        thread.submit(going_down)

        assert not check_login("{}:{}".format(*listener.getsockname()), access)


def test_one_broker_that_lets_us_in_is_enough(secured_kafka: SecuredKafka, valid_access: KafkaSecurity) -> None:
    assert check_login(f"{secured_kafka.listeners['expired']}, {secured_kafka.listeners['secure']}", valid_access)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_refused_and_not_repeated(
    secured_kafka: SecuredKafka, valid_access: KafkaSecurity, mechanism: str
) -> None:
    wrong = replace(valid_access, mechanism=mechanism, password="not-that-one")  # noqa: S106 - invented

    error = login_error(secured_kafka.listeners["secure"], wrong)

    assert error.startswith("SAFECLOCK_USERNAME, SAFECLOCK_PASSWORD: expected a user of")
    assert "not-that-one" not in error


def test_a_mechanism_that_the_broker_does_not_take_is_named(
    secured_kafka: SecuredKafka, valid_access: KafkaSecurity
) -> None:
    error = login_error(secured_kafka.listeners["secure"], replace(valid_access, mechanism="SCRAM-SHA-256"))

    assert error.startswith("SAFECLOCK_MECHANISM: expected one that")


@pytest.mark.parametrize("by_the_system", [True, False])
def test_a_certificate_of_an_unknown_authority_is_refused(
    secured_kafka: SecuredKafka,
    valid_access: KafkaSecurity,
    by_the_system: bool,  # noqa: FBT001
) -> None:
    ca_file = None if by_the_system else secured_kafka.unknown_authority.file

    error = login_error(secured_kafka.listeners["secure"], replace(valid_access, ca_file=ca_file))

    assert error.startswith("SAFECLOCK_CA_FILE: expected the authority that signed the certificate of")


@pytest.mark.parametrize(("listener", "why"), [("expired", "has expired"), ("elsewhere", "is not in it")])
def test_a_broker_with_the_wrong_certificate_is_refused(
    secured_kafka: SecuredKafka, valid_access: KafkaSecurity, listener: str, why: str
) -> None:
    error = login_error(secured_kafka.listeners[listener], valid_access)

    assert error.startswith("SAFECLOCK_BOOTSTRAP: expected")
    assert why in error


@pytest.mark.parametrize(
    ("protocol", "listener"),
    [
        ("PLAINTEXT", "secure"),
        ("PLAINTEXT", "named"),
        ("SASL_PLAINTEXT", "secure"),
        ("SASL_PLAINTEXT", "open"),
        ("SSL", "secure"),
        ("SSL", "open"),
        ("SASL_SSL", "open"),
        ("SASL_SSL", "named"),
    ],
)
def test_a_listener_of_another_protocol_is_distinguished_from_a_wrong_password(
    secured_kafka: SecuredKafka, valid_access: KafkaSecurity, protocol: str, listener: str
) -> None:
    error = login_error(secured_kafka.listeners[listener], replace(valid_access, protocol=protocol))

    assert error.startswith("SAFECLOCK_PROTOCOL: expected the protocol of the listener at")


def test_a_broker_that_asks_for_a_certificate_is_shown_one(secured_kafka: SecuredKafka) -> None:
    address, shown, other = (
        secured_kafka.listeners["mutual"],
        secured_kafka.client,
        secured_kafka.unknown_authority.issue("another"),
    )
    nobody = KafkaSecurity(protocol="SSL", ca_file=secured_kafka.authority.file)

    assert check_login(address, replace(nobody, cert_file=shown.cert_file, key_file=shown.key_file))
    for wrong in (nobody, replace(nobody, cert_file=other.cert_file, key_file=other.key_file)):
        assert login_error(address, wrong).startswith("cert_file, key_file: expected a certificate that")


def test_a_file_that_holds_no_certificate_is_named_before_anything_is_tried(tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_text("nothing of the kind", encoding="utf-8")
    access = KafkaSecurity(protocol="SSL", ca_file=file, cert_file=file, key_file=file)

    assert access.problems() == [f"ca_file: expected certificates in PEM, found none in {file}"]
    assert "unencrypted key" in replace(access, ca_file=None).problems()[0]

"""Check once whether the broker accepts the login, since Kafka's clients retry without naming the wrong setting.

A missing answer is not a problem of settings: the caller waits for the broker, which may be restarting.
"""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.contract.settings.kafka_security import KafkaSecurity, KafkaSecurityError

_REQUEST_TIMEOUT_MS: Final = 5_000
_CLOSE_TIMEOUT_SECONDS: Final = 0.2
_CLOSED_ERRORS: Final = (EOFError, ConnectionResetError, KafkaConnectionError, ssl.SSLEOFError)
_PROTOCOL_ERRORS: Final = (*_CLOSED_ERRORS, ssl.SSLError, IllegalSaslStateError)
# These numbers are OpenSSL's X509_V_ERR_* codes for problems of a certificate.
_DATE_ERRORS: Final = {9: "is not valid yet", 10: "has expired"}
_NAME_ERRORS: Final = {62, 64}


class NoBrokerError(ConnectionError):
    """No broker answered; the message names the setting with the addresses."""

    def __init__(self, bootstrap: str, security: KafkaSecurity) -> None:
        super().__init__(f"{security.setting_name('bootstrap')}: expected a broker at {bootstrap}, none answered")


def describe_error(error: BaseException) -> str:
    """Return the text of an error, with the class name for errors of a Kafka client."""
    return f"the broker: {type(error).__name__}: {error}" if isinstance(error, KafkaError) else str(error)


def missing_right_error(security: KafkaSecurity, right: str) -> KafkaSecurityError:
    """Return the error of a user who can log in but lacks a right, such as "READ topic measures"."""
    if security.uses_password or security.cert_file is None:
        setting, user = "username", repr(security.username) if security.uses_password else "an anonymous client"
    else:
        setting, user = "cert_file", f"the user of {security.cert_file}"
    return KafkaSecurityError(f"{security.setting_name(setting)}: expected a user who may {right}, {user} may not")


def check_login(bootstrap: str, security: KafkaSecurity) -> bool:
    """Return whether a broker accepts the login, False if no broker answers; blocks some seconds for each address.

    Raises KafkaSecurityError that names the wrong setting.
    """
    with ThreadPoolExecutor(1) as thread:  # the caller's thread may already run an event loop
        return thread.submit(_run_check, bootstrap, security).result()


def _run_check(bootstrap: str, security: KafkaSecurity) -> bool:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_check_login(bootstrap, security))


async def _check_login(bootstrap: str, security: KafkaSecurity) -> bool:
    problems = []
    for host, port, _ in collect_hosts(bootstrap):
        error = await _login_error(host, port, security)
        if isinstance(
            error, _CLOSED_ERRORS
        ):  # a broker that stops also closes the connection, but does not answer again
            error = await _login_error(host, port, security)
        if error is None:
            return True
        problems += [problem] if (problem := _setting_problem(error, f"{host}:{port}", security)) else []
    if problems:
        raise KafkaSecurityError(problems[0])
    return False


async def _login_error(host: str, port: int, security: KafkaSecurity) -> BaseException | None:
    """Return the error of a login, or None if the broker accepts it."""
    try:
        await _probe(host, port, security)
    except KafkaConnectionError as error:
        return error.__cause__ or error
    except (OSError, KafkaError, EOFError) as error:
        return error
    return None


async def _probe(host: str, port: int, security: KafkaSecurity) -> None:
    """Log in and send a request, since a listener that requires a login closes the connection only at a request."""
    connection = AIOKafkaConnection(host, port, request_timeout_ms=_REQUEST_TIMEOUT_MS, **security.client_options())
    try:
        await connection.connect()
        await connection.send(MetadataRequest([]))
    finally:
        # The future of a connection that was never established is never completed, so the wait has a timeout.
        await asyncio.wait({connection.close()}, timeout=_CLOSE_TIMEOUT_SECONDS)


def _setting_problem(error: BaseException, server: str, security: KafkaSecurity) -> str | None:
    """Return the problem of the setting that caused an error, or None if the broker did not answer."""
    match error:
        case ssl.SSLCertVerificationError():
            return _broker_certificate_problem(error, server, security)
        case ssl.SSLError() if "ALERT" in str(error.reason):
            return _own_certificate_problem(error, server, security)
        case SaslAuthenticationFailed():
            names = f"{security.setting_name('username')}, {security.setting_name('password')}"
            return f"{names}: expected a user of {server} and its password, {security.username!r} was rejected"
        case UnsupportedSaslMechanismError():
            return (
                f"{security.setting_name('mechanism')}: expected one that {server} supports, got {security.mechanism}"
            )
        case _ if isinstance(error, _PROTOCOL_ERRORS):
            return _protocol_problem(server, security)
        case _:
            return None


def _broker_certificate_problem(error: ssl.SSLCertVerificationError, server: str, security: KafkaSecurity) -> str:
    if error.verify_code in _DATE_ERRORS:
        return (
            f"{security.setting_name('bootstrap')}: expected a broker with a valid certificate, that of {server}"
            f" {_DATE_ERRORS[error.verify_code]}; renew the certificate at the broker"
        )
    if error.verify_code in _NAME_ERRORS:
        return (
            f"{security.setting_name('bootstrap')}: expected an address that is in the broker's certificate,"
            f" {server} is not in it"
        )
    authority = security.ca_file or "the system's authorities"
    return (
        f"{security.setting_name('ca_file')}: expected the authority that signed the certificate of {server},"
        f" got {authority} ({error.verify_message})"
    )


def _own_certificate_problem(error: ssl.SSLError, server: str, security: KafkaSecurity) -> str:
    names = f"{security.setting_name('cert_file')}, {security.setting_name('key_file')}"
    certificate = security.cert_file or "none"
    return f"{names}: expected a certificate that {server} accepts, got {certificate} ({error.reason})"


def _protocol_problem(server: str, security: KafkaSecurity) -> str:
    return (
        f"{security.setting_name('protocol')}: expected the protocol of the listener at {server}, which closed a"
        f" connection over {security.protocol}"
    )

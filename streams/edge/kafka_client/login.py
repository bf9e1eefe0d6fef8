"""Trying once whether the broker lets us in: Kafka's clients would try again and again, and never say which setting.

A broker that does not answer at all is no matter of settings: who needs it waits for it, as it would for one that
is being restarted.
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

from streams.contract.settings.kafka_security import Access, AccessError

_PATIENCE_MS: Final = 5_000
_CLOSING_SECONDS: Final = 0.2
_CLOSED: Final = (EOFError, ConnectionResetError, KafkaConnectionError, ssl.SSLEOFError)
_NOT_UNDERSTOOD: Final = (*_CLOSED, ssl.SSLError, IllegalSaslStateError)
# X509_V_ERR_*: what OpenSSL finds wrong with a certificate.
_DATES: Final = {9: "is not valid yet", 10: "has expired"}
_NAMES: Final = {62, 64}


class NoBrokerError(ConnectionError):
    """No broker answers; the message names the setting with the addresses."""

    def __init__(self, bootstrap: str, access: Access) -> None:
        super().__init__(f"{access.named('bootstrap')}: expected a broker at {bootstrap}, none answered")


def told(error: BaseException) -> str:
    """Return a failure that a broker caused in words: an error of a Kafka client by its name and what it says."""
    return f"the broker: {type(error).__name__}: {error}" if isinstance(error, KafkaError) else str(error)


def lacking(access: Access, right: str) -> AccessError:
    """Return the error of whom a broker lets in and does not let do something; `right` says what, and to what."""
    if access.by_password or access.cert_file is None:
        setting, who = "username", repr(access.username) if access.by_password else "whoever does not sign in"
    else:
        setting, who = "cert_file", f"that of {access.cert_file}"
    return AccessError(f"{access.named(setting)}: expected somebody who may {right}, {who} may not")


def sign_in(bootstrap: str, access: Access) -> bool:
    """Return whether a broker lets us in, false if none answers; blocking, at most some seconds for each address.

    Raises AccessError that names the setting.
    """
    with ThreadPoolExecutor(1) as thread:  # the caller's own thread may have a running loop
        return thread.submit(_in_a_loop, bootstrap, access).result()


def _in_a_loop(bootstrap: str, access: Access) -> bool:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_sign_in(bootstrap, access))


async def _sign_in(bootstrap: str, access: Access) -> bool:
    refusals = []
    for host, port, _ in collect_hosts(bootstrap):
        error = await _tried(host, port, access)
        if isinstance(error, _CLOSED):  # a broker that is going down closes, too, and answers no more
            error = await _tried(host, port, access)
        if error is None:
            return True
        refusals += [told] if (told := _told(error, f"{host}:{port}", access)) else []
    if refusals:
        raise AccessError(refusals[0])
    return False


async def _tried(host: str, port: int, access: Access) -> BaseException | None:
    """Return why a broker did not let us in."""
    try:
        await _knock(host, port, access)
    except KafkaConnectionError as error:
        return error.__cause__ or error
    except (OSError, KafkaError, EOFError) as error:
        return error
    return None


async def _knock(host: str, port: int, access: Access) -> None:
    """Sign in, and ask something: a listener that expects a name closes the connection only then."""
    connection = AIOKafkaConnection(host, port, request_timeout_ms=_PATIENCE_MS, **access.options())
    try:
        await connection.connect()
        await connection.send(MetadataRequest([]))
    finally:
        # Of a connection that did not come about nobody ever says that it is closed.
        await asyncio.wait({connection.close()}, timeout=_CLOSING_SECONDS)


def _told(error: BaseException, server: str, access: Access) -> str | None:
    """Return which setting is wrong, as a broker's answer has it; None where nobody answered."""
    match error:
        case ssl.SSLCertVerificationError():
            return _of_certificate(error, server, access)
        case ssl.SSLError() if "ALERT" in str(error.reason):
            return _of_ours(error, server, access)
        case SaslAuthenticationFailed():
            names = f"{access.named('username')}, {access.named('password')}"
            return f"{names}: expected a user of {server} and its password, {access.username!r} was not let in"
        case UnsupportedSaslMechanismError():
            return f"{access.named('mechanism')}: expected one that {server} takes, it does not {access.mechanism}"
        case _ if isinstance(error, _NOT_UNDERSTOOD):
            return _of_protocol(server, access)
        case _:
            return None


def _of_certificate(error: ssl.SSLCertVerificationError, server: str, access: Access) -> str:
    if error.verify_code in _DATES:
        return (
            f"{access.named('bootstrap')}: expected a broker whose certificate is valid today, that of {server}"
            f" {_DATES[error.verify_code]}: it is renewed at the broker"
        )
    if error.verify_code in _NAMES:
        return (
            f"{access.named('bootstrap')}: expected an address that stands in the broker's certificate, {server} does"
            " not stand in it"
        )
    by = access.ca_file or "the system's authorities"
    return (
        f"{access.named('ca_file')}: expected the authority that signed the certificate of {server}, got {by}"
        f" ({error.verify_message})"
    )


def _of_ours(error: ssl.SSLError, server: str, access: Access) -> str:
    names = f"{access.named('cert_file')}, {access.named('key_file')}"
    given = access.cert_file or "none"
    return f"{names}: expected a certificate that {server} takes, got {given} ({error.reason})"


def _of_protocol(server: str, access: Access) -> str:
    return (
        f"{access.named('protocol')}: expected the protocol of the listener at {server}, it closed the connection on"
        f" {access.protocol}"
    )

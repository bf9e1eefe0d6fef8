"""Run a broker in the foreground: `python -m tests.tools.run_broker [one|three|embedded]`."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from tests.support.broker.apache import apache_kafka
from tests.support.broker.cluster import running_cluster
from tests.support.broker.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.support.broker.jars import BrokerUnavailableError


@contextmanager
def _single_node() -> Iterator[str]:
    with apache_kafka() as broker:
        yield broker.bootstrap


@contextmanager
def _three_nodes() -> Iterator[str]:
    with running_cluster() as cluster:
        yield cluster.bootstrap


_KINDS: Final[dict[str, Callable[[], AbstractContextManager[str]]]] = {
    "one": _single_node,
    "three": _three_nodes,
    "embedded": embedded_broker,
}


def main() -> int:
    """Run a broker until interrupted, telling its address on the first line."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.run_broker", description=__doc__)
    parser.add_argument("kind", nargs="?", default="one", choices=sorted(_KINDS), help="nodes of Apache Kafka")
    kind: str = parser.parse_args().kind
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with _KINDS[kind]() as bootstrap:
            sys.stdout.write(f"{bootstrap}\n")
            sys.stdout.flush()
            stopped.wait()
    except (BrokerUnavailableError, EmbeddedBrokerUnavailableError) as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    return 0


sys.exit(main())

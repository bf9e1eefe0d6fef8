"""Brokers for the whole session, started when the first test asks for one; how many examples Hypothesis draws."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies._internal.types  # noqa: F401 - before any test, see below
import pytest
from hypothesis import HealthCheck, settings

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.apache import apache_kafka as apache_node
from tests.support.broker.cluster import ApacheCluster, apache_cluster
from tests.support.broker.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.support.broker.faults.network_namespace import Namespace, NamespaceUnavailableError, namespace
from tests.support.broker.faults.small_disk import MEGABYTES, DiskUnavailableError, SmallDisk, small_disk
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.launcher import Chosen, chosen_broker, look
from tests.support.broker.selection import EMBEDDED, Found, described, offers
from tests.support.components import missing
from tests.support.paths import ROOT

# Hypothesis imports its types in the middle of a test; in a new environment pytest parses them then. When the garbage
# collector finds something left open meanwhile, pytest formats its warning, for which Python 3.11 parses as well: one
# parser within another ends the test with "AST constructor recursion depth mismatch" and hides the warning.

# `fast` in `make test`, `quick` by default and always the same examples; more by `--hypothesis-profile=thorough`.
_SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "fast", max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.register_profile(
    "quick", max_examples=70, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.register_profile(
    "thorough", max_examples=5_000, deadline=None, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.load_profile("quick")

pytest_plugins = ["tests.support.process.fixtures", "tests.support.failures.fixtures"]

FOUND = pytest.StashKey[Found]()
_APACHE_KAFKA = frozenset({"apache", "apache_kafka", "apache_kafka_server", "three_brokers", "far", "tight"})

RAN_ON = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Look once which broker the tests can run on."""
    try:
        config.stash[FOUND] = look(os.environ)
    except ValueError as wrong:
        raise pytest.UsageError(str(wrong)) from None
    config.stash[RAN_ON] = []


def pytest_report_header(config: pytest.Config) -> str:
    """Say which broker the tests will run on, and why on no better one."""
    found = config.stash[FOUND]
    where = f" at {found.address}" if found.address not in ("", EMBEDDED) else ""
    return f"broker: {described(offers(found))}{where}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures or parameters name an Apache Kafka."""
    for item in items:
        if isinstance(item, pytest.Function) and not _APACHE_KAFKA.isdisjoint((*item.fixturenames, *_texts(item))):
            item.add_marker("apache")


def _texts(item: pytest.Function) -> Iterator[str]:
    callspec = getattr(item, "callspec", None)
    if callspec:
        yield from (value for value in callspec.params.values() if isinstance(value, str))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which brokers the tests ran on; nothing when none of them asked for one."""
    if config.stash[RAN_ON]:
        terminalreporter.section("brokers that tests ran on")
        for broker in config.stash[RAN_ON]:
            terminalreporter.line(broker)


@pytest.fixture(scope="module", autouse=True)
def _left_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let what a module of real components leaves open fail there, not in whatever runs when it is collected."""
    yield
    if not request.path.is_relative_to(ROOT / "tests/unit"):
        gc.collect()


@pytest.fixture(scope="session")
def any_broker(pytestconfig: pytest.Config) -> Iterator[Chosen]:
    """The best broker to be had here, for a test that any broker can serve."""
    found = pytestconfig.stash[FOUND]
    try:
        with chosen_broker(offers(found), found.address) as broker:
            pytestconfig.stash[RAN_ON].append(str(broker))
            yield broker
    except BrokerUnavailableError as reason:
        if found.address:
            pytest.fail(str(reason))
        missing("embedded-broker", str(reason))


@pytest.fixture(scope="session")
def apache_kafka(any_broker: Chosen) -> str:
    """The bootstrap address of an Apache Kafka, for a test of what only that has: transactions, the log's time."""
    if not any_broker.transactions:
        missing("apache-kafka", f"{any_broker}: expected transactions, found none")
    return any_broker.bootstrap


@pytest.fixture(scope="session", name="embedded_broker")
def embedded_broker_address(pytestconfig: pytest.Config) -> Iterator[str]:
    """The bootstrap address of an embedded broker."""
    try:
        with embedded_broker() as address:
            pytestconfig.stash[RAN_ON].append(f"the embedded broker at {address}")
            yield address
    except EmbeddedBrokerUnavailableError as reason:
        missing("embedded-broker", str(reason))


@pytest.fixture(scope="session")
def apache_kafka_server(pytestconfig: pytest.Config) -> Iterator[ApacheKafka]:
    """A node from the jars that nobody else uses: a test may stop it, and starts it again."""
    try:
        with apache_node() as node:
            pytestconfig.stash[RAN_ON].append(f"Apache Kafka from its jars at {node.bootstrap}, stopped and started")
            yield node
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


@pytest.fixture(scope="session")
def _cluster(pytestconfig: pytest.Config) -> Iterator[ApacheCluster]:
    try:
        with apache_cluster() as cluster:
            pytestconfig.stash[RAN_ON].append(f"three nodes of Apache Kafka from its jars at {cluster.bootstrap}")
            yield cluster
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


@pytest.fixture
def three_brokers(_cluster: ApacheCluster) -> ApacheCluster:
    """Three nodes from the jars as one cluster, all of them in service; a test may stop any of them."""
    _cluster.start()
    return _cluster


@pytest.fixture
def link() -> Iterator[Namespace]:
    """A network of the test's own, which it may cut."""
    try:
        with namespace() as made:
            yield made
    except NamespaceUnavailableError as reason:
        missing("root", str(reason))


@pytest.fixture
def far(link: Namespace) -> Iterator[ApacheKafka]:
    """A node behind the link."""
    try:
        with apache_node(host=link.host, enter=link.enter) as made:
            yield made
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of the test's own that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        with small_disk(folder, MEGABYTES) as made:
            yield made
    except DiskUnavailableError as reason:
        missing("root", str(reason))


@pytest.fixture
def tight(disk: SmallDisk) -> Iterator[ApacheKafka]:
    """A node that keeps its log on that disk."""
    try:
        with apache_node(log=disk.path) as made:
            yield made
    except BrokerUnavailableError as reason:
        missing("apache-kafka", str(reason))

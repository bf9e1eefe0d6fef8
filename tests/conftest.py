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
from tests.support.broker.cluster import ApacheCluster, running_cluster
from tests.support.broker.embedded import EmbeddedBrokerUnavailableError, embedded_broker
from tests.support.broker.faults.network_namespace import NamespaceUnavailableError, NetworkNamespace, network_namespace
from tests.support.broker.faults.small_disk import MEGABYTES, DiskUnavailableError, SmallDisk, small_disk
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.launcher import RunningBroker, detect_brokers, start_first_offer
from tests.support.broker.selection import EMBEDDED, DetectedBrokers, describe_offers, rank_offers
from tests.support.components import component_or_skip, require_component
from tests.support.paths import ROOT

# Hypothesis imports its types in the middle of a test; in a new environment pytest parses them then. When the garbage
# collector finds something left open meanwhile, pytest formats its warning, for which Python 3.11 parses as well: one
# parser within another ends the test with "AST constructor recursion depth mismatch" and hides the warning.

# `fast` in `make test`, `quick` by default and always the same examples; more by `--hypothesis-profile=thorough`.
_SUPPRESSED_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "fast", max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=_SUPPRESSED_CHECKS
)
settings.register_profile(
    "quick", max_examples=70, deadline=None, derandomize=True, database=None, suppress_health_check=_SUPPRESSED_CHECKS
)
settings.register_profile(
    "thorough", max_examples=5_000, deadline=None, database=None, suppress_health_check=_SUPPRESSED_CHECKS
)
settings.load_profile("quick")

pytest_plugins = ["tests.support.process.fixtures", "tests.support.failures.fixtures"]

DETECTED_BROKERS = pytest.StashKey[DetectedBrokers]()
_APACHE_KAFKA = frozenset(
    {"apache", "apache_kafka", "stoppable_apache_kafka", "three_brokers", "broker_behind_link", "broker_on_small_disk"}
)

BROKERS_USED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Look once which broker the tests can run on."""
    try:
        config.stash[DETECTED_BROKERS] = detect_brokers(os.environ)
    except ValueError as wrong:
        raise pytest.UsageError(str(wrong)) from None
    config.stash[BROKERS_USED] = []


def pytest_report_header(config: pytest.Config) -> str:
    """Say which broker the tests will run on, and why on no better one."""
    found = config.stash[DETECTED_BROKERS]
    where = f" at {found.address}" if found.address not in ("", EMBEDDED) else ""
    return f"broker: {describe_offers(rank_offers(found))}{where}"


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
    if config.stash[BROKERS_USED]:
        terminalreporter.section("brokers that tests ran on")
        for broker in config.stash[BROKERS_USED]:
            terminalreporter.line(broker)


@pytest.fixture(scope="module", autouse=True)
def _collect_open_resources(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let what a module of real components leaves open fail there, not in whatever runs when it is collected."""
    yield
    if not request.path.is_relative_to(ROOT / "tests/unit"):
        gc.collect()


@pytest.fixture(scope="session")
def any_broker(pytestconfig: pytest.Config) -> Iterator[RunningBroker]:
    """The best broker to be had here, for a test that any broker can serve."""
    found = pytestconfig.stash[DETECTED_BROKERS]
    try:
        with start_first_offer(rank_offers(found), found.address) as broker:
            pytestconfig.stash[BROKERS_USED].append(str(broker))
            yield broker
    except BrokerUnavailableError as reason:
        if found.address:
            pytest.fail(str(reason))
        require_component("embedded-broker", str(reason))


@pytest.fixture(scope="session")
def apache_kafka(any_broker: RunningBroker) -> str:
    """The bootstrap address of an Apache Kafka, for a test of what only that has: transactions, the log's time."""
    if not any_broker.has_transactions:
        require_component("apache-kafka", f"{any_broker}: expected transactions, found none")
    return any_broker.bootstrap


@pytest.fixture(scope="session", name="embedded_broker")
def embedded_broker_address(pytestconfig: pytest.Config) -> Iterator[str]:
    """The bootstrap address of an embedded broker."""
    with component_or_skip("embedded-broker", embedded_broker(), EmbeddedBrokerUnavailableError) as address:
        pytestconfig.stash[BROKERS_USED].append(f"the embedded broker at {address}")
        yield address


@pytest.fixture(scope="session")
def stoppable_apache_kafka(pytestconfig: pytest.Config) -> Iterator[ApacheKafka]:
    """A node from the jars that nobody else uses: a test may stop it, and starts it again."""
    with component_or_skip("apache-kafka", apache_node(), BrokerUnavailableError) as node:
        pytestconfig.stash[BROKERS_USED].append(f"Apache Kafka from its jars at {node.bootstrap}, stopped and started")
        yield node


@pytest.fixture(scope="session")
def _cluster(pytestconfig: pytest.Config) -> Iterator[ApacheCluster]:
    with component_or_skip("apache-kafka", running_cluster(), BrokerUnavailableError) as cluster:
        pytestconfig.stash[BROKERS_USED].append(f"three nodes of Apache Kafka from its jars at {cluster.bootstrap}")
        yield cluster


@pytest.fixture
def three_brokers(_cluster: ApacheCluster) -> ApacheCluster:
    """Three nodes from the jars as one cluster, all of them in service; a test may stop any of them."""
    _cluster.start()
    return _cluster


@pytest.fixture(name="network_namespace")
def _own_network() -> Iterator[NetworkNamespace]:
    """A network of the test's own, which it may cut."""
    with component_or_skip("root", network_namespace(), NamespaceUnavailableError) as namespace:
        yield namespace


@pytest.fixture
def broker_behind_link(network_namespace: NetworkNamespace) -> Iterator[ApacheKafka]:
    """A node behind the link."""
    node = apache_node(host=network_namespace.host, command_prefix=network_namespace.command_prefix)
    with component_or_skip("apache-kafka", node, BrokerUnavailableError) as running:
        yield running


@pytest.fixture(name="small_disk")
def _own_small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of the test's own that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with component_or_skip("root", small_disk(folder, MEGABYTES), DiskUnavailableError) as disk:
        yield disk


@pytest.fixture
def broker_on_small_disk(small_disk: SmallDisk) -> Iterator[ApacheKafka]:
    """A node that keeps its log on that disk."""
    with component_or_skip("apache-kafka", apache_node(log=small_disk.path), BrokerUnavailableError) as node:
        yield node

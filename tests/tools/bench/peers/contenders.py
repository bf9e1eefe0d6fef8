"""Who runs: what each needs to be here, and how its process is started."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from typing_extensions import override

from streams.contract.topics import TopicSettings
from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.paths import ROOT
from tests.support.simulation.workload import PARTITIONS, Workload
from tests.support.simulation.workload_topics import topic_names
from tests.tools.bench.comparison import SHORT_PREFIX, ComparisonSetup
from tests.tools.bench.decision_counts import counts_of_events
from tests.tools.bench.ledger_speed import decode_lines
from tests.tools.bench.peers import java_peer
from tests.tools.bench.peers.peer_process import OutputReadingProcess, PeerProcess
from tests.tools.bench.peers.safeclock_worker import MeasuresReader, SafeclockPeer

# Bytewax has no default for the time between two snapshots, and its documentation's example is 30 s: the whole workload
# would be over without one.
_SNAPSHOT_SECONDS: Final = "5"

PATHWAY: Final = ROOT / ".cache/pathway/bin/python"


@dataclass(frozen=True)
class ContenderRun:
    """One application of a contender, which may be started again under the same name, with the same folder."""

    setup: ComparisonSetup
    application: str
    folder: Path

    def start_with_output(self, command: Sequence[str]) -> OutputReadingProcess:
        """Return a process with its output in the folder."""
        return OutputReadingProcess(command, self.folder / "output.log", {"PYTHONWARNINGS": "ignore"})

    def state_folder(self) -> Path:
        """Return the folder for the contender's own files, which exists."""
        path = self.folder / "state"
        path.mkdir(exist_ok=True)
        return path


@dataclass(frozen=True)
class Contender:
    """A contender: its name, what is missing here to run it, the beginning of its topics' names, and how it is prepared.

    `prepare` makes whatever comes before the first start and returns what starts a process, as often as it is called.
    """

    name: str
    missing_requirement: str
    prefix: str
    prepare: Callable[[ContenderRun], Callable[[], PeerProcess]]

    def workload_of(self, course: ComparisonSetup) -> Workload:
        """Return the workload that it reads."""
        return course.short_workload if self.prefix else course.workload

    def expected(self, course: ComparisonSetup) -> object:
        """Return the totals that it must come to."""
        return self.workload_of(course).totals.as_json()


class Safeclock(Contender):
    """The worker, which counts more than the others and is compared with a scan of the events of its own."""

    @override
    def expected(self, course: ComparisonSetup) -> object:
        """Return the decisions that the events tell of."""
        return counts_of_events([event for events in decode_lines(course.workload.lines) for event in events])


def all_contenders() -> list[Contender]:
    """Return every contender, in the order in which they run."""
    return [
        Contender("Faust", "", SHORT_PREFIX, _prepare_faust),
        Contender("Quix Streams", _package("quixstreams"), "", _prepare_quix),
        Contender("Bytewax", _package("bytewax") or _package("confluent_kafka"), "", _prepare_bytewax),
        Contender("Pathway", _pathway_missing(), "", _prepare_pathway),
        Contender("Kafka Streams", java_peer.missing_requirement(), "", _prepare_kafka_streams),
        Safeclock("Safeclock worker", "", "", _prepare_worker),
    ]


def _package(name: str) -> str:
    return "" if find_spec(name) else f"expected the package {name}, found none"


def _pathway_missing() -> str:
    return "" if PATHWAY.exists() else "expected an environment with Pathway in .cache/pathway, found none"


def _start_python(entry: ContenderRun, module: str, *rest: str) -> PeerProcess:
    arguments = [entry.setup.bootstrap, entry.application, str(entry.state_folder()), *rest]
    return entry.start_with_output([sys.executable, "-m", module, *arguments])


def _prepare_faust(entry: ContenderRun) -> Callable[[], PeerProcess]:
    # Faust makes its changelogs itself, but on a broker that does not know them yet at once it now and then stands
    # still for good after a few records.
    with KafkaAdmin(entry.setup.bootstrap) as broker:
        for store in ("reports", "groups"):
            name = f"{entry.application}-{store}-changelog"
            settings = {"cleanup.policy": "compact"}
            broker.create_topic(TopicSettings(name=name, partitions=PARTITIONS, replication_factor=1, config=settings))
    return partial(_start_python, entry, "tests.tools.bench.peers.faust_peer", SHORT_PREFIX)


def _prepare_quix(entry: ContenderRun) -> Callable[[], PeerProcess]:
    return partial(_start_python, entry, "tests.tools.bench.peers.quix_peer", "")


def _prepare_bytewax(entry: ContenderRun) -> Callable[[], PeerProcess]:
    state = str(entry.state_folder())
    subprocess.run([sys.executable, "-m", "bytewax.recovery", state, "1"], check=True)
    flow = f"tests.tools.bench.peers.bytewax_peer:flow({entry.setup.bootstrap!r}, '')"
    recovery = ["-r", state, "-s", _SNAPSHOT_SECONDS, "-b", "0"]
    return lambda: entry.start_with_output([sys.executable, "-m", "bytewax.run", flow, *recovery])


def _prepare_pathway(entry: ContenderRun) -> Callable[[], PeerProcess]:
    arguments = [entry.setup.bootstrap, entry.application, str(entry.state_folder()), *topic_names("")]
    return lambda: entry.start_with_output([str(PATHWAY), "-m", "tests.tools.bench.peers.pathway_peer", *arguments])


def _prepare_kafka_streams(entry: ContenderRun) -> Callable[[], PeerProcess]:
    command = java_peer.command(entry.setup.bootstrap, entry.application, entry.state_folder(), topic_names(""))
    return lambda: entry.start_with_output(command)


def _prepare_worker(entry: ContenderRun) -> Callable[[], PeerProcess]:
    measures = MeasuresReader(entry.setup.bootstrap, entry.application)
    return lambda: SafeclockPeer(entry.setup.bootstrap, entry.application, entry.folder, measures)

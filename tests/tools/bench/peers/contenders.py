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
from tests.support.simulation.workload import PARTITIONS, Story
from tests.support.simulation.workload_topics import names
from tests.tools.bench.comparison import SHORT, Course
from tests.tools.bench.decision_counts import scanned
from tests.tools.bench.ledger_speed import decoded
from tests.tools.bench.peers import java_peer
from tests.tools.bench.peers.peer_process import Contestant, Spoken
from tests.tools.bench.peers.safeclock_worker import Measures, Worker

# Bytewax has no default for the time between two snapshots, and its documentation's example is 30 s: the whole story
# would be over without one.
_SNAPSHOT_SECONDS: Final = "5"

PATHWAY: Final = ROOT / ".cache/pathway/bin/python"


@dataclass(frozen=True)
class Entry:
    """One application of a contender, which may be started again under the same name, with the same folder."""

    course: Course
    application: str
    folder: Path

    def spoken(self, command: Sequence[str]) -> Spoken:
        """Return a process with its output in the folder."""
        return Spoken(command, self.folder / "output.log", {"PYTHONWARNINGS": "ignore"})

    def state(self) -> Path:
        """Return the folder for the contender's own files, which exists."""
        path = self.folder / "state"
        path.mkdir(exist_ok=True)
        return path


@dataclass(frozen=True)
class Contender:
    """A contender: its name, what is missing here to run it, the beginning of its topics' names, and how it is entered.

    `enter` makes whatever comes before the first start and returns what starts a process, as often as it is called.
    """

    name: str
    missing: str
    prefix: str
    enter: Callable[[Entry], Callable[[], Contestant]]

    def story(self, course: Course) -> Story:
        """Return the story that it reads."""
        return course.short if self.prefix else course.story

    def expected(self, course: Course) -> object:
        """Return the totals that it must come to."""
        return self.story(course).totals.as_json()


class Safeclock(Contender):
    """The worker, which counts more than the others and is compared with a scan of the events of its own."""

    @override
    def expected(self, course: Course) -> object:
        """Return the decisions that the events tell of."""
        return scanned([event for events in decoded(course.story.lines) for event in events])


def all_of_them() -> list[Contender]:
    """Return every contender, in the order in which they run."""
    return [
        Contender("Faust", "", SHORT, _faust),
        Contender("Quix Streams", _package("quixstreams"), "", _quix),
        Contender("Bytewax", _package("bytewax") or _package("confluent_kafka"), "", _bytewax),
        Contender("Pathway", _pathway_missing(), "", _pathway),
        Contender("Kafka Streams", java_peer.missing(), "", _kafka_streams),
        Safeclock("Safeclock worker", "", "", _worker),
    ]


def _package(name: str) -> str:
    return "" if find_spec(name) else f"expected the package {name}, found none"


def _pathway_missing() -> str:
    return "" if PATHWAY.exists() else "expected an environment with Pathway in .cache/pathway, found none"


def _python(entry: Entry, module: str, *rest: str) -> Contestant:
    arguments = [entry.course.bootstrap, entry.application, str(entry.state()), *rest]
    return entry.spoken([sys.executable, "-m", module, *arguments])


def _faust(entry: Entry) -> Callable[[], Contestant]:
    # Faust makes its changelogs itself, but on a broker that does not know them yet at once it now and then stands
    # still for good after a few records.
    with KafkaAdmin(entry.course.bootstrap) as broker:
        for store in ("reports", "groups"):
            name = f"{entry.application}-{store}-changelog"
            settings = {"cleanup.policy": "compact"}
            broker.create_topic(TopicSettings(name=name, partitions=PARTITIONS, replication_factor=1, config=settings))
    return partial(_python, entry, "tests.tools.bench.peers.faust_peer", SHORT)


def _quix(entry: Entry) -> Callable[[], Contestant]:
    return partial(_python, entry, "tests.tools.bench.peers.quix_peer", "")


def _bytewax(entry: Entry) -> Callable[[], Contestant]:
    state = str(entry.state())
    subprocess.run([sys.executable, "-m", "bytewax.recovery", state, "1"], check=True)
    flow = f"tests.tools.bench.peers.bytewax_peer:flow({entry.course.bootstrap!r}, '')"
    recovery = ["-r", state, "-s", _SNAPSHOT_SECONDS, "-b", "0"]
    return lambda: entry.spoken([sys.executable, "-m", "bytewax.run", flow, *recovery])


def _pathway(entry: Entry) -> Callable[[], Contestant]:
    arguments = [entry.course.bootstrap, entry.application, str(entry.state()), *names("")]
    return lambda: entry.spoken([str(PATHWAY), "-m", "tests.tools.bench.peers.pathway_peer", *arguments])


def _kafka_streams(entry: Entry) -> Callable[[], Contestant]:
    command = java_peer.command(entry.course.bootstrap, entry.application, entry.state(), names(""))
    return lambda: entry.spoken(command)


def _worker(entry: Entry) -> Callable[[], Contestant]:
    measures = Measures(entry.course.bootstrap, entry.application)
    return lambda: Worker(entry.course.bootstrap, entry.application, entry.folder, measures)

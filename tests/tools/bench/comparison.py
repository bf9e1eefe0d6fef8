"""The race: contenders in turns on one broker, so that whatever else the machine does slows all of them."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from streams.domain.duration_bins import DAY
from streams.edge.clock import wall_clock_ms
from tests.support.paths import CHILDREN
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import Story, tell
from tests.tools.bench import timed_run, worker_process
from tests.tools.bench.decision_counts import scanned
from tests.tools.bench.ledger_speed import decoded
from tests.tools.bench.timed_run import Trial

FAUST: Final = "plain Faust"
BYTEWAX: Final = "Bytewax, recovery off"
WORKER: Final = "Safeclock worker"
PACKED: Final = "Safeclock worker, 18 clocks"
SILENT: Final = "Safeclock worker, no notices"
LEDGER: Final = "Safeclock ledger alone"

_PACK: Final = str(CHILDREN)

SHORT: Final = "short."
_SHORT_RECORDS: Final = 12_000


@dataclass(frozen=True)
class Course:
    """What is run: `story` by all but plain Faust, which takes the beginning of it, `short`; `folder` is for files."""

    bootstrap: str
    story: Story
    short: Story
    folder: Path


def prepare(bootstrap: str, folder: Path, reports: int) -> Course:
    """Tell a story that has just ended and put it on the broker."""
    today = wall_clock_ms() // DAY * DAY
    course = Course(bootstrap, tell(reports, today), tell(reports, today, _SHORT_RECORDS), folder)
    workload_topics.fill(bootstrap, "", course.story)
    workload_topics.fill(bootstrap, SHORT, course.short)
    (folder / "story.jsonl").write_bytes(b"".join(course.story.lines))
    return course


def run(course: Course, runs: int, say: Callable[[str], None]) -> Mapping[str, list[Trial]]:
    """Let every contender run so often, in turns; raises WrongTotalsError if one counts wrong."""
    contenders: dict[str, Callable[[Course], Trial]] = {
        FAUST: _faust,
        BYTEWAX: _bytewax,
        WORKER: _worker,
        PACKED: partial(_worker, SAFECLOCK_PACKS=_PACK),
        SILENT: partial(_worker, SAFECLOCK_REPORT_UPDATES="none"),
        LEDGER: _ledger,
    }
    if find_spec("confluent_kafka") is None:
        say("Bytewax is left out: its Kafka source needs the package confluent-kafka")
        del contenders[BYTEWAX]
    trials: dict[str, list[Trial]] = defaultdict(list)
    for _ in range(runs):
        for name, contender in contenders.items():
            done = contender(course)
            trials[name].append(done)
            say(
                f"{name}: {done.records / done.wall:,.0f} records/s, {done.cpu / done.records * 1e6:.1f} µs of processor time each"
            )
    return trials


def _faust(course: Course) -> Trial:
    arguments = [course.bootstrap, SHORT, str(len(course.short.records))]
    return timed_run.in_a_process("tests.tools.bench.faust_peer", arguments, course.short.totals.as_json())


def _bytewax(course: Course) -> Trial:
    arguments = [course.bootstrap, "", str(len(course.story.records))]
    return timed_run.in_a_process("tests.tools.bench.bytewax_peer", arguments, course.story.totals.as_json())


def _worker(course: Course, **environment: str) -> Trial:
    name = worker_process.application()
    with worker_process.working(course.bootstrap, name, course.folder, **environment) as part:
        done = worker_process.drain(part, len(course.story.records))
    expected = scanned([event for events in decoded(course.story.lines) for event in events])
    timed_run.check(WORKER, worker_process.totals(course.bootstrap, name), expected)
    return done


def _ledger(course: Course) -> Trial:
    return timed_run.in_a_process("tests.tools.bench.ledger_speed", [], True, course.folder / "story.jsonl")  # noqa: FBT003

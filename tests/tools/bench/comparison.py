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
from tests.support.paths import CHILDREN_PACK
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import Workload, simulate_workload
from tests.tools.bench import timed_run, worker_process
from tests.tools.bench.decision_counts import counts_of_events
from tests.tools.bench.ledger_speed import decode_lines
from tests.tools.bench.timed_run import TimedRun

FAUST: Final = "plain Faust"
BYTEWAX: Final = "Bytewax, recovery off"
WORKER: Final = "Safeclock worker"
WORKER_WITH_PACK: Final = "Safeclock worker, 18 clocks"
WORKER_WITHOUT_UPDATES: Final = "Safeclock worker, no report updates"
LEDGER: Final = "Safeclock ledger alone"

_PACK: Final = str(CHILDREN_PACK)

SHORT_PREFIX: Final = "short."
_SHORT_RECORDS: Final = 12_000


@dataclass(frozen=True)
class ComparisonSetup:
    """What is run: `workload` by all but plain Faust, which reads its beginning, `short_workload`; `folder` is for files."""

    bootstrap: str
    workload: Workload
    short_workload: Workload
    folder: Path


def prepare_setup(bootstrap: str, folder: Path, reports: int) -> ComparisonSetup:
    """Simulate a workload that has just ended and put it on the broker."""
    today = wall_clock_ms() // DAY * DAY
    course = ComparisonSetup(
        bootstrap, simulate_workload(reports, today), simulate_workload(reports, today, _SHORT_RECORDS), folder
    )
    workload_topics.publish_workload(bootstrap, "", course.workload)
    workload_topics.publish_workload(bootstrap, SHORT_PREFIX, course.short_workload)
    (folder / "workload.jsonl").write_bytes(b"".join(course.workload.lines))
    return course


def run(course: ComparisonSetup, runs: int, print_progress: Callable[[str], None]) -> Mapping[str, list[TimedRun]]:
    """Let every contender run so often, in turns; raises WrongTotalsError if one counts wrong."""
    contenders: dict[str, Callable[[ComparisonSetup], TimedRun]] = {
        FAUST: _faust,
        BYTEWAX: _bytewax,
        WORKER: _worker,
        WORKER_WITH_PACK: partial(_worker, SAFECLOCK_PACKS=_PACK),
        WORKER_WITHOUT_UPDATES: partial(_worker, SAFECLOCK_REPORT_UPDATES="none"),
        LEDGER: _ledger,
    }
    if find_spec("confluent_kafka") is None:
        print_progress("Bytewax is left out: its Kafka source needs the package confluent-kafka")
        del contenders[BYTEWAX]
    trials: dict[str, list[TimedRun]] = defaultdict(list)
    for _ in range(runs):
        for name, contender in contenders.items():
            done = contender(course)
            trials[name].append(done)
            print_progress(
                f"{name}: {done.records / done.wall:,.0f} records/s, {done.cpu / done.records * 1e6:.1f} µs of processor time each"
            )
    return trials


def _faust(course: ComparisonSetup) -> TimedRun:
    arguments = [course.bootstrap, SHORT_PREFIX, str(len(course.short_workload.records))]
    return timed_run.run_in_process("tests.tools.bench.faust_peer", arguments, course.short_workload.totals.as_json())


def _bytewax(course: ComparisonSetup) -> TimedRun:
    arguments = [course.bootstrap, "", str(len(course.workload.records))]
    return timed_run.run_in_process("tests.tools.bench.bytewax_peer", arguments, course.workload.totals.as_json())


def _worker(course: ComparisonSetup, **environment: str) -> TimedRun:
    name = worker_process.new_application_id()
    with worker_process.running_worker(course.bootstrap, name, course.folder, **environment) as part:
        done = worker_process.drain_backlog(part, len(course.workload.records))
    expected = counts_of_events([event for events in decode_lines(course.workload.lines) for event in events])
    timed_run.check_totals(WORKER, worker_process.totals(course.bootstrap, name), expected)
    return done


def _ledger(course: ComparisonSetup) -> TimedRun:
    return timed_run.run_in_process("tests.tools.bench.ledger_speed", [], True, course.folder / "workload.jsonl")  # noqa: FBT003

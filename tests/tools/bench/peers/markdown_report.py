"""The figures on paper: a table in Markdown, between two marks of docs/performance.md."""

import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Final, NamedTuple

from tests.support.markdown_section import SectionMarkers, replace_section, table
from tests.tools.bench.comparison import ComparisonSetup
from tests.tools.bench.markdown_report import BENCHMARKS_PAGE
from tests.tools.bench.peers.contenders import PATHWAY, Contender
from tests.tools.bench.peers.measurements import BacklogResult, RecoveryResult
from tests.tools.bench.timed_run import cpu_rate, wall_rate

PEERS_SECTION: Final = SectionMarkers(
    "<!-- peers: written by `python -m tests.tools.bench.peers --write` -->\n", "<!-- end of peers -->\n"
)
_PACKAGES: Final = ("faust-streaming", "quixstreams", "bytewax")
_HEAD: Final = (
    "contender",
    "records",
    "runs",
    "records/s by the wall",
    "records/s of processor time",
    "peak memory, MiB",
    "right again after a kill",
)


class Results(NamedTuple):
    """What was measured of every contender, by its name."""

    speed: Mapping[str, Sequence[BacklogResult]]
    recovery: Mapping[str, Sequence[RecoveryResult]]


def results_text(contenders: Sequence[Contender], course: ComparisonSetup, results: Results) -> str:
    """Return everything that was measured, in Markdown."""
    versions = ", ".join([f"{name} {version(name)}" for name in _PACKAGES] + _pathway() + ["Kafka Streams 4.1.0"])
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end"
    head = f"Apache Kafka 4.1.0, one node; Python {platform.python_version()}, {versions}; {machine}."
    rows = [_row(one, course, results) for one in contenders]
    return "\n".join([head, "", *table(_HEAD, rows), ""])


def write_section(text: str) -> None:
    """Put the figures in their place on the page."""
    replace_section(BENCHMARKS_PAGE, PEERS_SECTION, text)


def recovery_cell(runs: Sequence[RecoveryResult], expected: object) -> str:
    """Return how long it took to be right again, or how wrong it is."""
    seconds = sorted(run.recovery_seconds for run in runs if run.recovery_seconds is not None)
    wrong = [run for run in runs if run.recovery_seconds is None]
    said = [f"{statistics.median(seconds):.1f} s ({seconds[0]:.1f} to {seconds[-1]:.1f})"] if seconds else []
    if wrong:
        said.append(f"wrong in {len(wrong)} of {len(runs)}: {'; '.join(_differences(wrong[0].totals, expected))}")
    return ", ".join(said) or "not killed"


def _differences(totals: object, expected: object) -> Iterable[str]:
    if not isinstance(totals, dict) or not isinstance(expected, dict):
        return [f"{totals} instead of {expected}"]
    return [f"{name} {totals[name]:,} instead of {expected[name]:,}" for name in ("filed", "acted", "overdue")]


def _row(one: Contender, course: ComparisonSetup, results: Results) -> tuple[str, ...]:
    done = results.speed[one.name]
    trials = [run.timed_run for run in done]
    peaks = sorted(run.peak >> 20 for run in done)
    memory = f"{statistics.median(peaks):,.0f} ({peaks[0]:,} to {peaks[-1]:,})"
    repair = recovery_cell(results.recovery[one.name], one.expected(course))
    records = f"{len(one.workload_of(course).records):,}"
    return one.name, records, str(len(done)), str(wall_rate(trials)), str(cpu_rate(trials)), memory, repair


def _pathway() -> list[str]:
    if not PATHWAY.exists():
        return []
    ask = "from importlib.metadata import version; print(version('pathway'))"
    result = subprocess.run([str(PATHWAY), "-c", ask], capture_output=True, text=True, check=True)
    return [f"pathway {result.stdout.strip()}"]

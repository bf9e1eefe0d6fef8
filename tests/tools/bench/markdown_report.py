"""The figures on paper: tables in Markdown, between two marks of docs/performance.md."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from tests.support.markdown_section import SectionMarkers, replace_section, table
from tests.support.paths import ROOT
from tests.tools.bench import comparison
from tests.tools.bench.latency import Latency
from tests.tools.bench.timed_run import TimedRun, cpu_rate, wall_rate

BENCHMARKS_PAGE: Final = ROOT / "docs/performance.md"
_PACKAGES: Final = ("faust-streaming", "aiokafka", "msgspec", "bytewax")


_RESULTS_SECTION: Final = SectionMarkers(
    "<!-- figures: written by `python -m tests.tools.bench --write` -->\n", "<!-- end of figures -->\n"
)


def results_text(
    trials: Mapping[str, Sequence[TimedRun]], memory: Mapping[str, int], latency: Latency, broker: str
) -> str:
    """Return everything that was measured, in Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end"
    each = memory["bytes"] / memory["reports"]
    aims = [
        *_target_rows(trials),
        (f"{each:.0f} bytes per remembered report ({memory['reports']:,} of them)", "500 at most", each <= 500),
        (
            f"event to metric: median {latency.median:.2f} s, p99 {latency.p99:.2f} s at {latency.events_per_second:,.0f} events/s",
            "p99 1 s at most",
            latency.p99 <= 1,
        ),
    ]
    return "\n".join(
        [
            f"{broker}; Python {platform.python_version()}, {versions}; {machine}.",
            "",
            *table(("contender", "runs", "records/s by the wall", "records/s of processor time"), _rows(trials)),
            "",
            *table(("measured", "aim", ""), [(*aim[:2], "reached" if aim[2] else "missed") for aim in aims]),
            "",
        ]
    )


def write_section(text: str) -> None:
    """Put the figures in their place on the page; raises ValueError when the page has none."""
    replace_section(BENCHMARKS_PAGE, _RESULTS_SECTION, text)


def _rows(trials: Mapping[str, Sequence[TimedRun]]) -> Iterable[tuple[str, ...]]:
    for name, runs in trials.items():
        yield name, str(len(runs)), str(wall_rate(runs)), str(cpu_rate(runs))


def _target_rows(trials: Mapping[str, Sequence[TimedRun]]) -> Iterable[tuple[str, str, bool]]:
    ahead = [
        (comparison.LEDGER, comparison.FAUST, 50.0),
        (comparison.WORKER, comparison.FAUST, 15.0),
        (comparison.WORKER, comparison.BYTEWAX, 1.0),
    ]
    for name, other, aim in ahead:
        if other in trials:
            wall = wall_rate(trials[name]).median / wall_rate(trials[other]).median
            cpu = cpu_rate(trials[name]).median / cpu_rate(trials[other]).median
            said = f"{name} is {wall:.1f} times {other} by the wall, {cpu:.1f} times by processor time"
            yield said, f"{aim:.0f} times by the wall", wall >= aim
    cost = 1 - cpu_rate(trials[comparison.WORKER_WITH_PACK]).median / cpu_rate(trials[comparison.WORKER]).median
    yield f"fifteen more clocks cost the worker {cost:.0%} of its speed by processor time", "25 % at most", cost <= 0.25

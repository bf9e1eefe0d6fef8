"""`python -m tests.tools.bench`: time the ledger and the worker against their peers on this machine."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.runtime.kafka.embedded_broker import embedded_broker
from tests.support.broker.apache import apache_kafka
from tests.support.paths import ROOT
from tests.support.simulation import workload_topics
from tests.tools.bench import comparison, latency, markdown_report, timed_run

_REPORTS_IN_MEMORY = 230_000


@contextmanager
def _broker(*, apache: bool) -> Iterator[str]:
    """Yield the address of a broker of our own."""
    if apache:
        with apache_kafka() as broker:
            yield broker.bootstrap
    else:
        with embedded_broker() as bootstrap:
            yield bootstrap


def _memory(folder: Path) -> dict[str, int]:
    file = folder / "remembered.jsonl"
    with file.open("wb") as lines:
        simulate = [sys.executable, "-m", "safeclock", "simulate", f"--reports={_REPORTS_IN_MEMORY}"]
        subprocess.run(simulate, cwd=ROOT, stdout=lines, check=True)
    said: dict[str, int] = timed_run.output_of("tests.tools.bench.memory", lines=file)
    return said


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def main() -> None:
    """Run everything and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often each contender runs")
    parser.add_argument("--reports", type=int, default=150_000, help="about how many reports the workload has")
    parser.add_argument("--apache", action="store_true", help="on Apache Kafka instead of the embedded broker")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    wanted = parser.parse_args()
    with TemporaryDirectory(prefix="safeclock-bench-") as name:
        folder = Path(name)
        with _broker(apache=wanted.apache) as bootstrap:
            trials = comparison.run(
                comparison.prepare_setup(bootstrap, folder, wanted.reports), wanted.runs, _print_progress
            )
        with _broker(apache=wanted.apache) as bootstrap:
            workload_topics.create(bootstrap, "")
            arrival = latency.measure(bootstrap, folder, events_per_second=1_000, seconds=20)
        remembered = _memory(folder)
    broker = "Apache Kafka" if wanted.apache else "The embedded broker"
    text = markdown_report.results_text(trials, remembered, arrival, broker)
    print(text)  # noqa: T201 - what the command is for
    if wanted.write:
        markdown_report.write_section(text)


if __name__ == "__main__":
    main()

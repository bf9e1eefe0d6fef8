"""`python -m tests.tools.bench.peers`: the worker and its peers on Apache Kafka: speed, memory, and what a kill costs."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.broker.apache import apache_kafka
from tests.tools.bench import comparison
from tests.tools.bench.peers import markdown_report
from tests.tools.bench.peers.contenders import Contender, all_contenders
from tests.tools.bench.peers.markdown_report import Results
from tests.tools.bench.peers.measurements import BacklogResult, RecoveryResult, measure_backlog, measure_recovery


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _select_contenders(names: str) -> list[Contender]:
    """Return the contenders of those names that can run here, and say why the others cannot."""
    known = all_contenders()
    wanted = names.split(",") if names else [one.name for one in known]
    unknown = sorted(set(wanted) - {one.name for one in known})
    if unknown:
        raise SystemExit(f"--only: expected some of {', '.join(one.name for one in known)}; got {', '.join(unknown)}")
    chosen = [one for one in known if one.name in wanted]
    for one in chosen:
        if one.missing_requirement:
            _print_progress(f"{one.name} is left out: {one.missing_requirement}")
    return [one for one in chosen if not one.missing_requirement]


def run(contenders: Sequence[Contender], course: comparison.ComparisonSetup, runs: int, kills: int) -> Results:
    """Measure and kill every contender so often, in turns; raises WrongTotalsError if one counts wrong unkilled."""
    speed: dict[str, list[BacklogResult]] = defaultdict(list)
    repair: dict[str, list[RecoveryResult]] = defaultdict(list)
    for _ in range(runs):
        for one in contenders:
            done = measure_backlog(one, course)
            speed[one.name].append(done)
            _print_progress(
                f"{one.name}: {done.timed_run.records / done.timed_run.wall:,.0f} records/s, {done.peak >> 20} MiB"
            )
    for _ in range(kills):
        for one in contenders:
            again = measure_recovery(one, course)
            repair[one.name].append(again)
            _print_progress(
                f"{one.name}, killed half way: {markdown_report.recovery_cell([again], one.expected(course))}"
            )
    return Results(speed, repair)


def main() -> None:
    """Run everything and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench.peers", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often each contender runs")
    parser.add_argument("--kills", type=int, default=3, help="how often each is killed half way")
    parser.add_argument("--reports", type=int, default=150_000, help="about how many reports the workload has")
    parser.add_argument("--only", default="", help="names of contenders, with commas between")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    wanted = parser.parse_args()
    contenders = _select_contenders(wanted.only)
    with TemporaryDirectory(prefix="safeclock-bench-", ignore_cleanup_errors=True) as name, apache_kafka() as broker:
        course = comparison.prepare_setup(broker.bootstrap, Path(name), wanted.reports)
        results = run(contenders, course, wanted.runs, wanted.kills)
        text = markdown_report.results_text(contenders, course, results)
    print(text)  # noqa: T201 - what the command is for
    if wanted.write:
        markdown_report.write_section(text)


if __name__ == "__main__":
    main()

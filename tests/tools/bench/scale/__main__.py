"""`python -m tests.tools.bench.scale`: how far one worker and one board reach, part by part, on Apache Kafka."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.support.broker.apache import ApacheKafka, apache_kafka
from tests.tools.bench.scale import backlog, board, flood, machine_stats, partitions, restore
from tests.tools.bench.scale.machine_stats import Measurement

PARTS: Final = ("restore", "backlog", "flood", "board", "partitions")


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


@contextmanager
def _broker() -> Iterator[ApacheKafka]:
    with apache_kafka(log_cleaner_backoff_ms="1000") as broker:
        yield broker


def run(part: str, folder: Path, options: argparse.Namespace) -> Iterator[Measurement]:
    """Yield what one part measures."""
    if part == "partitions":
        yield from partitions.measure(folder, options.partitions, options.partition_events, _print_progress)
        return
    with _broker() as broker:
        if part == "restore":
            yield from restore.measure(
                broker, folder, restore.RestoreSize(options.open, options.ended, options.settled), _print_progress
            )
        elif part == "backlog":
            order = backlog.BacklogOptions(options.events, options.days, options.minutes, tuple(options.retention_days))
            yield from backlog.measure(broker.bootstrap, folder, order, _print_progress)
        elif part == "flood":
            yield from flood.measure(broker.bootstrap, folder, options.flood, options.seconds)
        else:
            breadth = board.BoardSize(options.platforms, options.harms, options.weeks)
            yield from board.measure(broker.bootstrap, folder, breadth)


def arguments() -> argparse.ArgumentParser:
    """Return the parser: parts and their sizes."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bench.scale", description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"some of {', '.join(PARTS)}; all by default")
    for name, default, what in (
        ("open", 1_000_000, "restore: open reports"),
        ("ended", 10_000_000, "restore: ended reports that are remembered"),
        ("events", 20_000_000, "backlog: events"),
        ("days", 800, "backlog: the days that they are spread over"),
        ("flood", 1_000_000, "flood: records of the loud platform"),
        ("platforms", 50, "board: platforms"),
        ("harms", 12, "board: harms"),
        ("weeks", 104, "board: weeks"),
        ("partition-events", 600_000, "partitions: events"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} ({default:,})")
    parser.add_argument("--settled", type=float, default=40.0, help="restore: seconds without compaction (40)")
    parser.add_argument("--minutes", type=float, default=10.0, help="backlog: the longest drain (10)")
    parser.add_argument("--seconds", type=float, default=8.0, help="flood: how long is listened (8)")
    parser.add_argument("--retention-days", type=int, nargs="+", default=[200], help="backlog: days of memory (200)")
    parser.add_argument("--partitions", type=int, nargs="+", default=[4, 8, 16, 32], help="partitions: how many")
    return parser


def main() -> None:
    """Measure the parts that were asked for, one after the other, and print their figures."""
    parser = arguments()
    wanted = parser.parse_args()
    if unknown := sorted(set(wanted.parts) - set(PARTS)):
        parser.error(f"expected some of {', '.join(PARTS)}; got {', '.join(unknown)}")
    print(f"{machine_stats.describe_machine()}, shared with others\n")  # noqa: T201 - what the command is for
    print("| measured | | load |\n| --- | --- | --- |", flush=True)  # noqa: T201
    for part in wanted.parts:
        with TemporaryDirectory(prefix="safeclock-scale-", ignore_cleanup_errors=True) as folder:
            for one in run(part, Path(folder), wanted):
                print(f"| {one.name} | {one.value} | {one.load:.1f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

"""Put spoilt record batches of one platform on Apache Kafka among good batches of others, and print the counts."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.broker.apache import apache_kafka
from tests.support.process.spoilt_batch_run import OTHER_PLATFORMS, compare, compare_results, report_count


def main() -> None:
    """Run it on a broker of its own and print the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.spoil", description=__doc__)
    parser.add_argument("--batches", type=int, default=1_000)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    reports = report_count(options.batches)
    with TemporaryDirectory() as folder, apache_kafka() as broker:
        run, attacked, alone = compare(broker.bootstrap, Path(folder), options.seed, options.batches, reports)
    sys.stdout.write(
        f"{options.batches} spoilt batches, seed {options.seed}: {run.rejected_by_broker} rejected by the broker,"
        f" {len(run.unreadable_positions)} refused as undecodable, {run.records} records of the others refused one by one\n"
        f"refused: {dict(attacked.refused)}\n"
        f"good: {reports} reports of each of {1 + len(OTHER_PLATFORMS)} platforms among them, each with an action\n"
    )
    compare_results(run, attacked, alone)
    sys.stdout.write("counted as without them, nothing lost\n")


if __name__ == "__main__":
    main()

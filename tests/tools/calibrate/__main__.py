"""Calibrate the declared verdict by simulation: `python -m tests.tools.calibrate`. Every verdict is the product's own."""

import argparse
import os
import sys

from tests.tools.calibrate.all_lines import LINES
from tests.tools.calibrate.report import line_text, write_line
from tests.tools.calibrate.runner import run_line


def main() -> None:
    """Run the lines that are asked for, and print the table of each when it is ready."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.calibrate", description=__doc__)
    parser.add_argument("--runs", type=int, help="runs of every row; by default, those of a full calibration")
    parser.add_argument("--line", choices=LINES, action="append", help="one line alone; may be repeated")
    parser.add_argument("--seed", type=int, default=20_261)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes; by default, one a processor")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/statistics.md")
    wanted = parser.parse_args()
    for name in wanted.line or LINES:
        line, results = LINES[name], []
        runs = wanted.runs or line.runs
        for row, figures in run_line(line, runs, wanted.seed, wanted.jobs):
            sys.stderr.write(f"{name}: {', '.join(row.labels)}\n")
            results.append((row, figures))
        text = line_text(line, results, runs, wanted.seed)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        if wanted.write:
            write_line(line, text)


if __name__ == "__main__":
    main()

"""Replay worked inputs of the declared verdict: `python -m tests.verdict FILE…` prints what differs, and then exits with 1."""

import argparse
import sys
from pathlib import Path

from tests.support.verdict_vectors import differences, read_vectors


def main() -> int:
    """Print what differs of every file, and how many vectors it has; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.verdict", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    status = 0
    for path in parser.parse_args().files:
        vectors = read_vectors(path)
        found = [difference for vector in vectors for difference in differences(vector)]
        for one in found:
            sys.stdout.write(
                f"{one.vector}, cell {one.cell}: {one.field}: expected {one.expected!r}, got {one.got!r}\n"
            )
        sys.stdout.write(f"{path}: {len(vectors)} vectors, {len(found)} differences\n")
        status = status or int(bool(found))
    return status


if __name__ == "__main__":
    sys.exit(main())

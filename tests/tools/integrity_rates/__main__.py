"""How often tripwires cry wolf, and what they catch: `python -m tests.tools.integrity_rates [--honest 200] [--gamed 20]`.

Prints two tables as docs/integrity-checks.md has them. Takes some minutes.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from streams.domain.integrity.checks import INTEGRITY_CHECKS, ratios
from tests.tools.integrity_rates.gaming_platforms import GAMING_STRATEGIES
from tests.tools.integrity_rates.simulated_platforms import honest_platform, window_counts

PER_DAY = 150
"""Reports a day of the platforms that are gamed."""

FIRST_HONEST_SEED, FIRST_GAMING_SEED = 50_000, 60_000
"""Where the seeds begin: none of these platforms was looked at when thresholds were set."""


def false_positive_rates(platforms: int) -> Iterator[str]:
    """Yield the rows of the table of honest platforms of all sizes."""
    measured: defaultdict[str, list[float]] = defaultdict(list)
    tripped = 0
    for seed in range(FIRST_HONEST_SEED, FIRST_HONEST_SEED + platforms):
        found = ratios(window_counts(honest_platform(seed)))
        tripped += any(ratio > 1 for ratio in found.values())
        for name, ratio in found.items():
            measured[name].append(ratio)
    yield f"| tripwire | windows judged of {platforms} | false alarms | largest ratio |"
    yield "|---|---|---|---|"
    for check in INTEGRITY_CHECKS:
        said = measured[check.name]
        alarms = sum(ratio > 1 for ratio in said)
        yield f"| `{check.name}` | {len(said)} | {alarms} | {max(said, default=0.0):.2f} |"
    yield f"| any of them | {platforms} | {tripped} | |"


def detection_rates(platforms: int) -> Iterator[str]:
    """Yield the rows of the table of gamers, each of whom plays one trick on so many honest platforms."""
    yield "| tripwire of the trick | caught | too few reports to judge | median ratio | other tripwires tripped |"
    yield "|---|---|---|---|---|"
    for name, way in GAMING_STRATEGIES.items():
        others: Counter[str] = Counter()
        own: list[float | None] = []
        for seed in range(FIRST_GAMING_SEED, FIRST_GAMING_SEED + platforms):
            found = ratios(window_counts(honest_platform(seed, PER_DAY), way))
            own.append(found.get(name))
            others.update(other for other, ratio in found.items() if ratio > 1 and other != name)
        judged = sorted(ratio for ratio in own if ratio is not None)
        hits = sum(ratio > 1 for ratio in judged)
        middle = f"{judged[len(judged) // 2]:.1f}" if judged else "-"
        beside = ", ".join(f"`{other}` {times}" for other, times in sorted(others.items())) or "none"
        yield f"| `{name}` | {hits} of {platforms} | {platforms - len(judged)} | {middle} | {beside} |"


def print_rows(rows: Iterable[str]) -> None:
    """Print a table row by row."""
    for row in rows:
        print(row, flush=True)  # noqa: T201 - what the command is for
    print()  # noqa: T201


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--honest", type=int, default=200)
    arguments.add_argument("--gamed", type=int, default=20)
    chosen = arguments.parse_args()
    if chosen.honest:
        print_rows(false_positive_rates(chosen.honest))
    if chosen.gamed:
        print_rows(detection_rates(chosen.gamed))

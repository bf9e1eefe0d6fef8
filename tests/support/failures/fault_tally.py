"""What a test did to the chain and what came of it, for the report at the end of the session."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_TABLE_HEADER = ("faults", "events", "redelivered", "fenced", "lost", "doubled")


@dataclass
class FaultTally:
    """One test: its faults by name, how many events counted in the end, and what was found afterwards.

    `redelivered` are records that were applied again, as far as aborted transactions tell; `fenced` producers that a
    successor had taken over from; `lost` and `counted_twice` events that were counted too seldom or too often.
    """

    test: str
    faults: list[str] = field(default_factory=list)
    events: int = 0
    redelivered: int = 0
    fenced: int = 0
    lost: int = 0
    counted_twice: int = 0

    @property
    def numbers(self) -> tuple[int, ...]:
        """What the columns say."""
        return (len(self.faults), self.events, self.redelivered, self.fenced, self.lost, self.counted_twice)


def tally_table(tallies: Iterable[FaultTally]) -> Iterator[str]:
    """Yield the lines of a table, sums at its end."""
    rows = [(tally.test, tally.numbers) for tally in tallies]
    rows.append(("all together", tuple(map(sum, zip(*(numbers for _, numbers in rows), strict=True)))))
    width = max(len(test) for test, _ in rows)
    yield f"{'':{width}}" + "".join(f"{name:>13}" for name in _TABLE_HEADER)
    for test, numbers in rows:
        yield f"{test:{width}}" + "".join(f"{number:13}" for number in numbers)

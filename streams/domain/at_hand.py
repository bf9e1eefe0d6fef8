"""A report at hand: its row, unpacked, and where it stands in the books."""

from streams.domain.cohort import NamedCohort
from streams.domain.path import Path
from streams.domain.report import Entry, Row


class Report:
    """A row at hand.

    `path` is where its entries have led, None for a report that is not plain: the rest is empty then. The first
    `posted` entries are in the books, where they have led to `placed`; an unsettled report has more. `cohort` is its
    cohort with its name, `risk` the bin of the delay from which on it is at risk, `values` are its filing minute and
    the bin of each later posted entry (what plain signatures are made of), and its cohort counts it under `signature`.
    The first `at_once` entries were known when the filing came.
    """

    __slots__ = ("allowance", "at_once", "cohort", "entries", "path", "placed", "posted", "risk", "signature", "values")

    placed: Path
    cohort: NamedCohort
    risk: int
    values: list[int]
    signature: bytes

    def __init__(self, allowance: int, entries: list[Entry], path: Path | None) -> None:
        self.allowance = allowance
        self.entries = entries
        self.path = path
        self.posted = 0
        self.at_once = 1

    @property
    def row(self) -> Row:
        """What is stored of it."""
        return Row(self.allowance, self.entries)

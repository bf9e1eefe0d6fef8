"""A plain report at hand: its row, unpacked, and where it stands in the books."""

from streams.domain.cohorts.cohort import NamedCohort
from streams.domain.ledger.fast_path.path import Path
from streams.domain.reports.row import Entry, UnpackedReport


class Report(UnpackedReport):
    """A plain report.

    `path` is where its entries have led. The first `posted` entries are in the books, where they have led to `placed`;
    an unsettled report has more. `is_open` and `is_final` are as of `placed`. `cohort` is its cohort with its name,
    `risk` the bin of the delay from which on it is at risk, `values` are its filing minute and the bin of each later
    posted entry (what plain signatures are made of), and its cohort counts it under `signature`. The first `at_once`
    entries were known when the filing came.
    """

    __slots__ = ("at_once", "cohort", "path", "placed", "posted", "risk", "signature", "values")

    placed: Path
    cohort: NamedCohort
    risk: int
    values: list[int]
    signature: bytes

    def __init__(self, allowance: int, entries: list[Entry], path: Path) -> None:
        self.allowance_s = allowance  # not by the class above: this is done for every filing
        self.entries = entries
        self.is_open, self.is_final = True, False
        self.path = path
        self.posted = 0
        self.at_once = 1

"""A simple report that is unpacked: its entries, and how many of them are flushed into cohorts and counters."""

from streams.domain.cohorts.cohort import NamedCohort
from streams.domain.ledger.fast_path.path import Path
from streams.domain.reports.report_row import Entry, UnpackedReport


class Report(UnpackedReport):
    """A simple report.

    `path` is the path of all its entries, `placed` that of the first `posted` entries, which are flushed; a buffered
    report has more. `is_open` and `is_final` are as of `placed`. `cohort` is its cohort with its name, `risk` its
    delayed-entry bin. `values` are its filing minute and the duration bin of each later flushed entry, and its cohort
    counts it under the profile `signature`. The first `at_once` entries were known when the filing arrived.
    """

    __slots__ = ("at_once", "cohort", "path", "placed", "posted", "risk", "signature", "values")

    placed: Path
    cohort: NamedCohort
    risk: int
    values: list[int]
    signature: bytes

    def __init__(self, allowance: int, entries: list[Entry], path: Path) -> None:
        self.allowance_s = allowance  # `super().__init__` is not called, to save time for every filing
        self.entries = entries
        self.is_open, self.is_final = True, False
        self.path = path
        self.posted = 0
        self.at_once = 1

"""From a row to what it says: which entries stand, what they mean, how the report measures."""

from typing import Final, NamedTuple

from streams.domain.clocks.selection import Regimes
from streams.domain.duration_bins import SECOND
from streams.domain.events import AMENDMENT, FILING, FIRST_DEED, TEST_FILING
from streams.domain.reports.measurement import Context, Measured, measure
from streams.domain.reports.resolution import read
from streams.domain.reports.row import Row, is_plain, softened


class Appraisal(NamedTuple):
    """What a row says: the measured report (None when nothing is filed) and its remarks.

    `waiting` is true for a report whose actions wait for their filing. The numbers count entries.
    """

    measured: Measured | None
    waiting: bool = False
    tests: int = 0
    conflicts: int = 0
    bad_times: int = 0
    skewed: int = 0


NOTHING: Final = Appraisal(None)


class Appraiser:
    """Reads rows under the regimes in which they were filed."""

    def __init__(self, regimes: Regimes) -> None:
        self._regimes = regimes

    def appraise(self, platform: str, row: Row, horizon: int) -> Appraisal:
        """Return what `row` says when deadlines are decided up to `horizon`."""
        allowance, entries, _ = row
        filed = entries[0]
        if filed.code != FILING or not is_plain(entries):
            return self._at_length(platform, row, horizon)
        regime = self._regimes.of(filed.labels, filed.at)
        codes = tuple([entry.code for entry in entries])
        plan = regime.plan_of(codes)
        if plan is None or (AMENDMENT in codes and softened(entries, filed.labels)):
            return self._at_length(platform, row, horizon)
        context = Context(platform, regime, allowance * SECOND, horizon)
        return Appraisal(measure(context, plan, filed, [entry for entry in entries if entry.code >= FIRST_DEED]))

    def _at_length(self, platform: str, row: Row, horizon: int) -> Appraisal:
        allowance, entries, _ = row
        reading = read(entries)
        filed, deeds = reading.filing, reading.deeds
        if filed is None or filed.code == TEST_FILING:
            return Appraisal(None, reading.waiting, int(filed is not None), reading.conflicts, reading.bad_times)
        regime = self._regimes.of(filed.labels, filed.at)
        plan = regime.compile([deed.code for deed in deeds], filed.number, tuple([deed.number for deed in deeds]))
        context = Context(platform, regime, allowance * SECOND, horizon)
        measured = measure(context, plan, filed, deeds)._replace(softened=reading.softened)
        return Appraisal(measured, conflicts=reading.conflicts, bad_times=reading.bad_times, skewed=reading.skewed)

"""Evaluate a report's row: find its effective events, and measure the report's clocks."""

from typing import Final, NamedTuple

from streams.domain.clocks.selection import ClockSelector
from streams.domain.duration_bins import SECOND
from streams.domain.events import AMENDMENT_CODE, FILING_CODE, FIRST_ACTION_CODE, TEST_FILING_CODE
from streams.domain.reports.measurement import MeasureContext, MeasuredReport, measure
from streams.domain.reports.report_row import ReportRow, has_downgrade, is_simple
from streams.domain.reports.resolution import resolve


class Evaluation(NamedTuple):
    """The result for one row: the measured report and the anomalies of its events.

    `measured` is None without an effective filing and for a test. The four numbers count entries.
    """

    measured: MeasuredReport | None
    is_orphan: bool = False
    tests: int = 0
    conflicts: int = 0
    bad_times: int = 0
    skewed: int = 0


NO_REPORT: Final = Evaluation(None)


class Evaluator:
    """Evaluates rows under the clock sets that apply to their labels and filing days."""

    def __init__(self, clocks: ClockSelector) -> None:
        self._clocks = clocks

    def evaluate(self, platform: str, row: ReportRow, decided_through: int) -> Evaluation:
        """Return the evaluation of `row` with deadlines decided through `decided_through` (epoch ms)."""
        allowance_s, entries, _ = row
        filing = entries[0]
        if filing.code != FILING_CODE or not is_simple(entries):
            return self._evaluate_resolved(platform, row, decided_through)
        clock_set = self._clocks.clocks_for(filing.encoded_labels, filing.at)
        codes = tuple([entry.code for entry in entries])
        timeline = clock_set.timeline_for(codes)
        if timeline is None or (AMENDMENT_CODE in codes and has_downgrade(entries, filing.encoded_labels)):
            return self._evaluate_resolved(platform, row, decided_through)
        context = MeasureContext(platform, clock_set, allowance_s * SECOND, decided_through)
        return Evaluation(
            measure(context, timeline, filing, [entry for entry in entries if entry.code >= FIRST_ACTION_CODE])
        )

    def _evaluate_resolved(self, platform: str, row: ReportRow, decided_through: int) -> Evaluation:
        allowance_s, entries, _ = row
        resolved = resolve(entries)
        filing, actions = resolved.filing, resolved.actions
        if filing is None or filing.code == TEST_FILING_CODE:
            return Evaluation(None, resolved.is_orphan, int(filing is not None), resolved.conflicts, resolved.bad_times)
        clock_set = self._clocks.clocks_for(filing.encoded_labels, filing.at)
        timeline = clock_set.compile_timeline(
            [action.code for action in actions], filing.number, tuple([action.number for action in actions])
        )
        context = MeasureContext(platform, clock_set, allowance_s * SECOND, decided_through)
        measured = measure(context, timeline, filing, actions)._replace(is_downgraded=resolved.is_downgraded)
        return Evaluation(measured, conflicts=resolved.conflicts, bad_times=resolved.bad_times, skewed=resolved.skewed)

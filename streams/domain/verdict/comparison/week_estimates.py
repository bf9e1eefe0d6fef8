"""Estimate a group of reports, whole and without each of its weeks (jackknife by cluster: Efron 1982)."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from streams.domain.cohorts.cohort import SurvivalCell
from streams.domain.duration_bins import EDGES, OVERFLOW_BIN
from streams.domain.survival import FROM_START, OPEN, Cells
from streams.domain.verdict.comparison.estimand import Estimand, Kind


class WeekEstimates(NamedTuple):
    """The estimate of a group of reports, and by week the estimate without the reports of this week."""

    whole: float
    without: Mapping[int, float]


class _Counts(NamedTuple):
    """Reports of one duration bin: those that enter in it, and those that leave in it: ended, of interest, censored."""

    entering: int = 0
    ended: int = 0
    events: int = 0
    censored: int = 0


class _Margins(NamedTuple):
    """Exposed reports: how many there are, how many are at risk from 0, and the counts by duration bin."""

    exposed: int
    from_start: int
    bins: Mapping[int, _Counts]


_NO_REPORTS = _Margins(0, 0, {})


def exposed_count(cells: Cells) -> int:
    """Return how many reports were at risk at some time; the others were logged no earlier than they ended."""
    return sum(count for (entry, leaving, _), count in cells.items() if entry < _last_bin(leaving))


def estimate_weeks(weeks: Mapping[int, Cells], estimand: Estimand) -> WeekEstimates | None:
    """Return the estimates of the reports of some weeks; None if one of them is not known."""
    margins = {week: _margins(cells, estimand.interest) for week, cells in weeks.items()}
    together = Counter[SurvivalCell]()
    for cells in weeks.values():
        together.update(cells)
    total = _margins(together, estimand.interest)
    estimator = _SumEstimator if _is_complete(total, estimand.limit) else _CurveEstimator
    without = estimator(total, estimand)
    whole = without.estimate(_NO_REPORTS)
    found = {week: without.estimate(removed) for week, removed in margins.items()}
    known = {week: value for week, value in found.items() if value is not None}
    return WeekEstimates(whole, known) if whole is not None and len(known) == len(found) else None


def _last_bin(leaving: int) -> int:
    """Return the bin in which a report leaves; above the last edge, it is only known that it waited until this edge."""
    return min(leaving, OVERFLOW_BIN - 1)


def _margins(cells: Cells, interest: int) -> _Margins:
    exposed = from_start = 0
    entering, ended, events, censored = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for (entry, leaving, ending), count in cells.items():
        last = _last_bin(leaving)
        if entry >= last:
            continue
        exposed += count
        if entry == FROM_START:
            from_start += count
        else:
            entering[entry] += count
        if ending == OPEN or leaving == OVERFLOW_BIN:
            censored[last] += count
            continue
        ended[last] += count
        if ending == interest:
            events[last] += count
    places = entering.keys() | ended.keys() | censored.keys()
    bins = {place: _Counts(entering[place], ended[place], events[place], censored[place]) for place in places}
    return _Margins(exposed, from_start, bins)


def _is_complete(total: _Margins, limit: int) -> bool:
    """Return whether all reports are at risk from 0 and none is censored before `limit`: the estimate is a plain mean."""
    return total.from_start == total.exposed and all(
        EDGES[place] >= limit for place, counts in total.bins.items() if counts.censored
    )


class _SumEstimator:
    """Estimates complete reports: each counts with its own wait, or with its own ending."""

    def __init__(self, total: _Margins, estimand: Estimand) -> None:
        self._estimand = estimand
        self._reports = total.exposed
        self._sum = self._sum_of(total)

    def estimate(self, removed: _Margins) -> float | None:
        """Return the estimate without the removed reports, or None if no report is left."""
        left = self._reports - removed.exposed
        return (self._sum - self._sum_of(removed)) / left if left else None

    def _sum_of(self, margins: _Margins) -> int:
        limit = self._estimand.limit
        within = [(EDGES[place], counts.events) for place, counts in margins.bins.items() if EDGES[place] <= limit]
        if self._estimand.kind is Kind.SHARE:
            return sum(events for _, events in within)
        return limit * margins.exposed - sum((limit - at) * events for at, events in within)


class _CurveEstimator:
    """Estimates reports of which some enter late or are censored early, by the Aalen-Johansen curve.

    It reads the bins up to the limit only. `docs/statistics.md` says where a curve is known.
    """

    def __init__(self, total: _Margins, estimand: Estimand) -> None:
        self._estimand = estimand
        self._total = total
        bins = sorted((place, counts) for place, counts in total.bins.items() if EDGES[place] <= estimand.limit)
        self._bins = [(place, EDGES[place], *counts) for place, counts in bins]

    def estimate(self, removed: _Margins) -> float | None:
        """Return the estimate without the removed reports, or None if the curve is not known up to the limit.

        One loop without calls: it runs for every week of every stratum.
        """
        limit, less_by_bin = self._estimand.limit, removed.bins
        at_risk, left = self._total.from_start - removed.from_start, self._total.exposed - removed.exposed
        incidence, survival, area, since = 0.0, 1.0, 0.0, 0
        has_entered, is_exhausted = at_risk > 0, False
        for place, at, total_entering, total_ended, total_events, total_censored in self._bins:
            if place in less_by_bin:
                less = less_by_bin[place]
                entering, ended = total_entering - less[0], total_ended - less[1]
                events, leaving = total_events - less[2], ended + total_censored - less[3]
            else:
                entering, ended, events, leaving = (
                    total_entering,
                    total_ended,
                    total_events,
                    total_ended + total_censored,
                )
            if leaving:
                left -= leaving
                is_exhausted = ended == at_risk
                if is_exhausted and left:
                    return None  # reports that enter later have waited longer than the curve would say
                area += (1 - incidence) * (at - since)
                since = at
                incidence += survival * events / at_risk
                survival *= (at_risk - ended) / at_risk
                at_risk -= leaving
            if entering:
                at_risk += entering
                has_entered = has_entered or at < limit
        is_known = left > 0 or is_exhausted or since == limit
        if not has_entered or not is_known:
            return None
        return incidence if self._estimand.kind is Kind.SHARE else area + (1 - incidence) * (limit - since)

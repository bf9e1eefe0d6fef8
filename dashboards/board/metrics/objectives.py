"""The metrics of rules: how the filings of their periods keep to what they ask, of one platform."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from dashboards.board.inputs.accumulator import Pool
from dashboards.board.samples import Values
from streams.contract.metrics.metric import PERIODS
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.figures import Sample, clock_figures
from streams.domain.grid import DAY
from streams.domain.objective import Judgement, Period, Span, Statistic, Target, judge, spans
from streams.domain.survival.risk import Cells

_CURRENT = PERIODS[0]


class _Grounds(NamedTuple):
    """What a judgement follows from."""

    target: Target
    cells: Cells
    reports: int
    sums: tuple[int, ...]
    known: bool


class _Asked(NamedTuple):
    """What is asked of a clock."""

    clock: ExportedClock
    period: Period
    target: Target


def _asked(clocks: Iterable[ExportedClock], as_of: int) -> Iterator[_Asked]:
    for clock in clocks:
        rule = clock.rule_at(as_of)
        if rule is not None and rule.target is not None:
            yield _Asked(clock, rule.period, rule.target)


def wanted(clocks: Iterable[ExportedClock], as_of: int) -> set[Span]:
    """Return the spans of filing days by which rules are judged at an instant."""
    return {span for asked in _asked(clocks, as_of) for span in spans(asked.period, as_of // DAY)}


class Judged:
    """The rules of one platform, kept from one reading to the next: what has not changed is not judged again."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._known: dict[tuple[str, str], tuple[_Grounds, Judgement]] = {}

    def values(
        self, pool_of: Callable[[Span, str], Pool], clocks: Sequence[ExportedClock], through: int, as_of: int
    ) -> Iterator[Values]:
        """Yield the values step by step, a clock at a time.

        `pool_of` gives the reports of a span that is `wanted`; `through` is 0 while the platform has not told up to
        when it is complete: then nobody knows how long its open reports have waited.
        """
        by_period: dict[Period, list[_Asked]] = {}
        for each in _asked(clocks, as_of):
            by_period.setdefault(each.period, []).append(each)
        for period, asked in by_period.items():
            marks = frozenset([version.mark for each in asked for version in each.clock.versions])
            for word, span in zip(PERIODS, spans(period, as_of // DAY), strict=True):
                sample = pool_of(span, self._platform).sample(through, marks)
                for clock, _, target in asked:
                    told = self._judge(word, clock, target, sample, known=bool(through))
                    yield _series((self._platform, clock.id), word, target, told)

    def _judge(self, word: str, clock: ExportedClock, target: Target, sample: Sample, *, known: bool) -> Judgement:
        marks = [version.mark for version in clock.versions]
        grounds = _Grounds(
            target=target,
            cells=sample.cells_of(clock.versions),
            reports=sum(sample.reports[mark] for mark in marks),
            sums=tuple([sums[mark] for sums in (sample.stop_sums, sample.open_sums) for mark in marks]),
            known=known,
        )
        before = self._known.get((clock.id, word))
        if before is not None and before[0] == grounds:
            return before[1]
        figures = clock_figures(sample, clock.versions)
        told = judge(figures, grounds.cells, grounds.reports, target, known=known)
        self._known[clock.id, word] = (grounds, told)
        return told


def _series(own: tuple[str, str], word: str, target: Target, told: Judgement) -> Values:
    """Return the series of one rule in one period."""
    of_a_share = target.statistic in (Statistic.EACH, Statistic.SHARE)
    value = f"safeclock_objective_{'ratio' if of_a_share else 'seconds'}"
    values: Values = {"safeclock_objective_reports": {(*own, word): told.reports}}
    if told.value is not None:
        values[value] = {(*own, word): told.value}
        if target.statistic is Statistic.MEAN:
            values["safeclock_objective_lower_bound"] = {(*own, word): told.lower_bound}
    if told.met is not None:
        values["safeclock_objective_met"] = {(*own, word): told.met}
    if told.misses_left is not None and word == _CURRENT:
        values["safeclock_objective_budget_reports"] = {own: told.misses_left}
    return values

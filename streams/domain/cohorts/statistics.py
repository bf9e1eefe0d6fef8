"""Add up cohorts by group, and compute the statistics of each group, open reports included."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import FROZEN, OPEN, STOPPED
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.calendar import PERIOD_NAMES, period_of
from streams.domain.cohorts.cohort import CohortKey, SurvivalCell, parse_key, profiles, stored_totals, survival_cell
from streams.domain.cohorts.profile import ReportProfile
from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE
from streams.domain.labels import Labels
from streams.domain.survival import Curve, DurationTotal, Mean, closed_only_median, estimate, mean, whole_hour_median

GROUP_LABELS: Final = ("platform", "day", *PERIOD_NAMES, *Labels._fields)
"""The labels by which reports can be grouped."""


class UnknownLabelError(ValueError):
    """A label that reports do not have."""


class CohortSample:
    """The reports of one group: counts by state, and per clock hash the cells and sums that statistics need.

    `reports`: reports on which a clock has started. `paused`: reports on which the clock is paused. `stopped_totals`:
    the sum of the durations of stops. `open_totals`: the sum of the ages of open clocks; the age of a frozen clock is
    the lower edge of its bin. `oldest_open_at`: the filing minute of the oldest open report, None without one.
    Sums and instants are in milliseconds.
    """

    def __init__(self) -> None:
        self.states: Counter[State] = Counter()
        self.reports: Counter[bytes] = Counter()
        self.paused: Counter[bytes] = Counter()
        self.cells: defaultdict[bytes, Counter[SurvivalCell]] = defaultdict(Counter)
        self.stopped_totals: Counter[bytes] = Counter()
        self.open_totals: Counter[bytes] = Counter()
        self.oldest_open_at: int | None = None

    @property
    def filed(self) -> int:
        """How many reports were filed: the sum of `states`."""
        return self.states.total()

    def add(self, key: CohortKey, cohort: Mapping[bytes, int], watermark: int) -> None:
        """Add a stored cohort; its open clocks are censored at `watermark` (epoch ms)."""
        for profile, count in profiles(cohort):
            self.count_profile(key.day, profile, count, watermark)
        for clock, total in stored_totals(cohort):
            self.stopped_totals[clock] += total

    def count_profile(
        self, day: int, profile: ReportProfile, count: int, watermark: int, clocks: Container[bytes] | None = None
    ) -> None:
        """Add `count` reports filed on `day` that share a profile; a negative count removes them.

        `clocks`: the hashes of the clocks to count, all by default.
        """
        self.states[profile.state] += count
        if profile.filed_minute is not None:
            filed_at = day * DAY + profile.filed_minute * MINUTE
            self.oldest_open_at = filed_at if self.oldest_open_at is None else min(self.oldest_open_at, filed_at)
        for clock_value in profile.clocks:
            if clocks is not None and clock_value.clock_hash not in clocks:
                continue
            self.reports[clock_value.clock_hash] += count
            if clock_value.ending == FROZEN and profile.state is not State.UNANSWERED:
                self.paused[clock_value.clock_hash] += count
            cell = survival_cell(profile.entry_bin, clock_value, day, watermark)
            if cell is not None:
                self.cells[clock_value.clock_hash][cell] += count
            if clock_value.ending == OPEN and cell is not None:
                self.open_totals[clock_value.clock_hash] += count * (watermark - day * DAY - clock_value.value * MINUTE)
            elif clock_value.ending == FROZEN and clock_value.value:
                self.open_totals[clock_value.clock_hash] += count * EDGES[clock_value.value - 1]

    def merged_cells(self, clocks: Sequence[Clock]) -> dict[SurvivalCell, int]:
        """Return the sum of the cells of these versions of a clock."""
        merged: dict[SurvivalCell, int] = {}
        for clock in clocks:
            cells: Mapping[SurvivalCell, int] = self.cells.get(clock.hash, {})
            merged.update(cells if not merged else {cell: merged.get(cell, 0) + n for cell, n in cells.items()})
        return merged


GroupKey = Callable[[CohortKey], tuple[str, ...]]


def group_key(by: Sequence[str]) -> GroupKey:
    """Return a function that names the group of a cohort by the labels `by`.

    Raises UnknownLabelError for a label that is not one of GROUP_LABELS.
    """
    unknown = [label for label in by if label not in GROUP_LABELS]
    if unknown:
        raise UnknownLabelError(f"expected labels from {', '.join(GROUP_LABELS)}, got {', '.join(unknown)}")

    periods = [label for label in by if label in PERIOD_NAMES]

    def name(key: CohortKey) -> tuple[str, ...]:
        texts = {"platform": key.platform, "day": str(key.day), **key.labels._asdict()}
        texts |= {unit: period_of(unit, key.day).name for unit in periods}
        return tuple(str(texts[label]).lower() if label == "trusted_flagger" else str(texts[label]) for label in by)

    return name


def samples_by_group(
    cohorts: Iterable[tuple[str, Mapping[bytes, int]]], group_key: GroupKey, watermark_of: Callable[[str], int]
) -> dict[tuple[str, ...], CohortSample]:
    """Return the sample of every group, sorted by group name.

    `watermark_of` returns a platform's watermark in epoch milliseconds, at which its open clocks are censored.
    """
    groups: dict[tuple[str, ...], CohortSample] = {}
    for stored, cohort in cohorts:
        key = parse_key(stored)
        if cohort:
            groups.setdefault(group_key(key), CohortSample()).add(key, cohort, watermark_of(key.platform))
    return dict(sorted(groups.items()))


class ClosedOnlyStatistics(NamedTuple):
    """The closed-only median, as transparency reports print it: in seconds, and in whole hours."""

    median: float | None
    whole_hours: int | None


class ClockStatistics(NamedTuple):
    """The statistics of one clock for one group; `mean` is a lower bound unless `mean.exact`."""

    clock: str
    curve: Curve
    closed_only: ClosedOnlyStatistics
    mean: Mean


RESTRICTED_MEAN_HORIZON: Final = 48 * HOUR
"""The end of the interval over which the restricted mean is computed, in milliseconds."""


def clock_statistics(sample: CohortSample, clocks: Sequence[Clock]) -> ClockStatistics:
    """Return the statistics of a clock for a sample; `clocks` are all versions of the clock, at least one."""
    cells = sample.merged_cells(clocks)
    stops = sum(count for (_, _, ending), count in cells.items() if ending == STOPPED)
    still_open = sum(count for (_, _, ending), count in cells.items() if ending == OPEN)
    return ClockStatistics(
        clock=clocks[0].id,
        curve=estimate(cells),
        closed_only=ClosedOnlyStatistics(closed_only_median(cells), whole_hour_median(cells)),
        mean=mean(
            DurationTotal(stops, _sum_of_clocks(sample.stopped_totals, clocks)),
            DurationTotal(still_open, _sum_of_clocks(sample.open_totals, clocks)),
        ),
    )


def _sum_of_clocks(sums: Mapping[bytes, int], clocks: Iterable[Clock]) -> int:
    return sum(sums.get(clock.hash, 0) for clock in clocks)

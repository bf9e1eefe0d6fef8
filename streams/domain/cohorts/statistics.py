"""Groups of cohorts and the figures that are printed of them, open reports included."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import FROZEN, OPEN, STOPPED
from streams.domain.clocks.report_state import State
from streams.domain.cohorts.cohort import Cell, CohortKey, cell, key_of, signatures, stop_sums
from streams.domain.cohorts.profile import Signature
from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE
from streams.domain.labels import Attributes
from streams.domain.survival import Curve, Mean, Sums, closed_only_median, estimate, mean, whole_hour_median

LABELS: Final = ("platform", "day", *Attributes._fields)
"""By what reports can be grouped."""


class UnknownLabelError(ValueError):
    """A label that reports do not have."""


class Sample:
    """The reports of one group: states, and by the mark of a clock the cells, the sums of stops and of open ages.

    Of a clock that is paused or was sealed the open age is the least that its bin holds.
    `reports` are those that a clock runs on or ran on, `paused` those on which it is paused; `oldest_open` is the
    filing minute of the report that waits longest, in epoch milliseconds, None if none waits.
    """

    def __init__(self) -> None:
        self.states: Counter[State] = Counter()
        self.reports: Counter[bytes] = Counter()
        self.paused: Counter[bytes] = Counter()
        self.cells: defaultdict[bytes, Counter[Cell]] = defaultdict(Counter)
        self.stop_sums: Counter[bytes] = Counter()
        self.open_sums: Counter[bytes] = Counter()
        self.oldest_open: int | None = None

    @property
    def filed(self) -> int:
        """How many reports were filed; the states add up to it."""
        return self.states.total()

    def add(self, key: CohortKey, cohort: Mapping[bytes, int], through: int) -> None:
        """Count a stored cohort whose platform has told everything up to `through`."""
        for signature, count in signatures(cohort):
            self.count(key.day, signature, count, through)
        for clock, total in stop_sums(cohort):
            self.stop_sums[clock] += total

    def count(
        self, day: int, signature: Signature, count: int, through: int, clocks: Container[bytes] | None = None
    ) -> None:
        """Count `count` reports filed on `day` that share a signature; a negative count takes them out.

        Of some clocks only if they are given.
        """
        self.states[signature.state] += count
        if signature.filed_minute is not None:
            filed = day * DAY + signature.filed_minute * MINUTE
            self.oldest_open = filed if self.oldest_open is None else min(self.oldest_open, filed)
        for reading in signature.clocks:
            if clocks is not None and reading.clock not in clocks:
                continue
            self.reports[reading.clock] += count
            if reading.ending == FROZEN and signature.state is not State.UNANSWERED:
                self.paused[reading.clock] += count
            place = cell(signature.entry, reading, day, through)
            if place is not None:
                self.cells[reading.clock][place] += count
            if reading.ending == OPEN and place is not None:
                self.open_sums[reading.clock] += count * (through - day * DAY - reading.value * MINUTE)
            elif reading.ending == FROZEN and reading.value:
                self.open_sums[reading.clock] += count * EDGES[reading.value - 1]

    def cells_of(self, clocks: Sequence[Clock]) -> dict[Cell, int]:
        """Return the cells of several definitions of a clock together."""
        merged: dict[Cell, int] = {}
        for clock in clocks:
            cells: Mapping[Cell, int] = self.cells.get(clock.mark, {})
            merged.update(cells if not merged else {place: merged.get(place, 0) + n for place, n in cells.items()})
        return merged


Grouping = Callable[[CohortKey], tuple[str, ...]]


def grouping(by: Sequence[str]) -> Grouping:
    """Return what names the group of a cohort by the labels `by`.

    Raises UnknownLabelError for a label that is not one of LABELS.
    """
    unknown = [label for label in by if label not in LABELS]
    if unknown:
        raise UnknownLabelError(f"expected labels out of {', '.join(LABELS)}, got {', '.join(unknown)}")

    def name(key: CohortKey) -> tuple[str, ...]:
        words = {"platform": key.platform, "day": str(key.day), **key.labels._asdict()}
        return tuple(str(words[label]).lower() if label == "trusted_flagger" else str(words[label]) for label in by)

    return name


def samples(
    cohorts: Iterable[tuple[str, Mapping[bytes, int]]], name: Grouping, through: Callable[[str], int]
) -> dict[tuple[str, ...], Sample]:
    """Return the sample of every group, in the order of their names.

    `through` tells up to when a platform has told everything: open reports are censored there.
    """
    groups: dict[tuple[str, ...], Sample] = {}
    for stored, cohort in cohorts:
        key = key_of(stored)
        if cohort:
            groups.setdefault(name(key), Sample()).add(key, cohort, through(key.platform))
    return dict(sorted(groups.items()))


class Published(NamedTuple):
    """The figures as they are published today, from closed reports alone: seconds, and whole hours."""

    median: float | None
    whole_hours: int | None


class ClockFigures(NamedTuple):
    """What is printed of one clock on one group; `mean` is a lower bound unless it says that it is exact."""

    clock: str
    curve: Curve
    published: Published
    mean: Mean


RESTRICTED_TO: Final = 48 * HOUR
"""The horizon of the restricted mean."""


def clock_figures(sample: Sample, clocks: Sequence[Clock]) -> ClockFigures:
    """Return the figures of a clock on a sample; `clocks` are all its definitions, at least one."""
    cells = sample.cells_of(clocks)
    stops = sum(count for (_, _, ending), count in cells.items() if ending == STOPPED)
    waiting = sum(count for (_, _, ending), count in cells.items() if ending == OPEN)
    return ClockFigures(
        clock=clocks[0].id,
        curve=estimate(cells),
        published=Published(closed_only_median(cells), whole_hour_median(cells)),
        mean=mean(Sums(stops, _total(sample.stop_sums, clocks)), Sums(waiting, _total(sample.open_sums, clocks))),
    )


def _total(sums: Mapping[bytes, int], clocks: Iterable[Clock]) -> int:
    return sum(sums.get(clock.mark, 0) for clock in clocks)

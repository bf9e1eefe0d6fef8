"""What a platform's events were understood to say, beside what makes that doubtful."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from streams.batch.check.line_profile import Seen
from streams.batch.check.mistakes.catalogue import found
from streams.contract.formatting import format_percent
from streams.contract.outputs.measure_report import group_warnings
from streams.domain import counters
from streams.domain.clocks import Clock, by_id
from streams.domain.figures import ClockFigures, Sample, clock_figures, grouping, samples
from streams.domain.ledger import Ledger
from streams.domain.survey import Habits, at_once
from streams.domain.survival import Interval

_DOUBTFUL = 0.2
"""A share of unknown jurisdictions or of other harms above which the labels say little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSeen:
    """One clock: `median_seconds` counts those still waiting, `closed_only_median_seconds` is what is published today.

    `median_reached` is None where it is not known whether half were acted on. `told_only_at_closing` is the share of
    reports that were first told when they were closed.
    """

    clock: str
    reports: int
    stopped: int
    median_seconds: Interval
    median_reached: bool | None
    closed_only_median_seconds: float | None
    told_only_at_closing: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform as it was understood; instants in epoch milliseconds, shares from 0 to 1, None of nothing.

    `mistakes` are the names of those rows of the table of mistakes that are among the warnings.
    """

    platform: str
    filed: int
    states: Mapping[str, int]
    orphans: int
    duplicates: int
    heartbeats: int
    first: int | None
    last: int | None
    unknown_jurisdiction: float | None
    other_harm: float | None
    whole_hours: float | None
    zero_durations: float | None
    clocks: tuple[ClockSeen, ...]
    warnings: tuple[str, ...]
    mistakes: tuple[str, ...]


def understood(
    ledger: Ledger,
    clocks: Sequence[Clock],
    habits: Mapping[str, Habits],
    seen: Mapping[str, Seen],
    through: Callable[[str], int],
) -> tuple[Platform, ...]:
    """Return every platform that was heard of, in the order of their ids."""
    sampled = samples(ledger.stored_cohorts().items(), grouping(["platform"]), through)
    tallies = ledger.counters()
    return tuple(
        _platform(
            name,
            sampled.get((name,), Sample()),
            clocks,
            (habits.get(name, Habits()), seen.get(name, Seen())),
            tallies[name],
        )
        for name in sorted(tallies)
    )


def _platform(
    name: str, sample: Sample, clocks: Sequence[Clock], gathered: tuple[Habits, Seen], tally: Mapping[str, int]
) -> Platform:
    habits, seen = gathered
    mistakes = found(replace(seen, states=sample.states, duplicates=tally.get(counters.DUPLICATES, 0)))
    figures = [clock_figures(sample, versions) for versions in by_id(clocks).values()]
    stops = sum(count for counter, count in tally.items() if counter.startswith("stopped|"))
    return Platform(
        platform=name,
        filed=sample.filed,
        states={state.value: count for state, count in sorted(sample.states.items()) if count},
        orphans=tally.get(counters.WAITING, 0),
        duplicates=tally.get(counters.DUPLICATES, 0),
        heartbeats=tally.get(counters.HEARTBEATS, 0),
        first=habits.first,
        last=habits.last,
        unknown_jurisdiction=_share(habits.unknown_jurisdiction, habits.filings),
        other_harm=_share(habits.other_harm, habits.filings),
        whole_hours=_share(habits.whole_hours, habits.instants),
        zero_durations=_share(tally.get(counters.INSTANT, 0), stops),
        clocks=tuple(_clock(figure) for figure in figures),
        warnings=(
            *mistakes.values(),
            *_of_sample(sample, figures),
            *habits.remarks,
            *at_once(tally),
            *_of_labels(habits, tally),
        ),
        mistakes=tuple(mistakes),
    )


def _clock(figures: ClockFigures) -> ClockSeen:
    exposure = figures.curve.exposure
    return ClockSeen(
        clock=figures.clock,
        reports=exposure.n,
        stopped=exposure.events,
        median_seconds=figures.curve.quantile(0.5),
        median_reached=figures.curve.reaches(0.5),
        closed_only_median_seconds=figures.published.median,
        told_only_at_closing=_share(exposure.unexposed, exposure.n),
    )


def _of_sample(sample: Sample, figures: Sequence[ClockFigures]) -> list[str]:
    return group_warnings(sample, figures) if sample.filed else ["no filing: actions alone cannot be measured"]


def _of_labels(habits: Habits, tally: Mapping[str, int]) -> list[str]:
    found = []
    if orphans := tally.get(counters.WAITING, 0):
        found.append(f"{orphans} reports have actions and no filing: is every token the one the report was filed with?")
    if habits.unknown_jurisdiction > _DOUBTFUL * habits.filings:
        found.append(
            f"{format_percent(_share(habits.unknown_jurisdiction, habits.filings))} of the filings name no jurisdiction"
        )
    if habits.other_harm > _DOUBTFUL * habits.filings:
        found.append(
            f"{format_percent(_share(habits.other_harm, habits.filings))} of the filings are of the harm `other`"
        )
    if not tally.get(counters.HEARTBEATS, 0):
        found.append("no heartbeat: the file is taken as complete up to its newest time")
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

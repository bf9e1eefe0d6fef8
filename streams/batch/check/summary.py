"""Summarise how a platform's events are understood, with warnings about doubtful data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes.catalogue import find_mistakes
from streams.batch.load import LoadedFiles
from streams.contract.outputs.formatting import format_count, format_percent
from streams.contract.outputs.measure_report import group_warnings
from streams.domain.clocks.definition import Clock, group_by_id
from streams.domain.cohorts.statistics import (
    ClockStatistics,
    CohortSample,
    clock_statistics,
    group_key,
    samples_by_group,
)
from streams.domain.integrity.event_summary import EventSummary, zero_duration_warnings
from streams.domain.ledger import counters
from streams.domain.survival import Interval, is_reached, median

_DOUBTFUL_SHARE = 0.2
"""Above this share of unknown jurisdictions, or of the harm `other`, there is a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSummary:
    """The summary of one clock: `median_seconds` includes open reports, `closed_only_median_seconds` does not.

    `median_reached` is None if it is not known whether half of the reports were stopped. `share_logged_at_close` is the
    share of reports that were first logged when they were closed.
    """

    clock: str
    reports: int
    stopped: int
    median_seconds: Interval
    median_reached: bool | None
    closed_only_median_seconds: float | None
    share_logged_at_close: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSummary:
    """The summary of one platform; instants in epoch milliseconds, shares from 0 to 1, None without data.

    `mistakes` are the names of the mistakes whose messages are among the warnings.
    """

    platform: str
    filed: int
    states: Mapping[str, int]
    orphans: int
    duplicates: int
    heartbeats: int
    first_at: int | None
    last_at: int | None
    unknown_jurisdiction: float | None
    other_harm: float | None
    whole_hours: float | None
    zero_durations: float | None
    clocks: tuple[ClockSummary, ...]
    warnings: tuple[str, ...]
    mistakes: tuple[str, ...]


def summarise(loaded: LoadedFiles, line_profiles: Mapping[str, LineProfile]) -> tuple[PlatformSummary, ...]:
    """Return a summary of every platform in the files, ordered by id."""
    samples = samples_by_group(loaded.ledger.stored_cohorts().items(), group_key(["platform"]), loaded.watermark)
    all_counters, event_summaries = loaded.ledger.counters(), loaded.summarizer.summaries()
    return tuple(
        _summarise_platform(
            platform,
            samples.get((platform,), CohortSample()),
            loaded.rulebook.clocks,
            (event_summaries.get(platform, EventSummary()), line_profiles.get(platform, LineProfile())),
            all_counters[platform],
        )
        for platform in sorted(all_counters)
        if platform  # lines that name no platform are counted under ""
    )


def _summarise_platform(
    platform: str,
    sample: CohortSample,
    clocks: Sequence[Clock],
    profiles: tuple[EventSummary, LineProfile],
    platform_counters: Mapping[str, int],
) -> PlatformSummary:
    event_summary, profile = profiles
    mistakes = find_mistakes(
        replace(profile, states=sample.states, duplicates=platform_counters.get(counters.DUPLICATES, 0))
    )
    statistics = [clock_statistics(sample, versions) for versions in group_by_id(clocks).values()]
    stops = sum(counters.counted(platform_counters, counters.STOPPED).values())
    return PlatformSummary(
        platform=platform,
        filed=sample.filed,
        states={state.value: count for state, count in sorted(sample.states.items()) if count},
        orphans=platform_counters.get(counters.ORPHANS, 0),
        duplicates=platform_counters.get(counters.DUPLICATES, 0),
        heartbeats=platform_counters.get(counters.HEARTBEATS, 0),
        first_at=event_summary.first_at,
        last_at=event_summary.last_at,
        unknown_jurisdiction=_share(event_summary.unknown_jurisdiction, event_summary.filings),
        other_harm=_share(event_summary.other_harm, event_summary.filings),
        whole_hours=_share(event_summary.whole_hours, event_summary.instants),
        zero_durations=_share(platform_counters.get(counters.ZERO_DURATIONS, 0), stops),
        clocks=tuple(_summarise_clock(estimates) for estimates in statistics),
        warnings=(
            *mistakes.values(),
            *_sample_warnings(sample, statistics),
            *event_summary.warnings,
            *zero_duration_warnings(platform_counters),
            *_label_warnings(event_summary, platform_counters),
        ),
        mistakes=tuple(mistakes),
    )


def _summarise_clock(statistics: ClockStatistics) -> ClockSummary:
    exposure = statistics.curve.exposure
    return ClockSummary(
        clock=statistics.clock,
        reports=exposure.n,
        stopped=exposure.events,
        median_seconds=median(statistics.curve),
        median_reached=is_reached(statistics.curve, 0.5),
        closed_only_median_seconds=statistics.closed_only.median,
        share_logged_at_close=_share(exposure.unexposed, exposure.n),
    )


def _sample_warnings(sample: CohortSample, statistics: Sequence[ClockStatistics]) -> list[str]:
    return group_warnings(sample, statistics) if sample.filed else ["no filing: actions alone cannot be measured"]


def _label_warnings(event_summary: EventSummary, platform_counters: Mapping[str, int]) -> list[str]:
    found = []
    if orphans := platform_counters.get(counters.ORPHANS, 0):
        found.append(
            f"{format_count(orphans, 'report')} with actions and no filing: check that actions have the token of the filing"
        )
    if event_summary.unknown_jurisdiction > _DOUBTFUL_SHARE * event_summary.filings:
        found.append(
            f"{format_percent(_share(event_summary.unknown_jurisdiction, event_summary.filings))} of the filings name no jurisdiction"
        )
    if event_summary.other_harm > _DOUBTFUL_SHARE * event_summary.filings:
        found.append(
            f"{format_percent(_share(event_summary.other_harm, event_summary.filings))} of the filings have the harm `other`"
        )
    if not platform_counters.get(counters.HEARTBEATS, 0):
        found.append("no heartbeat: the file is taken as complete up to its newest time")
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

"""Build the document `safeclock.measure/1`: figures as JSON, with null for a value that cannot be given.

`safeclock measure` and the board write the same document, so that their figures can be compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from streams.contract.outputs.formatting import NOT_MEASURABLE, format_duration
from streams.contract.packs.exported_clocks import ExportedClock
from streams.contract.packs.rulebook import Rule
from streams.contract.timestamps import format_optional_timestamp, format_timestamp
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.objectives import evaluate_objective
from streams.domain.cohorts.statistics import RESTRICTED_MEAN_HORIZON, ClockStatistics, CohortSample, clock_statistics
from streams.domain.duration_bins import SECOND
from streams.domain.ledger import counters
from streams.domain.survival import Curve, Interval, is_reached, quantile

SCHEMA: Final = "safeclock.measure/1"

instant: Final = format_timestamp
"""Formats every instant of a document."""

JsonObject = Mapping[str, object]

_QUANTILES: Final = {"median": 0.5, "p85": 0.85, "p90": 0.9, "p95": 0.95}
_NOT_MEASURABLE_WARNING: Final = (
    f"{NOT_MEASURABLE}: more than 5 % of the reports were logged only when they were closed"
)


def measure_report(
    as_of: int | None,
    pack: str,
    groups: Iterable[JsonObject],
    counters_by_platform: Mapping[str, Mapping[str, int]],
    history: Sequence[Mapping[str, str]] = (),
) -> dict[str, object]:
    """Return the whole document.

    `as_of` is in epoch milliseconds, or None if nothing was logged; `history` are the spans of audited history.
    """
    total: dict[str, int] = {}
    for counts in counters_by_platform.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    refused = {reason: count for (reason,), count in sorted(counters.counted(total, counters.REFUSED).items())}
    return {
        "schema": SCHEMA,
        "as_of": format_optional_timestamp(as_of),
        "pack": pack,
        "groups": list(groups),
        "duplicates": total.get(counters.DUPLICATES, 0),
        "conflicts": total.get(counters.CONFLICTS, 0),
        "orphans": total.get(counters.ORPHANS, 0),
        "refused": refused,
        "history": list(history),
    }


def group_report(
    labels: Mapping[str, str],
    sample: CohortSample,
    clocks: Sequence[ExportedClock],
    as_of: int,
    extra_warnings: Iterable[str] = (),
) -> JsonObject:
    """Return one group of the document, evaluated by the rules that apply at `as_of`.

    `extra_warnings` are warnings that cannot be derived from the cohorts.
    """
    statistics = [clock_statistics(sample, clock.versions) for clock in clocks]
    return {
        **labels,
        "filed": sample.filed,
        "states": {state.value: sample.states[state] for state in State if sample.states[state]},
        "oldest_open": format_optional_timestamp(sample.oldest_open_at),
        "clocks": {
            clock.id: {
                **_clock_report(clock_statistic),
                **_rule_report(clock.rule_at(as_of)),
                "objective": _objective_report(clock, clock_statistic, sample, as_of),
            }
            for clock, clock_statistic in zip(clocks, statistics, strict=True)
        },
        "warnings": [*group_warnings(sample, statistics), *extra_warnings],
    }


def history_warnings(spans: Iterable[Mapping[str, str]], platform: str | None = None) -> list[str]:
    """Return one warning for each span of audited history, of one platform only if `platform` is given."""
    return [
        f"audited history from {span['since']} until {span['until']}, opened on {span['opened_on']} by"
        f" {span['opened_by']}: its events count from when {span['platform']} recorded them"
        for span in spans
        if platform in {None, span["platform"]}
    ]


def group_warnings(sample: CohortSample, statistics: Sequence[ClockStatistics]) -> list[str]:
    """Return the warnings that apply to the figures of a group."""
    warnings = []
    if sample.oldest_open_at is None:
        warnings.append("no open report: check whether the input is an export of closed reports only")
    if any(
        clock_statistic.curve.exposure.n and not clock_statistic.curve.exposure.is_measurable
        for clock_statistic in statistics
    ):
        warnings.append(_NOT_MEASURABLE_WARNING)
    return [*warnings, *_early_end_warnings(statistics)]


def _early_end_warnings(statistics: Iterable[ClockStatistics]) -> Iterable[str]:
    """Yield a warning for clocks of which nothing is known beyond a duration that is shorter than the observed time."""
    clocks: dict[tuple[int, int], list[str]] = {}
    for clock_statistic in statistics:
        if clock_statistic.curve.exposure.is_measurable and clock_statistic.curve.ends_early:
            clocks.setdefault((clock_statistic.curve.known_to, clock_statistic.curve.exposure.delayed), []).append(
                clock_statistic.clock
            )
    for (known_to, delayed), ids in clocks.items():
        beyond = f"beyond {format_duration(known_to / SECOND)}" if known_to else "at all"
        yield (
            f"nothing is known of {', '.join(ids)} {beyond}: all reports at risk had ended by then, and further reports "
            f"were at risk only later ({delayed:,} were logged late)"
        )


def _clock_report(statistics: ClockStatistics) -> JsonObject:
    curve = statistics.curve
    restricted = curve.restricted_mean(RESTRICTED_MEAN_HORIZON)
    return {
        "method": curve.method.value,
        "n": curve.exposure.n,
        "events": curve.exposure.events,
        "unexposed": curve.exposure.unexposed,
        "measurable": curve.exposure.is_measurable,
        **{f"{name}_seconds": quantile_report(curve, p) for name, p in _QUANTILES.items()},
        "within": {str(limit // SECOND): _share_report(curve.within(limit)) for limit in counters.DURATION_BUCKETS},
        "restricted_mean": None if restricted is None else restricted._asdict(),
        "mean_seconds": statistics.mean._asdict(),
        "closed_only_median_seconds": statistics.closed_only.median,
        "closed_only_median_whole_hours": statistics.closed_only.whole_hours,
    }


def _rule_report(rule: Rule | None) -> JsonObject:
    """Return what a rule requires, with null values if there is no rule or no limit."""
    target = None if rule is None else rule.target
    return {
        "version": None if rule is None else rule.clock.version,
        "statistic": None if target is None else target.statistic.value,
        "limit_seconds": None if target is None else target.limit / SECOND,
        "required_share": None if target is None else target.share,
    }


def _objective_report(
    clock: ExportedClock, statistics: ClockStatistics, sample: CohortSample, as_of: int
) -> JsonObject | None:
    """Return how far all filings of the group meet the rule's objective, without regard to its period."""
    target = clock.target_at(as_of)
    if target is None:
        return None
    reports = sum(sample.reports[version.hash] for version in clock.versions)
    return evaluate_objective(statistics, sample.merged_cells(clock.versions), reports, target)._asdict()


def quantile_report(curve: Curve, p: float) -> JsonObject:
    """Return a quantile with its confidence limits, and whether it is reached: null if that is not known."""
    return {**quantile(curve, p)._asdict(), "reached": is_reached(curve, p)}


def _share_report(interval: Interval | None) -> JsonObject:
    share = Interval(None, None, None) if interval is None else interval
    return {"share": share.value, "low": share.low, "high": share.high}

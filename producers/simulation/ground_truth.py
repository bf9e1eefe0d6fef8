"""Computes the ground truth of a simulated history, with which measured figures can be compared."""

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Final

from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.platform_models import PLATFORM_MODELS, KnownEffect, PlatformModel, ResponseModel
from producers.simulation.model.report_model import SimulatedReport
from producers.simulation.model.seasonality import iso_week, week_start
from producers.simulation.model.steps import UNRESTRICTED_DECISIONS, RetractStep
from producers.simulation.publication import (
    MAX_PUBLISH_DELAY,
    NIGHTLY_BATCH_DELAY,
    NIGHTLY_CUTOFF,
    simulate_publication,
    stops_publishing_at,
)
from producers.simulation.traffic import time_slices
from producers.simulation.true_statistics import (
    STOP_FIELD_BY_CLOCK,
    ClockTruth,
    TrueReport,
    clock_truths,
    rank_with_missing_last,
    share_within,
)
from streams.contract.events.schema.action_data import (
    AccountRestricted,
    Acknowledged,
    Escalated,
    Restricted,
    ReviewStarted,
)
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import DAY, SECOND

SCHEMA: Final = "safeclock.truth/1"

_ACKNOWLEDGING_STEPS: Final = (
    Acknowledged,
    ReviewStarted,
    Escalated,
    Restricted,
    AccountRestricted,
    *UNRESTRICTED_DECISIONS,
)

JsonObject = dict[str, object]


def ground_truth(config: SimulationConfig) -> JsonObject:
    """Return the planted effect and the true figures of each platform, ready for JSON; durations in seconds.

    Per platform: `clocks` cover all reports filed in the history, `published_clocks` only published reports, `before`
    and `after` the filings on each side of a planted change, and `weeks` the filing weeks (Monday to Sunday, UTC).
    """
    reports_by_platform = {platform.id: _true_reports(config, platform) for platform in PLATFORM_MODELS}
    truths = {name: clock_truths(entry, config.end_ms) for name, entry in reports_by_platform.items()}
    return {
        "schema": SCHEMA,
        "seed": config.seed,
        "from": format_timestamp(config.start_ms),
        "to": format_timestamp(config.end_ms),
        "filed": sum(map(len, reports_by_platform.values())),
        "platforms": {
            platform.id: {
                "clocks": truths[platform.id],
                **_platform_truth(config, platform, reports_by_platform[platform.id]),
            }
            for platform in PLATFORM_MODELS
        },
        "ranks": {
            clock: _clock_ranks({name: entry[clock] for name, entry in truths.items()}) for clock in STOP_FIELD_BY_CLOCK
        },
    }


def _true_reports(config: SimulationConfig, platform: PlatformModel) -> list[TrueReport]:
    """Return the reports that were filed with a platform during the history, by filing time, without mistaken filings."""
    reports = []
    for time_slice in takewhile(lambda time_slice: time_slice.begin_ms < config.end_ms, time_slices(config)):
        for report, publications in simulate_publication(config, platform, time_slice):
            if report.is_genuine and report.filed_at < config.end_ms:
                published_at = min((at for at, step_index in publications if step_index == 0), default=None)
                reports.append(
                    TrueReport(
                        report.filed_at,
                        published_at,
                        report.ended_at,
                        _acknowledged_at(report),
                        report.decided_at,
                        report.acted_at,
                    )
                )
    return sorted(reports, key=itemgetter(0))


def _acknowledged_at(report: SimulatedReport) -> int | None:
    """Return when the platform first showed that it had seen the report; retracted steps do not count."""
    steps = report.steps
    retracted = {step.data.step_index for step in steps if isinstance(step.data, RetractStep)}
    seen = (
        step.occurred_at
        for index, step in enumerate(steps)
        if isinstance(step.data, _ACKNOWLEDGING_STEPS) and index not in retracted
    )
    return min(seen, default=None)


def _platform_truth(config: SimulationConfig, platform: PlatformModel, reports: Sequence[TrueReport]) -> JsonObject:
    published_through = _published_through(config, platform)
    published = [
        report for report in reports if report.published_at is not None and report.published_at <= config.end_ms
    ]
    return {
        "truth": platform.effect.value,
        "since": None if platform.change is None else format_timestamp(config.change_date(platform.change.after_share)),
        "parameters": _model_parameters(platform),
        "published_through": format_timestamp(published_through),
        "filed": len(reports),
        "published": len(published),
        "unanswered": _count_unanswered(reports, config.end_ms),
        "published_unanswered": _count_unanswered(published, published_through),
        "published_clocks": clock_truths(published, published_through),
        **_segments(config, platform, reports),
        "weeks": list(_weekly_shares(reports)),
    }


def _published_through(config: SimulationConfig, platform: PlatformModel) -> int:
    """Return the instant up to which the platform has published all events at the end of the history."""
    if platform.effect is KnownEffect.NIGHTLY_BATCHES:
        return (config.end_ms - NIGHTLY_CUTOFF - NIGHTLY_BATCH_DELAY) // DAY * DAY + NIGHTLY_CUTOFF - 1
    return min(config.end_ms - SECOND, stops_publishing_at(config, platform) or config.end_ms) - MAX_PUBLISH_DELAY


def _count_unanswered(reports: Sequence[TrueReport], until_ms: int) -> int:
    return sum(report.ended_at is None or report.ended_at > until_ms for report in reports)


def _model_parameters(platform: PlatformModel) -> JsonObject:
    after = platform.change.responses if platform.change else None
    return {
        "share_of_reports": platform.report_share,
        "cadence_seconds": platform.cadence_ms // SECOND,
        "before": _response_parameters(platform.responses),
        "after": None if after is None else _response_parameters(after),
    }


def _response_parameters(responses: ResponseModel) -> JsonObject:
    parameters: JsonObject = responses._asdict()
    return parameters | {
        "durations": {queue.value: mixture._asdict() for queue, mixture in responses.durations.items()}
    }


def _segments(config: SimulationConfig, platform: PlatformModel, reports: Sequence[TrueReport]) -> JsonObject:
    """Return the true figures for filings before and after the planted change; empty without a change."""
    if platform.change is None:
        return {}
    since = config.change_date(platform.change.after_share)
    filings = {
        "before": [report for report in reports if report.filed_at < since],
        "after": [report for report in reports if report.filed_at >= since],
    }
    return {
        name: {"filed": len(segment), "clocks": clock_truths(segment, config.end_ms)}
        for name, segment in filings.items()
    }


def _weekly_shares(reports: Sequence[TrueReport]) -> Iterator[JsonObject]:
    """Yield each week's filings and the share within 24 h of each clock; `reports` are sorted by filing time."""
    for week, group in groupby(reports, key=lambda report: iso_week(report.filed_at)):
        filed = list(group)
        shares = {clock: share_within(filed, stop_field, DAY) for clock, stop_field in STOP_FIELD_BY_CLOCK.items()}
        yield {"from": format_timestamp(week_start(week)), "filed": len(filed), "share_within_24h": shares}


def _clock_ranks(truths: dict[str, ClockTruth]) -> dict[str, dict[str, int]]:
    """Return the platforms' ranks on one clock: by closed-only median, true median and true share within 24 h."""

    def by(figure: str, *, smallest_first: bool) -> dict[str, int]:
        return rank_with_missing_last(
            {name: truth[figure] for name, truth in truths.items()}, smallest_first=smallest_first
        )

    return {
        "closed_only_median": by("closed_only_median_seconds", smallest_first=True),
        "median": by("median_seconds", smallest_first=True),
        "share_within_24h": by("share_within_24h", smallest_first=False),
    }

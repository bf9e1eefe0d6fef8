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
    cases = {profile.id: _true_reports(config, profile) for profile in PLATFORM_MODELS}
    figures = {name: clock_truths(some, config.end_ms) for name, some in cases.items()}
    return {
        "schema": SCHEMA,
        "seed": config.seed,
        "from": format_timestamp(config.start_ms),
        "to": format_timestamp(config.end_ms),
        "filed": sum(map(len, cases.values())),
        "platforms": {
            profile.id: {"clocks": figures[profile.id], **_platform_truth(config, profile, cases[profile.id])}
            for profile in PLATFORM_MODELS
        },
        "ranks": {
            clock: _clock_ranks({name: some[clock] for name, some in figures.items()}) for clock in STOP_FIELD_BY_CLOCK
        },
    }


def _true_reports(config: SimulationConfig, platform: PlatformModel) -> list[TrueReport]:
    """Return the reports that were filed with a platform during the history, by filing time, without mistaken filings."""
    cases = []
    for span in takewhile(lambda span: span.begin_ms < config.end_ms, time_slices(config)):
        for life, tellings in simulate_publication(config, platform, span):
            if life.is_genuine and life.filed_at < config.end_ms:
                published_at = min((at for at, place in tellings if place == 0), default=None)
                cases.append(
                    TrueReport(
                        life.filed_at,
                        published_at,
                        life.ended_at,
                        _acknowledged_at(life),
                        life.decided_at,
                        life.acted_at,
                    )
                )
    return sorted(cases, key=itemgetter(0))


def _acknowledged_at(report: SimulatedReport) -> int | None:
    """Return when the platform first showed that it had seen the report; retracted steps do not count."""
    steps = report.steps
    undone = {step.data.step_index for step in steps if isinstance(step.data, RetractStep)}
    seen = (
        step.occurred_at
        for place, step in enumerate(steps)
        if isinstance(step.data, _ACKNOWLEDGING_STEPS) and place not in undone
    )
    return min(seen, default=None)


def _platform_truth(config: SimulationConfig, platform: PlatformModel, reports: Sequence[TrueReport]) -> JsonObject:
    published_through = _published_through(config, platform)
    published = [case for case in reports if case.published_at is not None and case.published_at <= config.end_ms]
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
    return sum(case.ended_at is None or case.ended_at > until_ms for case in reports)


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
    return parameters | {"durations": {lane.value: wait._asdict() for lane, wait in responses.durations.items()}}


def _segments(config: SimulationConfig, platform: PlatformModel, reports: Sequence[TrueReport]) -> JsonObject:
    """Return the true figures for filings before and after the planted change; empty without a change."""
    if platform.change is None:
        return {}
    since = config.change_date(platform.change.after_share)
    sides = {
        "before": [case for case in reports if case.filed_at < since],
        "after": [case for case in reports if case.filed_at >= since],
    }
    return {name: {"filed": len(some), "clocks": clock_truths(some, config.end_ms)} for name, some in sides.items()}


def _weekly_shares(reports: Sequence[TrueReport]) -> Iterator[JsonObject]:
    """Yield each week's filings and the share within 24 h of each clock; `reports` are sorted by filing time."""
    for week, group in groupby(reports, key=lambda case: iso_week(case.filed_at)):
        filed = list(group)
        shares = {clock: share_within(filed, place, DAY) for clock, place in STOP_FIELD_BY_CLOCK.items()}
        yield {"from": format_timestamp(week_start(week)), "filed": len(filed), "share_within_24h": shares}


def _clock_ranks(truths: dict[str, ClockTruth]) -> dict[str, dict[str, int]]:
    """Return the platforms' ranks on one clock: by closed-only median, true median and true share within 24 h."""

    def by(figure: str, *, smallest_first: bool) -> dict[str, int]:
        return rank_with_missing_last(
            {name: answer[figure] for name, answer in truths.items()}, smallest_first=smallest_first
        )

    return {
        "closed_only_median": by("closed_only_median_seconds", smallest_first=True),
        "median": by("median_seconds", smallest_first=True),
        "share_within_24h": by("share_within_24h", smallest_first=False),
    }

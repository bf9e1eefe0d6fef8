"""Simulates the reports that arrive in a time slice: items that one person reports, and items that many report."""

from collections.abc import Iterator
from itertools import count
from typing import Final, NamedTuple

from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.difficulty import Clusters
from producers.simulation.model.label_mix import LabelMixEntry, QueueKind, label_mix
from producers.simulation.model.outcome_model import draw_outcome
from producers.simulation.model.platform_models import PlatformModel, ResponseModel
from producers.simulation.model.report_model import IncomingReport, SimulatedReport, simulate_report
from producers.simulation.model.seasonality import day_factor, filing_weights, hour_of_week, iso_week, week_factor
from producers.simulation.model.seeded_random import SeededRandom, WeightedChoice
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND

_FOLLOWER_DELAY_MEDIAN: Final = 30 * MINUTE
_FOLLOWER_DELAY_SIGMA: Final = 1.5
_MERGED_SHARE: Final = 0.4


class TimeSlice(NamedTuple):
    """An interval within one UTC day, epoch milliseconds; reports arrive at `rate_factor` times the usual rate."""

    begin_ms: int
    end_ms: int
    rate_factor: float = 1.0


class ArrivalStream(NamedTuple):
    """The values that all reports of one platform in one time slice share."""

    rng: SeededRandom
    responses: ResponseModel
    labels: WeightedChoice[LabelMixEntry]
    week_factor: float
    clusters: Clusters
    report_numbers: Iterator[str]


def simulate_arrivals(
    config: SimulationConfig, platform: PlatformModel, time_slice: TimeSlice
) -> Iterator[SimulatedReport]:
    """Yield the reports on items that were first reported to a platform in `time_slice`."""
    rng = SeededRandom(config.seed, platform.id, time_slice.begin_ms)
    hours = WeightedChoice(_weighted_hours(time_slice))
    mean = (
        hours.total
        * config.reports
        / config.weeks
        * platform.report_share
        / config.difficulty.clusters.reports_per_item
    )
    mean *= day_factor(config.seed, platform.id, time_slice.begin_ms // DAY) * time_slice.rate_factor
    arrivals = ArrivalStream(
        rng,
        _responses_at(config, platform, time_slice.begin_ms),
        label_mix(platform.country_rotation),
        week_factor(config.seed, platform.id, iso_week(time_slice.begin_ms), config.difficulty),
        config.difficulty.clusters,
        (f"{time_slice.begin_ms // SECOND:08x}{number:05x}" for number in count()),
    )
    for _ in range(rng.draw_count(mean)):
        hour, width = rng.pick(hours)
        yield from _simulate_item(arrivals, hour + int(rng.uniform() * width))


def _weighted_hours(time_slice: TimeSlice) -> list[tuple[tuple[int, int], float]]:
    """Return begin and width of every hour in `time_slice`, weighted by its share of a week's filings."""
    begins = [time_slice.begin_ms, *range(-(-(time_slice.begin_ms + 1) // HOUR) * HOUR, time_slice.end_ms, HOUR)]
    ends = [*begins[1:], time_slice.end_ms]
    weights = filing_weights()
    return [
        ((begin, end - begin), weights[hour_of_week(begin)] * (end - begin) / HOUR)
        for begin, end in zip(begins, ends, strict=True)
    ]


def _responses_at(config: SimulationConfig, platform: PlatformModel, filed_at: int) -> ResponseModel:
    """Return how the platform answers reports filed at `filed_at`; a silent platform answers as before."""
    change = platform.change
    if change is None or change.responses is None or filed_at < config.change_date(change.after_share):
        return platform.responses
    return change.responses


def _simulate_item(arrivals: ArrivalStream, first_filed_at: int) -> Iterator[SimulatedReport]:
    """Yield the reports on one item: the first report, and later reports while the item still exists."""
    rng, responses, factor, clusters = arrivals.rng, arrivals.responses, arrivals.week_factor, arrivals.clusters
    label = rng.pick(arrivals.labels)
    outcome = draw_outcome(rng, responses, label, first_filed_at, factor)
    first = next(arrivals.report_numbers)
    yield simulate_report(rng, responses, IncomingReport(first, first_filed_at, label), outcome)
    if label.queue is not QueueKind.IN_APP or not rng.draw_bool(clusters.shared_share):
        return
    followers = int(rng.draw_log_normal(clusters.followers_median, clusters.followers_sigma))
    for _ in range(min(clusters.max_followers, followers)):
        filed_at = first_filed_at + int(rng.draw_log_normal(_FOLLOWER_DELAY_MEDIAN, _FOLLOWER_DELAY_SIGMA))
        if outcome is None or filed_at < outcome.ended_at:
            into = first if rng.draw_bool(_MERGED_SHARE) else ""
            yield simulate_report(
                rng, responses, IncomingReport(next(arrivals.report_numbers), filed_at, label, into), outcome
            )
        elif not outcome.is_restricted:
            own_outcome = draw_outcome(rng, responses, label, filed_at, factor)
            yield simulate_report(
                rng, responses, IncomingReport(next(arrivals.report_numbers), filed_at, label), own_outcome
            )

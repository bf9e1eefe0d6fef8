"""What makes two periods differ although nothing has changed is as it was asked for."""

from collections import Counter
from itertools import takewhile
from math import log
from statistics import correlation, stdev

import pytest

from producers.simulation.model.arrivals import simulate_arrivals
from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.difficulty import CLUSTERS, HEAVY_CLUSTERS, MILD_CLUSTERS, Clusters, Difficulty
from producers.simulation.model.platform_models import PLATFORM_MODELS
from producers.simulation.model.report_model import SimulatedReport
from producers.simulation.model.seasonality import week_factor
from producers.simulation.traffic import time_slices

WEEKS = range(3_000)
MEADOW = next(platform for platform in PLATFORM_MODELS if platform.id == "meadow")


def week_shocks(difficulty: Difficulty) -> list[float]:
    return [log(week_factor(1, "meadow", week, difficulty)) for week in WEEKS]


@pytest.mark.parametrize("autocorrelation", [0.0, 0.3, 0.5, 0.7])
def test_weeks_have_the_spread_and_the_autocorrelation_that_were_asked_for(autocorrelation: float) -> None:
    shocks = week_shocks(Difficulty(week_sigma=0.3, week_autocorrelation=autocorrelation))

    assert stdev(shocks) == pytest.approx(0.3, abs=0.02)
    assert correlation(shocks[:-1], shocks[1:]) == pytest.approx(autocorrelation, abs=0.06)
    assert correlation(shocks[:-2], shocks[2:]) == pytest.approx(autocorrelation**2, abs=0.06)


def test_a_season_comes_back_after_a_year_and_is_opposite_after_half_a_year() -> None:
    waves = week_shocks(Difficulty(week_sigma=0.0, season=0.2))

    assert max(waves) == pytest.approx(0.2, abs=0.002)
    assert min(waves) == pytest.approx(-0.2, abs=0.002)
    assert correlation(waves[:-52], waves[52:]) > 0.99
    assert correlation(waves[:-26], waves[26:]) < -0.99


def test_without_a_wish_the_weeks_are_those_of_before() -> None:
    assert week_shocks(Difficulty()) == [log(week_factor(1, "meadow", week)) for week in WEEKS]


def reports_of(clusters: Clusters) -> list[SimulatedReport]:
    config = SimulationConfig(seed=3, weeks=4, reports=40_000, difficulty=Difficulty(clusters=clusters))
    slices = takewhile(lambda one: one.begin_ms < config.end_ms, time_slices(config))
    return [report for one in slices for report in simulate_arrivals(config, MEADOW, one)]


@pytest.mark.parametrize("clusters", CLUSTERS.values(), ids=list(CLUSTERS))
def test_the_number_of_reports_does_not_depend_on_the_size_of_clusters(clusters: Clusters) -> None:
    # Meadow has 14 % of the reports; its items, like those of every platform, differ from the mean of all platforms.
    assert len(reports_of(clusters)) == pytest.approx(0.14 * 40_000, rel=0.35)


def test_heavy_clusters_share_one_ending_among_many_more_reports() -> None:
    mild, heavy = (
        Counter(report.ended_at for report in reports_of(one) if report.ended_at)
        for one in (MILD_CLUSTERS, HEAVY_CLUSTERS)
    )

    assert max(heavy.values()) > 3 * max(mild.values())
    assert sum(heavy.values()) / len(heavy) > 1.3 * sum(mild.values()) / len(mild)

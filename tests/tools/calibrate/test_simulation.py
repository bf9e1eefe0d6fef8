"""The simulated platforms are what docs/statistics.md says: their means, their shocks and their clusters."""

import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.domain.duration_bins import DAY, EDGES, HOUR
from tests.support.paths import ROOT
from tests.tools.calibrate.closed_form import acted_share, mean_wait, reversed_share
from tests.tools.calibrate.item_draws import ACTED, REJECTED, Items, draw_shocks, draw_windows
from tests.tools.calibrate.platform_world import (
    PROFILES,
    SHOCKS,
    USUAL,
    Conditions,
    PlatformWorld,
    Shocks,
    cluster_sizes,
    mean_cluster_size,
)
from tests.tools.calibrate.weekly_pools import ACTION_CLOCK, DECISION_CLOCK, REVERSAL_CLOCK, pools, wait_bins

WEEKS = range(52 * 100)
CLOCKS = (DECISION_CLOCK, ACTION_CLOCK, REVERSAL_CLOCK)
OTHER_CONDITIONS = (
    USUAL,
    Conditions(time_factor=0.5, in_app_share=0.55, extra_unanswered=0.05),
    Conditions(gives_up_after=24 * HOUR, acted_share=0.4, reversed_share=0.06),
)


def draw(world: PlatformWorld, conditions: Conditions = USUAL, weeks: range = WEEKS, seed: int = 5) -> Items:
    (items,) = draw_windows(world, [conditions], [weeks], np.random.default_rng(seed))
    return items


def share(items: Items, holds: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> float:
    counted = items.reports if among is None else items.reports * among
    return float((counted * holds).sum() / counted.sum())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("conditions", OTHER_CONDITIONS, ids=["usual", "faster", "gives up"])
def test_drawn_waits_and_endings_have_the_means_of_the_closed_form(profile: str, conditions: Conditions) -> None:
    world = PlatformWorld(profile, 200, "mild", season=0.1)

    items = draw(world, conditions)

    edges = np.array([*EDGES, 2 * EDGES[-1]])[wait_bins(items)]
    is_decided = items.ending <= REJECTED
    waits = np.where(is_decided, np.minimum(edges, 48 * HOUR), 48 * HOUR)
    mean = float(np.average(waits, weights=items.reports))
    assert mean / HOUR == pytest.approx(mean_wait(world, conditions, WEEKS, conditions, 48 * HOUR) / HOUR, abs=0.15)
    for limit in (DAY, 28 * DAY):
        acted = share(items, (items.ending == ACTED) & (edges <= limit))
        assert acted == pytest.approx(acted_share(world, conditions, WEEKS, conditions, limit), abs=0.005)
    is_reversed = share(items, items.reversal <= 28 * DAY, is_decided)
    assert is_reversed == pytest.approx(reversed_share(conditions, 28 * DAY), abs=0.002)


def test_a_closed_form_moves_with_the_time_factor_and_not_with_the_volume() -> None:
    world = PlatformWorld("clogged", 200, "mild")

    usual, fast = (
        mean_wait(world, Conditions(time_factor=factor), range(26), USUAL, 48 * HOUR) for factor in (1.0, 0.5)
    )

    assert fast < 0.85 * usual
    assert mean_wait(world._replace(reports_per_week=3_000), USUAL, range(26), USUAL, 48 * HOUR) == usual


@pytest.mark.parametrize("shocks", [*SHOCKS, Shocks(0.3, 0.7)], ids=str)
def test_shocks_have_their_deviation_and_their_autocorrelation(shocks: Shocks) -> None:
    series = draw_shocks(shocks, 100_000, np.random.default_rng(3))

    first = np.array([draw_shocks(shocks, 1, np.random.default_rng(seed))[0] for seed in range(2_000)])
    assert series.std() == pytest.approx(shocks.sd, rel=0.02)
    assert first.std() == pytest.approx(shocks.sd, rel=0.06)
    assert np.corrcoef(series[:-1], series[1:])[0, 1] == pytest.approx(shocks.autocorrelation, abs=0.01)


@pytest.mark.parametrize(("clusters", "mean", "design_effect"), [("mild", 1.3, 5), ("heavy", 5, 18)])
def test_clusters_have_their_mean_and_their_design_effect(clusters: str, mean: float, design_effect: float) -> None:
    numbers = np.arange(1, len(cluster_sizes(clusters)) + 1)

    assert cluster_sizes(clusters).sum() == pytest.approx(1)
    assert mean_cluster_size(clusters) == pytest.approx(mean, rel=0.02)
    assert cluster_sizes(clusters) @ numbers**2 / mean_cluster_size(clusters) == pytest.approx(design_effect, rel=0.05)


@pytest.mark.parametrize("clusters", ["mild", "heavy"])
def test_volume_does_not_depend_on_the_clusters(clusters: str) -> None:
    items = draw(PlatformWorld("human", 200, clusters), weeks=range(2_000))

    assert items.reports.sum() / 2_000 == pytest.approx(200, rel=0.05)


def test_one_seed_draws_the_same_reports_and_another_seed_draws_others() -> None:
    world, weeks = PlatformWorld("prompt", 100, "heavy"), range(26)

    first, again, other = (pools(draw(world, weeks=weeks, seed=seed), DECISION_CLOCK) for seed in (1, 1, 2))

    assert first == again
    assert first != other


@given(st.randoms(use_true_random=False), st.sampled_from(CLOCKS))
def test_the_order_of_items_changes_no_pool(rng: random.Random, clock: str) -> None:
    items = draw(PlatformWorld("clogged", 100, "mild"), weeks=range(5))
    order = list(range(len(items.week)))
    rng.shuffle(order)

    shuffled = Items._make(column[order] for column in items)

    assert pools(shuffled, clock) == pools(items, clock)


@pytest.mark.parametrize("clock", [DECISION_CLOCK, ACTION_CLOCK])
def test_pools_hold_every_report_in_its_week(clock: str) -> None:
    items = draw(PlatformWorld("clogged", 300, "heavy"), weeks=range(13))

    found = Counter[int]()
    for pool in pools(items, clock):
        found[pool.day] += pool.reports

    assert list(found.values()) == np.bincount(items.week, items.reports).astype(int).tolist()


def test_the_simulation_does_not_know_the_rule() -> None:
    modules = "tests.tools.calibrate.weekly_pools, tests.tools.calibrate.closed_form"
    program = f"import sys, {modules}; sys.exit(any(name.startswith('streams.domain.verdict') for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0

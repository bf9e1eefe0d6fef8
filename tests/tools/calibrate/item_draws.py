"""Draw the items of a window: when they arrive, how many reports each has, and how long all of these wait.

All reports on an item share its wait and its ending.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.tools.calibrate.platform_world import (
    CHANNELS,
    COMPETING_SHARE,
    HARM_LOG_PACES,
    MACHINE_LOG_SD,
    OFF_HOURS_FACTOR,
    PEOPLE_LOG_SD,
    PROFILES,
    REVERSAL_LOG_SD,
    REVERSAL_MEDIAN,
    VOLUME_LOG_SD,
    Conditions,
    Floats,
    Integers,
    PlatformWorld,
    Shocks,
    cluster_sizes,
    mean_cluster_size,
    season_offsets,
    stratum_shares,
)

ACTED, REJECTED, COMPETING, UNANSWERED = range(4)
"""The endings of an item."""

_HOURS_PER_WEEK: Final = 168
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 6
_FIRST_WEEKEND_DAY: Final = 5


class Items(NamedTuple):
    """The items of a window, one place of each array an item.

    `week` counts from the begin of the history, `filed_hour` from the begin of the week. `wait` and `reversal`, from the
    filing and from the decision, are in milliseconds; without a reversal it is infinite.
    """

    week: Integers
    filed_hour: Integers
    stratum: Integers
    reports: Integers
    wait: Floats
    ending: Integers
    reversal: Floats


def draw_windows(
    world: PlatformWorld, conditions: Sequence[Conditions], windows: Sequence[range], rng: np.random.Generator
) -> list[Items]:
    """Return the items of each window; the shocks of all weeks, those between the windows too, are one series."""
    shocks = draw_shocks(world.shocks, windows[-1].stop, rng)
    return [_draw_items(world, one, weeks, shocks, rng) for one, weeks in zip(conditions, windows, strict=True)]


def draw_shocks(shocks: Shocks, weeks: int, rng: np.random.Generator) -> Floats:
    """Return a stationary autoregressive series: the shock of every week on the logarithm of time."""
    noise = shocks.sd * rng.standard_normal(weeks)
    noise[1:] *= np.sqrt(1 - shocks.autocorrelation**2)
    for week in range(1, weeks):
        noise[week] += shocks.autocorrelation * noise[week - 1]
    return noise


def off_hours() -> NDArray[np.bool_]:
    """Return for every hour of a week, from Monday on, whether it is at night or at a weekend."""
    hours = np.arange(_HOURS_PER_WEEK)
    of_day = hours % 24
    result: NDArray[np.bool_] = (hours // 24 >= _FIRST_WEEKEND_DAY) | (of_day >= _NIGHT_BEGINS) | (of_day < _NIGHT_ENDS)
    return result


def _draw_items(
    world: PlatformWorld, conditions: Conditions, weeks: range, shocks: Floats, rng: np.random.Generator
) -> Items:
    volumes = np.exp(VOLUME_LOG_SD * rng.standard_normal(len(weeks)) - VOLUME_LOG_SD**2 / 2)
    counts = rng.poisson(world.reports_per_week / mean_cluster_size(world.clusters) * volumes)
    place = np.repeat(np.arange(len(weeks)), counts)
    stratum = _draw_index(stratum_shares(conditions), len(place), rng)
    filed_hour = rng.integers(0, _HOURS_PER_WEEK, len(place))
    offsets = shocks[weeks.start : weeks.stop] + season_offsets(world, weeks) + np.log(conditions.time_factor)
    log_wait = _draw_log_waits(world, stratum, filed_hour, rng)
    log_wait += offsets[place]
    wait = np.exp(log_wait)
    ending = _draw_endings(world, conditions, wait, rng)
    return Items(
        week=place + weeks.start,
        filed_hour=filed_hour,
        stratum=stratum,
        reports=_draw_index(cluster_sizes(world.clusters), len(place), rng) + 1,
        wait=wait,
        ending=ending,
        reversal=_draw_reversals(conditions, ending, rng),
    )


def _draw_index(shares: Floats, count: int, rng: np.random.Generator) -> Integers:
    return np.minimum(np.searchsorted(np.cumsum(shares), rng.random(count), side="right"), len(shares) - 1)


def _draw_log_waits(world: PlatformWorld, stratum: Integers, filed_hour: Integers, rng: np.random.Generator) -> Floats:
    """Return the logarithms of the waits in milliseconds, before what a whole week has in common."""
    profile = PROFILES[world.profile]
    harm, channel = np.divmod(stratum, len(CHANNELS))
    is_machine = rng.random(len(stratum)) < np.array(profile.machine_share)[channel]
    people = np.log(profile.people_median)[channel] + np.log(OFF_HOURS_FACTOR) * off_hours()[filed_hour]
    centre = np.where(is_machine, np.log(profile.machine_median), people)
    spread = np.where(is_machine, MACHINE_LOG_SD, PEOPLE_LOG_SD)
    log_waits: Floats = centre + HARM_LOG_PACES[harm] + spread * rng.standard_normal(len(stratum))
    return log_waits


def _draw_endings(world: PlatformWorld, conditions: Conditions, wait: Floats, rng: np.random.Generator) -> Integers:
    unanswered = PROFILES[world.profile].never_answered + conditions.extra_unanswered
    decided = 1 - unanswered - COMPETING_SHARE
    shares = decided * np.array([conditions.acted_share, 1 - conditions.acted_share])
    ending = _draw_index(np.array([*shares, COMPETING_SHARE, unanswered]), len(wait), rng)
    return np.where(wait > conditions.gives_up_after, UNANSWERED, ending)


def _draw_reversals(conditions: Conditions, ending: Integers, rng: np.random.Generator) -> Floats:
    """Return how long after its decision an item's decision is reversed; infinite if it is not."""
    is_reversed = (rng.random(len(ending)) < conditions.reversed_share) & (ending <= REJECTED)
    times = REVERSAL_MEDIAN * np.exp(REVERSAL_LOG_SD * rng.standard_normal(len(ending)))
    return np.where(is_reversed, times, np.inf)

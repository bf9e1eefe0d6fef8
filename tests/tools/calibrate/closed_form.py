"""The truth of a simulated platform in closed form: sums of normal distribution functions over the duration bins.

A normal shock on the logarithm of a log-normal wait gives a log-normal wait with the variances added, so that the average
over shocks is exact. Waits are read as the upper edges of their bins, as in the product.
"""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr  # type: ignore[import-untyped]  # ships no types

from streams.domain.duration_bins import EDGES
from tests.tools.calibrate.item_draws import off_hours
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
    STRATA,
    Conditions,
    Floats,
    PlatformWorld,
    season_offsets,
    stratum_shares,
)


@lru_cache(maxsize=4_096)
def mean_wait(world: PlatformWorld, conditions: Conditions, weeks: range, mix: Conditions, limit: int) -> float:
    """Return the mean wait for a decision up to `limit` (ms) in some weeks, at the mix of strata of `mix`."""
    edges = np.array([edge for edge in EDGES if edge <= limit], dtype=np.float64)
    lower = np.concatenate([[0.0], edges[:-1]])
    undecided = 1 - _decided_by(world, conditions, weeks, lower)
    return float(stratum_shares(mix) @ (undecided @ np.diff(edges, prepend=0.0)))


@lru_cache(maxsize=4_096)
def acted_share(world: PlatformWorld, conditions: Conditions, weeks: range, mix: Conditions, limit: int) -> float:
    """Return the share of all reports that are acted on within `limit` (ms), at the mix of strata of `mix`."""
    decided = _decided_by(world, conditions, weeks, np.array([float(limit)]))[:, 0]
    return conditions.acted_share * float(stratum_shares(mix) @ decided)


def reversed_share(conditions: Conditions, limit: int) -> float:
    """Return the share of the decided reports whose decision is reversed within `limit` (ms)."""
    return conditions.reversed_share * float(ndtr(np.log(limit / REVERSAL_MEDIAN) / REVERSAL_LOG_SD))


def _decided_by(world: PlatformWorld, conditions: Conditions, weeks: range, times: Floats) -> Floats:
    """Return the share of the reports of every stratum (rows) that are decided by every time (columns)."""
    profile = PROFILES[world.profile]
    decided = 1 - profile.never_answered - conditions.extra_unanswered - COMPETING_SHARE
    offsets = np.unique(season_offsets(world, weeks).round(12), return_counts=True)
    share = np.zeros((len(STRATA), len(times)))
    for offset, count in zip(*offsets, strict=True):
        share += count / len(weeks) * _waits_below(world, conditions, float(offset), times)
    return decided * share


def _waits_below(world: PlatformWorld, conditions: Conditions, offset: float, times: Floats) -> Floats:
    profile = PROFILES[world.profile]
    harm, channel = np.divmod(np.arange(len(STRATA)), len(CHANNELS))
    pace = HARM_LOG_PACES[harm] + offset + np.log(conditions.time_factor)
    with np.errstate(divide="ignore"):  # the logarithm of 0 is minus infinity, which has the right share: none
        log_times = np.log(np.minimum(times, conditions.gives_up_after))

    def below(median: Floats, log_sd: float) -> Floats:
        spread = np.hypot(log_sd, world.shocks.sd)
        share: Floats = ndtr((log_times - (np.log(median) + pace)[:, None]) / spread)
        return share

    off_share = off_hours().mean()
    people_median = np.array(profile.people_median)[channel]
    people = (1 - off_share) * below(people_median, PEOPLE_LOG_SD) + off_share * below(
        OFF_HOURS_FACTOR * people_median, PEOPLE_LOG_SD
    )
    machine_share = np.array(profile.machine_share)[channel][:, None]
    machine = below(np.full(len(STRATA), profile.machine_median), MACHINE_LOG_SD)
    waits: Floats = machine_share * machine + (1 - machine_share) * people
    return waits

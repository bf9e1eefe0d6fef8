"""A simulated platform: how many reports it gets, how long they wait, and what differs between two windows.

Constants are plain choices; docs/statistics.md names those that matter.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr  # type: ignore[import-untyped]  # ships no types

from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.vocabulary import Channel, Harm

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HARMS: Final = tuple(Harm)
CHANNELS: Final = (Channel.IN_APP, Channel.WEB_FORM, Channel.EMAIL, Channel.LEGAL_NOTICE)
STRATA: Final = tuple((harm, channel) for harm in HARMS for channel in CHANNELS)
"""All pairs of harm and channel; arrays of strata have this order."""

HARM_SHARES: Final[Floats] = (1 / np.arange(1, len(HARMS) + 1)) / sum(1 / np.arange(1, len(HARMS) + 1))
"""The first harm has 32 % of the reports, the last 3 %."""
HARM_LOG_PACES: Final[Floats] = np.linspace(-0.3, 0.3, len(HARMS))
"""What each harm adds to the logarithm of a wait: the first harm is decided in 74 % of the usual time, the last in 135 %."""
_OTHER_CHANNEL_SHARES: Final = (0.5, 0.3, 0.2)
"""How web forms, e-mail and legal notices share the reports that do not come from the app."""

MACHINE_LOG_SD: Final = 1.0
PEOPLE_LOG_SD: Final = 1.2
COMPETING_SHARE: Final = 0.05
VOLUME_LOG_SD: Final = 0.15
OFF_HOURS_FACTOR: Final = 1.5
"""People take so many times as long for reports that are filed at night (22 to 6 o'clock) or at a weekend."""
REVERSAL_MEDIAN: Final = 5 * 24 * HOUR
REVERSAL_LOG_SD: Final = 1.0


class Profile(NamedTuple):
    """The waits of a platform, in milliseconds: a part of the in-app reports is decided by machines, the rest by people.

    Tuples are by channel. `never_answered` is a share of all reports.
    """

    machine_share: tuple[float, ...]
    machine_median: float
    people_median: tuple[float, ...]
    never_answered: float


def _profile(machine_share: float, machine_median: float, in_app_median: float, never_answered: float) -> Profile:
    return Profile(
        machine_share=(machine_share, 0.0, 0.0, 0.0),
        machine_median=machine_median,
        people_median=(in_app_median, 7 * HOUR, 20 * HOUR, 12 * HOUR),
        never_answered=never_answered,
    )


PROFILES: Final = {
    "clogged": _profile(0.44, 12 * MINUTE, 24 * HOUR, 0.07),
    "human": _profile(0.0, MINUTE, 14.6 * HOUR, 0.05),
    "prompt": _profile(0.8, 3.6 * MINUTE, 4 * HOUR, 0.03),
}
CLUSTERS: Final = ("mild", "heavy")


class Shocks(NamedTuple):
    """The deviations that a whole week has in common: normal on the logarithm of time, autoregressive of order 1."""

    sd: float
    autocorrelation: float


DEFAULT_SHOCKS: Final = Shocks(0.2, 0.3)
SHOCKS: Final = (Shocks(0.1, 0.0), DEFAULT_SHOCKS, Shocks(0.3, 0.5))


class PlatformWorld(NamedTuple):
    """What holds in both windows; `season` is the amplitude, on the logarithm of time, of a wave of 52 weeks."""

    profile: str
    reports_per_week: float
    clusters: str
    shocks: Shocks = DEFAULT_SHOCKS
    season: float = 0.0


@dataclass(frozen=True)
class Conditions:
    """What may differ between windows.

    `extra_unanswered` is a share of all reports. A report that would wait longer than `gives_up_after` (ms) is never
    answered. `acted_share` and `reversed_share` are parts of the decided reports.
    """

    time_factor: float = 1.0
    in_app_share: float = 0.8
    extra_unanswered: float = 0.0
    gives_up_after: float = inf
    acted_share: float = 0.65
    reversed_share: float = 0.025


USUAL: Final = Conditions()


def stratum_shares(conditions: Conditions) -> Floats:
    """Return the expected share of every stratum in the reports."""
    others = [(1 - conditions.in_app_share) * share for share in _OTHER_CHANNEL_SHARES]
    shares: Floats = np.outer(HARM_SHARES, [conditions.in_app_share, *others]).ravel()
    return shares


def season_offsets(world: PlatformWorld, weeks: range) -> Floats:
    """Return what the season adds to the logarithm of a wait, by week of the history."""
    offsets: Floats = world.season * np.sin(2 * np.pi * (np.array(weeks) + 0.5) / 52)
    return offsets


@lru_cache
def cluster_sizes(clusters: str) -> Floats:
    """Return the distribution of the number of reports of an item, from 1 on.

    `mild`: 3.5 % of the items have further reports, 8.6 on average (geometric): mean 1.3, design effect 5.
    `heavy`: a log-normal number with median 2.2, rounded up: mean 5, design effect 18.
    """
    numbers = np.arange(1, 2_001)
    if clusters == "heavy":
        share = np.diff(ndtr((np.log(np.maximum(np.arange(0, 2_001), exp(-700))) - np.log(2.2)) / 1.2))
    else:
        share = np.where(numbers == 1, 0.965, 0.035 / 8.6 * (1 - 1 / 8.6) ** np.maximum(numbers - 2.0, 0))
    whole: Floats = share / share.sum()
    return whole


def mean_cluster_size(clusters: str) -> float:
    """Return the mean number of reports of an item."""
    sizes = cluster_sizes(clusters)
    return float(sizes @ np.arange(1, len(sizes) + 1))

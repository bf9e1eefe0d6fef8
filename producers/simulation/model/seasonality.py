"""Variation over time: nights, weekends, busy days, and weeks in which a whole platform is faster or slower."""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, log, pi, sin, sqrt
from typing import Final

from producers.simulation.model.difficulty import Difficulty
from producers.simulation.model.seeded_random import SeededRandom
from streams.domain.duration_bins import DAY, HOUR

HOURS_PER_WEEK: Final = 168
WEEK: Final = 7 * DAY

# Weights of a day's filings per hour (UTC): lowest in the early morning, highest in the evening. Our assumption: the
# calibration recipe requires "weekday and night cycles" without a figure.
_HOUR_WEIGHTS: Final = (9, 7, 5, 4, 3, 3, 4, 6, 8, 10, 11, 12, 13, 13, 14, 16, 18, 19, 20, 21, 21, 19, 16, 12)
# Monday to Sunday; young people report more when there is no school. Our assumption.
_WEEKDAY_WEIGHTS: Final = (0.96, 0.94, 0.95, 0.97, 1.0, 1.1, 1.08)

# A slow answer waits for people, so it takes this much longer for a report at night or on a weekend. Our assumption.
_NIGHT_FACTOR: Final = 1.35
_WEEKEND_FACTOR: Final = 1.25
_STAFFED_HOURS: Final = range(7, 20)

# One day in sixty has more reports than usual (recipe: "burst days"; frequency and size are ours).
_BUSY_DAY_SHARE: Final = 1 / 60
_BUSY_DAY_FACTOR: Final = 1.8

_WEEKS_PER_YEAR: Final = 365.2425 / 7
_NEGLIGIBLE: Final = 1e-4
_FACTOR_DIGITS: Final = 10
_USUAL: Final = Difficulty()


def hour_of_week(at_ms: int) -> int:
    """Return 0 for Monday 00:00-01:00 UTC up to 167 for Sunday's last hour; day 0 of the epoch was a Thursday."""
    return (at_ms // HOUR + 3 * 24) % HOURS_PER_WEEK


def iso_week(at_ms: int) -> int:
    """Return the number of the week, Monday to Sunday UTC, since the epoch."""
    return (at_ms // DAY + 3) // 7


def week_start(week: int) -> int:
    """Return the first instant of a week as `iso_week` numbers it, in epoch milliseconds."""
    return (week * 7 - 3) * DAY


@lru_cache(maxsize=1)
def filing_weights() -> Sequence[float]:
    """Return, per hour of the week, the share of a week's filings."""
    weights = [_HOUR_WEIGHTS[hour % 24] * _WEEKDAY_WEIGHTS[hour // 24] for hour in range(HOURS_PER_WEEK)]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


@lru_cache(maxsize=1)
def slowdown_by_hour() -> Sequence[float]:
    """Return, per hour of the week, how much longer a slow answer takes than usual.

    The geometric mean over filings is one, so that nights and weekends do not change a calibrated median.
    """
    factors = [
        (1.0 if hour % 24 in _STAFFED_HOURS else _NIGHT_FACTOR) * (_WEEKEND_FACTOR if hour // 24 >= 5 else 1.0)  # noqa: PLR2004 - Saturday
        for hour in range(HOURS_PER_WEEK)
    ]
    mean = sum(weight * log(factor) for weight, factor in zip(filing_weights(), factors, strict=True))
    return tuple(round(factor * exp(-mean), 9) for factor in factors)


@lru_cache(maxsize=4096)
def week_factor(seed: int, platform: str, week: int, difficulty: Difficulty = _USUAL) -> float:
    """Return the factor on all durations of this platform in this week (weeks since the epoch).

    Its logarithm is an autoregressive series of order 1, written as the sum of its past draws, plus the season. It is
    rounded, so that it is the same on every machine.
    """
    past = _past_weeks(difficulty.week_autocorrelation)
    scale = sqrt(1 - difficulty.week_autocorrelation**2)
    shock = scale * sum(
        difficulty.week_autocorrelation**age * SeededRandom(seed, platform, "week", week - age).draw_normal()
        for age in range(past)
    )
    season = difficulty.season * sin(2 * pi * week / _WEEKS_PER_YEAR)
    return round(exp(difficulty.week_sigma * shock + season), _FACTOR_DIGITS)


def _past_weeks(autocorrelation: float) -> int:
    """Return how many weeks back a draw still counts."""
    return 1 + (round(log(_NEGLIGIBLE) / log(autocorrelation)) if autocorrelation else 0)


@lru_cache(maxsize=4096)
def day_factor(seed: int, platform: str, day: int) -> float:
    """Return the factor on this platform's volume on this day (days since the epoch)."""
    return _BUSY_DAY_FACTOR if SeededRandom(seed, platform, "burst", day).draw_bool(_BUSY_DAY_SHARE) else 1.0

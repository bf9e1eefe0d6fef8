"""Healthy platforms as what a board would export about them, every quarter of an hour.

Reports come as a Poisson process with nights, weekends and bursts; each clock of each report stops after a
log-normal time whose tail is the share that the platform does not act on within a day. A batch exporter publishes at
night what happened during the day. Every instant is in steps since the start, a Monday at midnight.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.contract.metrics.metric import STANDARD_CLOCK_IDS

STEP_SECONDS: Final = 900
DAY: Final = 86_400 // STEP_SECONDS
WEEK: Final = 7 * DAY
COHORT_STEPS: Final = DAY // 4
"""Cohort figures are told every six hours: they move slowly, and there are many."""

_QUARTERS: Final = np.array([0, 91, 182, 274, 366]) * DAY
"""When quarters begin: the history starts on the first of January of a leap year."""

Samples = NDArray[np.float64]
Steps = NDArray[np.int64]
History = dict[str, Samples]
"""Values of a series, by its name with labels, at every step."""


@dataclass(frozen=True)
class PlatformModel:
    """What one platform is like; `within` is the share that it answers within a day."""

    name: str
    filings_per_day: float
    share_within_limit: float
    median_hours: float
    weekend: float
    batch: bool
    anomaly_share: float


def random_platform(number: int, rng: np.random.Generator) -> PlatformModel:
    """Return the habits of a platform: every fifth is a batch exporter, sizes lie between five and a thousand a day."""
    return PlatformModel(
        name=f"platform-{number:02}",
        filings_per_day=float(np.exp(rng.uniform(np.log(5), np.log(1000)))),
        share_within_limit=float(rng.uniform(0.93, 0.99)),
        median_hours=float(rng.uniform(0.5, 6)),
        weekend=float(rng.uniform(0.4, 1)),
        batch=number % 5 == 4,
        anomaly_share=float(rng.uniform(0, 0.004)),
    )


def platform_history(
    who: PlatformModel, weeks: int, rng: np.random.Generator, imported: int = 0
) -> tuple[History, History]:
    """Return what is told of a platform at every step, and of its cohorts at every `COHORT_STEPS`th.

    `imported` reports of the year before arrive within an hour in the middle: old deadlines, counted as late.
    """
    steps = weeks * WEEK
    filed = np.repeat(np.arange(steps), rng.poisson(_rates(who, steps, rng)))
    seen = _publication_times(who, filed)
    history = _counter_series(who, seen, imported, steps, rng)
    cohorts: History = {}
    for clock in STANDARD_CLOCK_IDS:
        stopped = filed + _durations(who, len(filed), rng)
        history |= _deadlines(who, clock, filed, stopped, steps)
        cohorts |= _cohort_shares(who, clock, filed, stopped, steps)
        if clock == "time_to_action":
            history |= _objective_series(who, clock, filed, stopped, steps)
            closed = _publication_times(who, stopped)
            history[f'platform:safeclock_open_reports:max{{platform="{who.name}"}}'] = _open_reports(
                seen, closed, steps
            )
    return history, cohorts | _cohort_sizes(who, filed, steps)


def _rates(who: PlatformModel, steps: int, rng: np.random.Generator) -> Samples:
    """Return how many filings are expected in every step: nights, weekends, slow growth, bursts of some hours."""
    at = np.arange(steps)
    night = 1 + 0.7 * np.sin(2 * np.pi * (at % DAY) / DAY - np.pi / 2)
    weekend = np.where((at // DAY) % 7 >= 5, who.weekend, 1.0)
    rates = who.filings_per_day / DAY * night * weekend * (1 + 0.2 * np.sin(at / steps * 2 * np.pi))
    for start in np.flatnonzero(rng.random(steps) < 1 / (3 * WEEK)):
        rates[start : start + rng.integers(8, 24)] *= rng.uniform(2, 5)
    return rates


def _durations(who: PlatformModel, count: int, rng: np.random.Generator) -> Steps:
    """Return how long clocks run: log-normal within a day, and for the rest of them one to ten days."""
    body = np.minimum(np.exp(rng.normal(np.log(who.median_hours * 4), 0.8, count)), DAY - 1)
    tail = DAY * (1 + 9 * rng.random(count) ** 2)
    return np.where(rng.random(count) < who.share_within_limit, body, tail).astype(np.int64)


def _publication_times(who: PlatformModel, at: Steps) -> Steps:
    """Return when it is told: at once, or at two in the night that follows."""
    return ((at - 8) // DAY + 1) * DAY + 8 if who.batch else at


def _total(at: Steps, steps: int) -> Samples:
    return np.cumsum(np.bincount(at[at < steps], minlength=steps)[:steps]).astype(np.float64)


def _open_reports(seen: Steps, closed: Steps, steps: int) -> Samples:
    return _total(seen, steps) - _total(np.maximum(seen, closed), steps)


def _counter_series(who: PlatformModel, seen: Steps, imported: int, steps: int, rng: np.random.Generator) -> History:
    at = f'{{platform="{who.name}"}}'
    old = np.repeat(np.arange(steps // 2, steps // 2 + 4), imported // 4)
    filed = _total(np.concatenate([seen, old]), steps)
    now = np.arange(steps) * STEP_SECONDS
    odd = {name: _total(seen[rng.random(len(seen)) < share], steps) for name, share in _anomaly_metrics(who).items()}
    nightly = (np.arange(steps) - 8) // DAY * DAY + 8
    return {
        f"platform:safeclock_reports_filed:max{at}": filed,
        f"platform:safeclock_actions:max{at}": filed * 2,
        **{f"platform:safeclock_{name}:max{at}": values for name, values in odd.items()},
        f"platform:safeclock_heartbeat_gaps:max{at}": np.cumsum(rng.poisson(0.1 / DAY, steps)).astype(np.float64),
        f"safeclock_orphans_waiting{at}": rng.poisson(len(seen) / steps / 20, steps).astype(np.float64),
        f"safeclock_cadence_seconds{at}": np.full(steps, 86_400.0 if who.batch else 300.0),
        f"safeclock_complete_through_timestamp_seconds{at}": nightly * float(STEP_SECONDS)
        if who.batch
        else now - 300.0,
    }


def _anomaly_metrics(who: PlatformModel) -> dict[str, float]:
    return {
        "events_refused": who.anomaly_share,
        "events_skewed": who.anomaly_share / 2,
        "events_conflicting": who.anomaly_share / 4,
    }


def _deadlines(who: PlatformModel, clock: str, filed: Steps, stopped: Steps, steps: int) -> History:
    """Return deadline outcomes: met when the stop is told, missed when the platform has said that the limit is past."""
    met = stopped - filed <= DAY
    outcome_times = _publication_times(who, np.where(met, stopped, filed + DAY + 1))
    at = f'platform="{who.name}",clock="{clock}"'
    nothing = np.zeros(steps)
    return {
        f"platform_clock:safeclock_deadline_reached:max{{{at}}}": _total(outcome_times, steps),
        f"platform_clock:safeclock_deadline_missed:max{{{at}}}": _total(outcome_times[~met], steps),
        f'platform_clock_counted:safeclock_deadline_corrected:max{{{at},counted="reached"}}': nothing,
        f'platform_clock_counted:safeclock_deadline_corrected:max{{{at},counted="missed"}}': nothing,
    }


def _objective_series(who: PlatformModel, clock: str, filed: Steps, stopped: Steps, steps: int) -> History:
    """Return how a rule that asks for 85 % within two days is kept by quarter, and which urgent reports are overdue."""
    at = f'platform="{who.name}",clock="{clock}"'
    late = stopped - filed > 2 * DAY
    seen, missed = (
        _total(_publication_times(who, filed), steps),
        _total(_publication_times(who, filed[late] + 2 * DAY + 1), steps),
    )
    begins = np.searchsorted(_QUARTERS, np.arange(steps), side="right") - 1
    filings = seen - np.concatenate([[0.0], seen])[_QUARTERS[begins]]
    misses = missed - _late_objective_counts(who, filed[late], steps, begins)
    left = np.floor(0.15 * filings) - misses
    grace = (DAY if who.batch else 1) + DAY
    urgent = filed[::5], stopped[::5]
    overdue = _total(urgent[0] + grace, steps) - _total(np.maximum(urgent[1], urgent[0] + grace), steps)
    return {
        f'safeclock_objective_reports{{{at},period="current"}}': filings,
        f"safeclock_objective_budget_reports{{{at}}}": left,
        f'safeclock_objective_met{{{at},period="current"}}': np.where(left < 0, 0.0, np.nan),
        f"safeclock_urgent_overdue_reports{{{at}}}": overdue,
        f'safeclock_clock_info{{clock="{clock}",statistic="share",reviewed="no",calendar="yes"}}': np.ones(steps),
    }


def _late_objective_counts(who: PlatformModel, late: Steps, steps: int, begins: Steps) -> Samples:
    """Return at every step the misses so far of reports that were filed before its quarter began."""
    carried = np.zeros(steps)
    for quarter, start in enumerate(_QUARTERS):
        former = late[late < start]
        in_quarter = begins == quarter
        carried[in_quarter] = _total(_publication_times(who, former + 2 * DAY + 1), steps)[in_quarter]
    return carried


def _weeks_back(steps: int, back: int, delay: int) -> tuple[Steps, Steps]:
    """Return first and last step of the cohort `back` weeks ago as known at every telling, `delay` steps late."""
    now = np.arange(0, steps, COHORT_STEPS)
    start = (now // WEEK - back) * WEEK
    end = np.minimum(start + WEEK, now - delay)
    return np.clip(start, 0, steps - 1), np.clip(end, 0, steps - 1)


def _cohort_shares(who: PlatformModel, clock: str, filed: Steps, stopped: Steps, steps: int) -> History:
    """Return Wilson's interval of the share within a day, of the reports that are a day old."""
    old = _total(filed, steps)
    fast = _total(filed[stopped - filed <= DAY], steps)
    history: History = {}
    for back in (0, 1, *range(5, 13)):
        start, end = _weeks_back(steps, back, DAY + (DAY if who.batch else 0))
        count = np.where(end > start, old[end] - old[start], 0)
        share = np.where(count > 0, (fast[end] - fast[start]) / np.maximum(count, 1), np.nan)
        at = f'platform="{who.name}",clock="{clock}",cohort="week-{back:02}",limit="24h"'
        for bound, values in _wilson(share, count).items():
            history[f'safeclock_cohort_within_ratio{{{at},bound="{bound}"}}'] = values
    return history


def _wilson(share: Samples, count: Samples) -> dict[str, Samples]:
    z = 1.96
    many = np.maximum(count, 1)
    middle = (share + z * z / (2 * many)) / (1 + z * z / many)
    half = z / (1 + z * z / many) * np.sqrt(share * (1 - share) / many + z * z / (4 * many * many))
    return {"estimate": share, "low": middle - half, "high": middle + half}


def _cohort_sizes(who: PlatformModel, filed: Steps, steps: int) -> History:
    total = _total(filed, steps)
    history: History = {}
    for back in (0, 1, *range(5, 13)):
        start, end = _weeks_back(steps, back, 0)
        at = f'platform="{who.name}",cohort="week-{back:02}"'
        history[f"safeclock_cohort_filed_reports{{{at}}}"] = np.where(end > start, total[end] - total[start], 0.0)
    return history

"""A healthy pipeline as its own metrics, every minute: deployments, crashes, nightly batches, a year imported.

NaN stands for a scrape that found nobody. Four partitions, two workers, one board.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STEP_SECONDS: Final = 60
DAY: Final = 1440
WEEK: Final = 7 * DAY
PARTITIONS: Final = 4
WORKERS: Final = ("w1", "w2")

Samples = NDArray[np.float64]
History = dict[str, Samples]


class _Uptime:
    """Who is down when, in minutes since the start."""

    def __init__(self, minutes: int, outage: int, rng: np.random.Generator) -> None:
        self.minutes = minutes
        self.down: dict[str, list[tuple[int, int]]] = {"board": [], "w1": [], "w2": []}
        for week in range(minutes // WEEK):
            # A deployment on Tuesday at ten, one process after the other; now and then a crash of one of them.
            start = week * WEEK + DAY + 600
            for late, name in enumerate(self.down):
                self.down[name].append((start + 5 * late, int(rng.integers(1, 3))))
            if rng.random() < 0.5:
                name = str(rng.choice([*self.down]))
                self.down[name].append((week * WEEK + int(rng.integers(3 * DAY, WEEK)), int(rng.integers(1, 5))))

        # On the first Monday at noon, both workers.
        self.down["w1"].append((720, outage))
        self.down["w2"].append((720, outage))

    def up(self, name: str) -> Samples:
        up = np.ones(self.minutes)
        for start, length in self.down[name]:
            up[start : start + length] = 0
        return up


def pipeline_history(weeks: int, seed: int, outage: int = 0) -> History:
    """Return every series that the operator's alerts ask for; for `outage` minutes there is no worker."""
    rng = np.random.default_rng(seed)
    machines = _Uptime(weeks * WEEK, outage, rng)
    up = {name: machines.up(name) for name in machines.down}
    away = _downtime(up)
    return (
        _target_series(up)
        | _board_series(up, away, _lag(away, weeks, rng))
        | _worker_series(machines, up, weeks, rng)
        | _monitoring_series(weeks * WEEK)
    )


def _target_series(up: dict[str, Samples]) -> History:
    job = {"board": "board", "w1": "worker", "w2": "worker"}
    targets = {f'up{{job="{job[name]}",instance="{name}"}}': values for name, values in up.items()}
    return targets | {'up{job="alertmanager",instance="am"}': np.ones_like(up["board"])}


def _downtime(up: dict[str, Samples]) -> Samples:
    """Return whether partitions go unserved: while a worker is away, and while they are restored."""
    down = 1 - np.minimum(up["w1"], up["w2"])
    return np.minimum(np.convolve(down, np.ones(4))[: len(down)], 1)


def _lag(away: Samples, weeks: int, rng: np.random.Generator) -> Samples:
    """Return by how many minutes the figures lag: while partitions go unserved, and for an import of a year ten."""
    minutes = np.arange(len(away))
    served = np.maximum.accumulate(np.where(away > 0, 0, minutes))
    lag = minutes - served + rng.random(len(away)) / 4
    start = weeks * WEEK // 2
    lag[start : start + 60] += np.concatenate([np.linspace(0, 10, 20), np.linspace(10, 0, 40)])
    return lag


def _board_series(up: dict[str, Samples], away: Samples, behind: Samples) -> History:
    here = np.where(up["board"] > 0, 1.0, np.nan)
    # A board that starts shows no figures before it has read everything: a minute more.
    read = np.where(np.convolve(1 - up["board"], np.ones(3))[: len(here)] > 0, np.nan, 1.0)
    now = np.arange(len(here)) * float(STEP_SECONDS)
    as_of = (now - behind * STEP_SECONDS) * read
    ready = 1 - away
    history = {
        "safeclock_as_of_timestamp_seconds": as_of,
        "safeclock_figures_timestamp_seconds": as_of - 60,
        "safeclock_input_timestamp_seconds": now * read,
        "safeclock_partitions_expected": PARTITIONS * here,
        'safeclock_events_refused_total{platform="platform-00",reason="internal"}': 0 * read,
    }
    for partition in range(PARTITIONS):
        waits = ready if partition % 2 else np.ones_like(ready)
        history[f'safeclock_partition_ready{{partition="{partition}"}}'] = waits * here * np.nan_to_num(read)
    return history


def _since_start(up: Samples, per_minute: float) -> Samples:
    """Return a counter that begins anew with its process, NaN while that is away."""
    minutes = np.arange(len(up))
    last = np.maximum.accumulate(np.where(up > 0, 0, minutes))
    return np.where(up > 0, (minutes - last) * per_minute, np.nan)


def _worker_series(machines: _Uptime, up: dict[str, Samples], weeks: int, rng: np.random.Generator) -> History:
    minutes = machines.minutes
    lag = np.maximum(0, 50_000 - 5_000 * ((np.arange(minutes) - 120) % DAY)) + 500 * rng.random(minutes)
    start = weeks * WEEK // 2
    lag[start : start + 80] += np.concatenate([np.linspace(0, 2e6, 20), np.linspace(2e6, 0, 60)])
    history: History = {}
    for number, name in enumerate(WORKERS):
        here = np.where(up[name] > 0, 1.0, np.nan)
        for partition in range(number, PARTITIONS, len(WORKERS)):
            at = f'instance="{name}",partition="{partition}"'
            history[f"safeclock_worker_commits_total{{{at}}}"] = _since_start(up[name], 300)
            history[f"safeclock_worker_lag_records{{{at}}}"] = lag * here
            history[f"safeclock_source_records_lost_total{{{at}}}"] = 0 * here
        other = up[WORKERS[1 - number]]
        moves = np.concatenate([[0], np.abs(np.diff(other))])
        history[f'safeclock_worker_rebalances_total{{instance="{name}"}}'] = (np.cumsum(moves) + 1) * here
    return history


def _monitoring_series(minutes: int) -> History:
    nothing = np.zeros(minutes)
    return {
        'prometheus_rule_evaluation_failures_total{rule_group="/etc/safeclock.yml;safeclock-alerts"}': nothing,
        'alertmanager_notification_requests_failed_total{integration="webhook"}': nothing,
        "prometheus_notifications_errors_total": nothing,
        "prometheus_notifications_dropped_total": nothing,
    }

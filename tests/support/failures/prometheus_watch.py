"""A chain that is made to fail, as Prometheus sees it: boards beside it, a poller, and a real Prometheus with alerts.

Everything in the rules takes so many times less time: see `tests.support.monitoring.scaled_rules`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dashboards.rules.alert import STALE_SECONDS
from dashboards.rules.alerts.all_alerts import ALERTS
from streams.contract.metrics.all_metrics import COHORT_STATISTICS, COUNTERS, GAUGES
from streams.domain.duration_bins import SECOND
from streams.edge.clock import wall_clock_ms
from tests.support.failures import expected_counters, source_truth
from tests.support.failures.failing_chain import FailingChain
from tests.support.failures.page_poller import PagePoller
from tests.support.monitoring.prometheus import Labels, Prometheus, prometheus_for_jobs
from tests.support.monitoring.scaled_rules import scale_rules
from tests.support.process.running_process import SafeclockProcess
from tests.support.waiting import wait_until

SPEED_UP: Final = 90
"""Figures are stale after ten seconds instead of fifteen minutes, a loss is over after forty seconds, not an hour."""

AS_OF_METRIC: Final = "safeclock_as_of_timestamp_seconds"
_INPUT: Final = "safeclock_input_timestamp_seconds"
_FIGURES: Final = "safeclock_figures_timestamp_seconds"
_REFRESH_MS: Final = "500"
_LINES_PER_BURST: Final = 20
_COUNTER_NAMES: Final = tuple(metric.name for metric in (*COUNTERS, *GAUGES, *COHORT_STATISTICS))


class PrometheusWatch:
    """What is seen of a chain: its boards' pages, and a Prometheus that scrapes boards and workers every second."""

    def __init__(self, chain: FailingChain, prometheus: Prometheus, boards: Sequence[SafeclockProcess]) -> None:
        self.prometheus = prometheus
        self.boards = list(boards)
        self._chain = chain

    def restart(self, place: int = 0) -> SafeclockProcess:
        """Start a board again where it was, as a supervisor does, and return it."""
        board = self.boards[place] = self._chain.start_board(self.boards[place].port, SAFECLOCK_REFRESH_MS=_REFRESH_MS)
        return board

    def as_of(self) -> float:
        """Return what the figures are as of, by the board that is the furthest back; 0 while one shows none."""
        return min(board.counter_total(AS_OF_METRIC) for board in self.boards)

    def wait_until_ready(self) -> dict[str, float]:
        """Return by partition whether it is ready, as Prometheus last saw it."""
        found = self.prometheus.query("max by (partition) (safeclock_partition_ready)")
        return {dict(labels)["partition"]: value for labels, value in found.items()}

    def wait_for_log_time(self, seconds: float) -> None:
        """Return when Prometheus has watched for so long."""
        since = self.prometheus.now()
        wait_until(lambda: self.prometheus.now() > since + seconds, "some time to pass", self._chain.logs)

    def wait_for_progress(self) -> None:
        """Return when figures of later than now are shown."""
        now = wall_clock_ms() / SECOND
        wait_until(lambda: self.as_of() > now, "figures of later", self._chain.logs)

    def assert_as_of_constant(self, seconds: float = 3.0) -> None:
        """Assert that figures which nobody measures stay as they are: none falls, none ages, none goes away."""
        board = self.boards[0]
        wait_until(lambda: self._is_idle(board), "the board to have shown all that was measured", self._chain.logs)
        before, as_of = exported_counters(board), self.as_of()
        self.wait_for_log_time(seconds)
        changes = [
            f"{name}: {value} after {before.get(name)}"
            for name, value in exported_counters(board).items() - before.items()
        ]
        assert (changes, before.keys() - exported_counters(board).keys()) == ([], set()), "\n".join(
            changes[:_LINES_PER_BURST]
        )
        assert (self.as_of(), self.prometheus.query(f"max({AS_OF_METRIC})")) == (as_of, {(): as_of})

    def assert_no_input(self, seconds: float = 3.0) -> None:
        """Assert that a board does not claim to know where its inputs end."""
        before = self.boards[0].counter_total(_INPUT)
        self.wait_for_log_time(seconds)
        assert (self.boards[0].counter_total(_INPUT), self.prometheus.query(f"max({_INPUT})")) == (before, {(): before})

    def _is_idle(self, board: SafeclockProcess) -> bool:
        """Return whether a board has nothing new to show for a second, figures computed anew included."""
        before = exported_counters(board)
        self.wait_for_log_time(1.0)
        return before == exported_counters(board) and board.counter_total(_FIGURES) == board.counter_total(AS_OF_METRIC)

    def firing_alerts(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return _names(self.prometheus.query('ALERTS{alertstate="firing"}'))

    def paged_since(self, instant: float) -> set[str]:
        """Return the names of the alerts that have woken the operator since then."""
        seconds = round(self.prometheus.now() - instant)
        pages = 'ALERTS{alertstate="firing",severity="page"}'
        return _names(self.prometheus.query(f"last_over_time({pages}[{seconds}s])"))

    def wait_until_firing(self, alert: str) -> None:
        """Return when an alert fires."""
        wait_until(lambda: alert in self.firing_alerts(), f"{alert} to fire", self._chain.logs)

    def wait_until_resolved(self, alert: str) -> None:
        """Return when an alert does not fire any more."""
        wait_until(lambda: alert not in self.firing_alerts(), f"{alert} to resolve", self._chain.logs)

    def assert_equals_source(self, source: source_truth.SourceRecords | None = None) -> None:
        """Assert that Prometheus saw every counter of every board grow by what the source topics hold; workers rest."""
        now = wall_clock_ms() / SECOND
        boards = f'count({_INPUT}{{job="board"}} > {now})'
        wait_until(lambda: self.prometheus.query(boards) == {(): len(self.boards)}, "boards to have read all")
        wanted = expected_counters.expected_increases(
            source or source_truth.read_sources(self._chain), self._chain.checkpoints()
        )
        for board in self.boards:
            found = expected_counters.observed_increases(self.prometheus, board.address)
            differences = expected_counters.differences(wanted, found)
            assert not differences, "\n".join(differences[:_LINES_PER_BURST])
        expected_counters.assert_recordings_never_decrease(self.prometheus)


def _names(alerts: Mapping[Labels, float]) -> set[str]:
    return {dict(labels)["alertname"] for labels in alerts}


def exported_counters(board: SafeclockProcess) -> Mapping[str, str]:
    """Return every product value that a board shows, by its series."""
    lines = board.get_page("/metrics").splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith(_COUNTER_NAMES))


@contextmanager
def prometheus_watch(chain: FailingChain, boards: int = 1) -> Iterator[PrometheusWatch]:
    """Start boards, a poller and Prometheus for the block; AssertionError at its end if a counter has ever fallen."""
    targets = {True: chain.folder / "boards.json", False: chain.folder / "workers.json"}

    def came(parts: Sequence[SafeclockProcess]) -> None:
        for is_board, file in targets.items():
            _write_targets(file, [part for part in parts if chain.is_board(part) is is_board])

    came([])
    rules = chain.folder / "rules.yml"
    rules.write_text(scale_rules(ALERTS, SPEED_UP, STALE_SECONDS / SPEED_UP), encoding="utf-8")
    jobs = [_scrape_job("board", targets[True]), _scrape_job("worker", targets[False])]
    started = [chain.start_board(SAFECLOCK_REFRESH_MS=_REFRESH_MS) for _ in range(boards)]
    with prometheus_for_jobs(jobs, rules) as prometheus, PagePoller(chain, came):
        # Prometheus scrapes the boards before the test publishes anything.
        wait_until(
            lambda: prometheus.query('count(up{job="board"} == 1)') == {(): boards}, "boards to be scraped", chain.logs
        )
        yield PrometheusWatch(chain, prometheus, started)


def _scrape_job(name: str, file: Path) -> Mapping[str, object]:
    return {"job_name": name, "file_sd_configs": [{"files": [str(file)], "refresh_interval": "1s"}]}


def _write_targets(file: Path, parts: Sequence[SafeclockProcess]) -> None:
    """Write where processes have their pages, at once: Prometheus may read at any moment."""
    made = file.with_suffix(".made")
    made.write_text(json.dumps([{"targets": sorted({part.address for part in parts})}]), encoding="utf-8")
    made.replace(file)

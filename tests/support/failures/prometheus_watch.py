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
from tests.support.failures.page_poller import Poller
from tests.support.monitoring.prometheus import Labels, Prometheus, prometheus_by
from tests.support.monitoring.scaled_rules import scaled_rules
from tests.support.process.chain import Part
from tests.support.waiting import until

TIMES: Final = 90
"""Figures are stale after ten seconds instead of fifteen minutes, a loss is over after forty seconds, not an hour."""

AS_OF: Final = "safeclock_as_of_timestamp_seconds"
_INPUT: Final = "safeclock_input_timestamp_seconds"
_FIGURES: Final = "safeclock_figures_timestamp_seconds"
_REFRESH_MS: Final = "500"
_LINES: Final = 20
_SHOWN: Final = tuple(metric.name for metric in (*COUNTERS, *GAUGES, *COHORT_STATISTICS))


class Watched:
    """What is seen of a chain: its boards' pages, and a Prometheus that scrapes boards and workers every second."""

    def __init__(self, chain: FailingChain, prometheus: Prometheus, boards: Sequence[Part]) -> None:
        self.prometheus = prometheus
        self.boards = list(boards)
        self._chain = chain

    def restart(self, place: int = 0) -> Part:
        """Start a board again where it was, as a supervisor does, and return it."""
        board = self.boards[place] = self._chain.board(self.boards[place].port, SAFECLOCK_REFRESH_MS=_REFRESH_MS)
        return board

    def as_of(self) -> float:
        """Return what the figures are as of, by the board that is the furthest back; 0 while one shows none."""
        return min(board.total(AS_OF) for board in self.boards)

    def ready(self) -> dict[str, float]:
        """Return by partition whether it is ready, as Prometheus last saw it."""
        found = self.prometheus.ask("max by (partition) (safeclock_partition_ready)")
        return {dict(labels)["partition"]: value for labels, value in found.items()}

    def passes(self, seconds: float) -> None:
        """Return when Prometheus has watched for so long."""
        since = self.prometheus.now()
        until(lambda: self.prometheus.now() > since + seconds, "some time to pass", self._chain.logs)

    def goes_on(self) -> None:
        """Return when figures of later than now are shown."""
        now = wall_clock_ms() / SECOND
        until(lambda: self.as_of() > now, "figures of later", self._chain.logs)

    def stands_still(self, seconds: float = 3.0) -> None:
        """Assert that figures which nobody measures stay as they are: none falls, none ages, none goes away."""
        board = self.boards[0]
        until(lambda: self._rests(board), "the board to have shown all that was measured", self._chain.logs)
        before, as_of = shown(board), self.as_of()
        self.passes(seconds)
        changes = [f"{name}: {value} after {before.get(name)}" for name, value in shown(board).items() - before.items()]
        assert (changes, before.keys() - shown(board).keys()) == ([], set()), "\n".join(changes[:_LINES])
        assert (self.as_of(), self.prometheus.ask(f"max({AS_OF})")) == (as_of, {(): as_of})

    def reads_nothing(self, seconds: float = 3.0) -> None:
        """Assert that a board does not claim to know where its inputs end."""
        before = self.boards[0].total(_INPUT)
        self.passes(seconds)
        assert (self.boards[0].total(_INPUT), self.prometheus.ask(f"max({_INPUT})")) == (before, {(): before})

    def _rests(self, board: Part) -> bool:
        """Return whether a board has nothing new to show for a second, figures computed anew included."""
        before = shown(board)
        self.passes(1.0)
        return before == shown(board) and board.total(_FIGURES) == board.total(AS_OF)

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return _names(self.prometheus.ask('ALERTS{alertstate="firing"}'))

    def paged_since(self, instant: float) -> set[str]:
        """Return the names of the alerts that have woken the operator since then."""
        seconds = round(self.prometheus.now() - instant)
        pages = 'ALERTS{alertstate="firing",severity="page"}'
        return _names(self.prometheus.ask(f"last_over_time({pages}[{seconds}s])"))

    def fires(self, alert: str) -> None:
        """Return when an alert fires."""
        until(lambda: alert in self.firing(), f"{alert} to fire", self._chain.logs)

    def resolves(self, alert: str) -> None:
        """Return when an alert does not fire any more."""
        until(lambda: alert not in self.firing(), f"{alert} to resolve", self._chain.logs)

    def agrees(self, source: source_truth.Told | None = None) -> None:
        """Assert that Prometheus saw every counter of every board grow by what the source topics hold; workers rest."""
        now = wall_clock_ms() / SECOND
        boards = f'count({_INPUT}{{job="board"}} > {now})'
        until(lambda: self.prometheus.ask(boards) == {(): len(self.boards)}, "boards to have read all")
        wanted = expected_counters.expected(source or source_truth.told(self._chain), self._chain.positions())
        for board in self.boards:
            found = expected_counters.seen(self.prometheus, board.address)
            differences = expected_counters.differences(wanted, found)
            assert not differences, "\n".join(differences[:_LINES])
        expected_counters.recorded_never_fall(self.prometheus)


def _names(alerts: Mapping[Labels, float]) -> set[str]:
    return {dict(labels)["alertname"] for labels in alerts}


def shown(board: Part) -> Mapping[str, str]:
    """Return every product value that a board shows, by its series."""
    lines = board.page("/metrics").splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith(_SHOWN))


@contextmanager
def watched(chain: FailingChain, boards: int = 1) -> Iterator[Watched]:
    """Start boards, a poller and Prometheus for the block; AssertionError at its end if a counter has ever fallen."""
    targets = {True: chain.folder / "boards.json", False: chain.folder / "workers.json"}

    def came(parts: Sequence[Part]) -> None:
        for is_board, file in targets.items():
            _write(file, [part for part in parts if chain.is_board(part) is is_board])

    came([])
    rules = chain.folder / "rules.yml"
    rules.write_text(scaled_rules(ALERTS, TIMES, STALE_SECONDS / TIMES), encoding="utf-8")
    jobs = [_job("board", targets[True]), _job("worker", targets[False])]
    started = [chain.board(SAFECLOCK_REFRESH_MS=_REFRESH_MS) for _ in range(boards)]
    with prometheus_by(jobs, rules) as prometheus, Poller(chain, came):
        # Whatever is told from now on, Prometheus was there first.
        until(lambda: prometheus.ask('count(up{job="board"} == 1)') == {(): boards}, "boards to be scraped", chain.logs)
        yield Watched(chain, prometheus, started)


def _job(name: str, file: Path) -> Mapping[str, object]:
    return {"job_name": name, "file_sd_configs": [{"files": [str(file)], "refresh_interval": "1s"}]}


def _write(file: Path, parts: Sequence[Part]) -> None:
    """Write where processes have their pages, at once: Prometheus may read at any moment."""
    made = file.with_suffix(".made")
    made.write_text(json.dumps([{"targets": sorted({part.address for part in parts})}]), encoding="utf-8")
    made.replace(file)

"""What is planted arrives at whom it concerns, in the time that the runbook promises, and ends when it ends.

Rules and routes run in quick motion (tests/support/monitoring/scaled_rules.py says what is divided).
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, time  # noqa: TID251 - the stand-ins tell instants near Prometheus' own clock

import pytest
from prometheus_client.metrics_core import Metric as Family
from typing_extensions import override

from dashboards.rules.alert import Audience
from dashboards.rules.alerts.all_alerts import ALERTS
from dashboards.rules.alerts.platforms import SILENT_CADENCES
from streams.contract.metrics.metric import LabelSource, Process
from tests.support.monitoring.durations import seconds
from tests.support.monitoring.prometheus import wait_for
from tests.system.monitoring.alert_delivery import AlertDelivery, alert_delivery
from tests.system.monitoring.board_stand_in import BoardStandIn, serve_metrics

PLATFORMS = ("harbor", "lantern", "meadow")
LABEL_VALUES = {LabelSource.REGISTRY: PLATFORMS, LabelSource.PARTITIONS: ("0", "1"), LabelSource.RELEASE: ("1",)}
ANALYST = tuple(alert for alert in ALERTS if alert.audience is Audience.ANALYST)
NOTIFIED_WITHIN_SECONDS = {alert.name: seconds(alert.notified_within) for alert in ALERTS}
SPEED_UP = 1440
"""A day in a minute."""

SLOW_SPEED_UP = 60
"""An hour in a minute: what a pipeline does within minutes is not to be hurried further."""

LATE_SECONDS = 5.0
"""What a scrape, an evaluation and a hand-over take here, which no factor divides."""


class ChangingBoard(BoardStandIn):
    """A board whose figures are of now while `fresh`; everybody is complete but the `silent`, the `slow` miss all."""

    def __init__(self) -> None:
        super().__init__(LABEL_VALUES)
        self.fresh = True
        self.silent: set[str] = set()
        self.slow: set[str] = set()
        self._verdicts = dict.fromkeys(PLATFORMS, (0, 0))

    @override
    def collect(self) -> Iterator[Family]:
        now = time()
        self.set("safeclock_partitions_expected", 2)
        for partition in LABEL_VALUES[LabelSource.PARTITIONS]:
            self.set("safeclock_partition_ready", float(self.fresh), partition=partition)
        if self.fresh:
            self.set("safeclock_as_of_timestamp_seconds", now)
            self.set("safeclock_figures_timestamp_seconds", now)
            self.set("safeclock_input_timestamp_seconds", now)
        for name in PLATFORMS:
            self._set_platform_series(name, now)
        yield from super().collect()

    def _set_platform_series(self, name: str, now: float) -> None:
        self.set("safeclock_cadence_seconds", 1, platform=name)
        if name not in self.silent:
            self.set("safeclock_complete_through_timestamp_seconds", now, platform=name)
        reached, missed = self._verdicts[name]
        self._verdicts[name] = reached + 10, missed + 10 * (name in self.slow)
        for kind, value in zip(("reached", "missed"), self._verdicts[name], strict=True):
            self.set(f"safeclock_deadline_{kind}_total", value, platform=name, clock="time_to_action", timing="live")


class ChangingWorker(BoardStandIn):
    """A worker that commits."""

    def __init__(self) -> None:
        super().__init__(LABEL_VALUES, Process.WORKER)

    @override
    def collect(self) -> Iterator[Family]:
        for partition in LABEL_VALUES[LabelSource.PARTITIONS]:
            self.set("safeclock_worker_commits_total", monotonic() * 100, partition=partition)
        yield from super().collect()


@contextmanager
def _delivery_for_board(board: ChangingBoard) -> Iterator[AlertDelivery]:
    """Run the analyst's alerts over a board, a day in a minute; figures are stale as late as ever."""
    with serve_metrics(board) as host, alert_delivery({"board": [host]}, ANALYST, SPEED_UP) as chain:
        yield chain


def _notified_alerts(chain: AlertDelivery, receivers: Iterable[str]) -> set[tuple[str, str]]:
    return {alert for notifications in chain.inbox.for_receiver(*receivers) for alert in notifications.alerts}


@pytest.mark.slow
def test_a_silent_platform_is_a_ticket_for_the_analyst_with_a_copy_for_the_platform() -> None:
    board = ChangingBoard()
    with _delivery_for_board(board) as chain:
        board.silent.add("harbor")
        begun = monotonic() + SILENT_CADENCES

        notification = chain.wait_for("analyst", "firing", "SafeclockPlatformSilent", "harbor")
        copy = chain.wait_for("platform", "firing", "SafeclockPlatformSilent", "harbor")

        assert (
            max(notification.at, copy.at) - begun
            < NOTIFIED_WITHIN_SECONDS["SafeclockPlatformSilent"] / SPEED_UP + LATE_SECONDS
        )
        assert _notified_alerts(chain, ("analyst", "platform")) == {("SafeclockPlatformSilent", "harbor")}
        assert not chain.inbox.for_receiver("operator", "operator-ticket", "unclaimed")


@pytest.mark.slow
def test_slowness_reaches_the_analyst_is_not_notified_of_the_silent_and_both_end() -> None:
    board = ChangingBoard()
    with _delivery_for_board(board) as chain:
        board.silent |= {"harbor", "meadow"}
        chain.wait_for("analyst", "firing", "SafeclockPlatformSilent", "meadow")
        begun = monotonic()
        board.slow |= {"lantern", "meadow"}

        slow = chain.wait_for("analyst", "firing", "SafeclockSlowResponseFast", "lantern")
        board.slow.remove("lantern")
        board.silent.remove("harbor")
        chain.wait_for("analyst", "resolved", "SafeclockPlatformSilent", "harbor")
        chain.wait_for("analyst", "resolved", "SafeclockSlowResponseFast", "lantern", within=180)

        assert slow.at - begun < NOTIFIED_WITHIN_SECONDS["SafeclockSlowResponseFast"] / SPEED_UP + LATE_SECONDS
        assert {name for name, platform in _notified_alerts(chain, ("analyst",)) if platform == "meadow"} == {
            "SafeclockPlatformSilent"
        }
        assert not chain.inbox.for_receiver("operator", "operator-ticket", "unclaimed")


@pytest.mark.slow
def test_a_dead_worker_and_all_that_follows_is_reported_once() -> None:
    board, stale = ChangingBoard(), 900 / SLOW_SPEED_UP
    with ExitStack() as stack, ExitStack() as alive:
        worker = alive.enter_context(serve_metrics(ChangingWorker()))
        targets = {"board": [stack.enter_context(serve_metrics(board))], "worker": [worker]}
        chain = stack.enter_context(alert_delivery(targets, ALERTS, SLOW_SPEED_UP, stale))
        begun = monotonic()
        alive.close()
        board.fresh = False

        notification = chain.wait_for("operator", "firing", "SafeclockJobDown")
        follow = "count(ALERTS{alertstate='firing',alertname=~'Safeclock(PartitionsNotReady|FiguresStale|TargetDown)'})"
        wait_for(lambda: 3.0 in chain.prometheus.query(follow).values(), "everything that follows", within=90)
        board.fresh = True
        port = int(worker.rpartition(":")[2])
        stack.enter_context(serve_metrics(ChangingWorker(), port))
        chain.wait_for("operator", "resolved", "SafeclockJobDown", within=90)

        assert notification.at - begun < NOTIFIED_WITHIN_SECONDS["SafeclockJobDown"] / SLOW_SPEED_UP + LATE_SECONDS
        operator_notifications = [
            (one.status, set(one.alerts)) for one in chain.inbox.for_receiver("operator", "operator-ticket")
        ]
        assert operator_notifications == [(state, {("SafeclockJobDown", "")}) for state in ("firing", "resolved")]
        assert not chain.inbox.for_receiver("analyst", "platform", "analyst-digest", "platform-digest", "unclaimed")

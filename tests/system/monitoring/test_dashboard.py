"""The committed dashboard on a real Prometheus that scrapes a stand-in with known values."""

from collections.abc import Iterator
from time import time  # noqa: TID251 - the stand-in tells instants near Prometheus' own clock

import pytest

from streams.contract.metrics.metric import STANDARD_CLOCK_IDS, LabelSource
from tests.support.monitoring.prometheus import PanelAnswer, prometheus_for_targets, query_dashboard
from tests.system.monitoring.board_stand_in import BoardStandIn, serve_metrics

PLATFORMS = ("cobalt", "harbor", "lantern", "meadow", "pebble")
LABEL_VALUES = {LabelSource.REGISTRY: PLATFORMS, LabelSource.PARTITIONS: ("0", "1"), LabelSource.RELEASE: ("1",)}
HOUR = 3600.0
Panels = dict[str, list[PanelAnswer]]


def _cohort(board: BoardStandIn, platform: str, cohort: str, filed: float, shares: tuple[float, float] | None) -> None:
    """Give a cohort a size and, where it is measurable, its shares acted on and decided within 24 hours."""
    board.set("safeclock_cohort_filed_reports", filed, platform=platform, cohort=cohort)
    if shares is None:
        return
    for clock, share in zip(("time_to_action", "time_to_decision"), shares, strict=True):
        at = {"platform": platform, "cohort": cohort, "clock": clock}
        board.set("safeclock_cohort_measurable", 1, **at)
        for bound, off in (("estimate", 0.0), ("low", -0.05), ("high", 0.05)):
            board.set("safeclock_cohort_within_ratio", share + off, **at, limit="24h", bound=bound)


def _not_reached(board: BoardStandIn, platform: str, clock: str, statistic: str) -> None:
    at = {"platform": platform, "cohort": "recent", "clock": clock, "statistic": statistic}
    board.set("safeclock_cohort_quantile_reached", 0, **at)


def _median(board: BoardStandIn, platform: str, clock: str, hours: float) -> None:
    at = {"platform": platform, "cohort": "recent", "clock": clock, "statistic": "median"}
    board.set("safeclock_cohort_quantile_reached", 1, **at)
    board.set("safeclock_cohort_quantile_seconds", hours * HOUR, **at, bound="estimate")


def _build_stand_in(now: float) -> BoardStandIn:
    """Return a board of five platforms: honest, half open, publishing on close, rejecting, and tiny."""
    board = BoardStandIn(LABEL_VALUES)
    for name in PLATFORMS:
        board.set("safeclock_platform_info", 1, platform=name, provider="nobody", jurisdictions="EU")
        board.set("safeclock_cadence_seconds", 300, platform=name)
        board.set("safeclock_complete_through_timestamp_seconds", now - 600, platform=name)
    _cohort(board, "harbor", "recent", 400, (0.25, 0.3))
    _cohort(board, "lantern", "recent", 300, (0.9, 0.95))
    _cohort(board, "meadow", "recent", 200, None)
    _cohort(board, "cobalt", "recent", 100, (0.1, 0.99))
    _cohort(board, "pebble", "recent", 19, (0.5, 0.5))
    for week, share in (("week-00", 0.8), ("week-01", 0.9)):
        _cohort(board, "lantern", week, 25, (share, 0.95))
    _cohort(board, "pebble", "week-01", 19, (0.5, 0.5))
    _median(board, "lantern", "time_to_action", 5)
    _median(board, "cobalt", "time_to_decision", 1)
    for statistic in ("median", "p90"):
        _not_reached(board, "harbor", "time_to_action", statistic)
    _not_reached(board, "harbor", "time_to_decision", "median")
    _not_reached(board, "cobalt", "time_to_action", "median")
    for name, hours in (("harbor", 2), ("lantern", 4.5), ("meadow", 0.5)):
        at = {"platform": name, "cohort": "recent", "clock": "time_to_action"}
        board.set("safeclock_cohort_closed_only_median_seconds", hours * HOUR, **at)
    return board


def _set_values(board: BoardStandIn, now: float) -> None:
    """Add what stands outside the cohorts: who waits, how fresh it is, what was odd."""
    board.set("safeclock_open_reports", 280, platform="harbor")
    board.set("safeclock_oldest_open_report_timestamp_seconds", now - 90 * HOUR, platform="harbor")
    board.set("safeclock_reports", 280, platform="harbor", state="open")
    board.set("safeclock_reports", 120, platform="harbor", state="restricted")
    board.set("safeclock_overdue_reports", 270, platform="harbor", clock="time_to_action")
    rule = {"platform": "harbor", "clock": "uk_review_share"}
    board.set("safeclock_overdue_reports", 9, **rule)
    board.set("safeclock_urgent_overdue_reports", 2, **rule)
    board.set("safeclock_due_soon_reports", 4, **rule)
    former = {"platform": "lantern", "clock": "uk_review_share"}
    for metric in ("overdue", "urgent_overdue", "due_soon"):
        board.set(f"safeclock_{metric}_reports", 5, **former)
    board.set("safeclock_objective_met", 0, **rule, period="current")
    board.set("safeclock_objective_met", 1, **rule, period="previous")
    board.set("safeclock_objective_budget_reports", -3, **rule)
    board.histograms["safeclock_clock_stopped_seconds", ("harbor", "time_to_action")] = [300, 301, 7200, 1e9]
    board.histograms["safeclock_clock_corrected_seconds", ("harbor", "time_to_action")] = [7200]
    board.set("safeclock_as_of_timestamp_seconds", now)
    board.set("safeclock_figures_timestamp_seconds", now - 30)
    board.set("safeclock_partitions_expected", 2)
    board.set("safeclock_partition_ready", 1, partition="0")
    board.set("safeclock_events_refused_total", 7, platform="harbor", reason="bad_time")
    board.set("safeclock_events_refused_total", 2, platform="unknown", reason="unknown_platform")
    board.set("safeclock_events_duplicate_total", 11, platform="lantern")
    board.set("safeclock_actions_total", 3, platform="lantern", outcome="reversed")
    for clock in STANDARD_CLOCK_IDS:
        board.set("safeclock_deadline_reached_total", 0, platform="harbor", clock=clock, timing="live")


@pytest.fixture(scope="module")
def panels() -> Iterator[Panels]:
    """The answers to every query by the title of their panel, once the rules have seen deadlines pass."""
    now = float(int(time()))
    board = _build_stand_in(now)
    _set_values(board, now)
    twin = _build_stand_in(now)
    _set_values(twin, now)
    twin.set("safeclock_figures_timestamp_seconds", now - 45)  # it stands still
    with (
        serve_metrics(board) as first,
        serve_metrics(twin) as second,
        prometheus_for_targets([first, second]) as prometheus,
    ):
        for stand_in in (board, twin):
            stand_in.set(
                "safeclock_deadline_reached_total", 40, platform="harbor", clock="time_to_action", timing="live"
            )
            stand_in.set(
                "safeclock_deadline_missed_total", 30, platform="harbor", clock="time_to_action", timing="live"
            )
            for metric in ("overdue", "urgent_overdue", "due_soon"):
                stand_in.set(f"safeclock_{metric}_reports", 0, platform="lantern", clock="uk_review_share")
        prometheus.wait_until_evaluated()
        found: Panels = {}
        for answer in query_dashboard(prometheus):
            found.setdefault(answer.panel, []).append(answer)
        yield found


def _single_value(panels: Panels, title: str) -> PanelAnswer:
    (answer,) = panels[title]
    return answer


def _table_row(panels: Panels, platform: str) -> list[float | None]:
    """Return a platform's row of the comparison, the columns in order."""
    return [
        answer.values_by("platform").get((platform,))
        for answer in panels["Closed-only median and median with open reports"]
    ]


def test_every_query_of_the_dashboard_finds_something(panels: Panels) -> None:
    empty = {title: found.expr for title, asked in panels.items() for found in asked if not found.values}

    assert not empty


def test_every_legend_and_column_names_labels_that_are_there(panels: Panels) -> None:
    for asked in panels.values():
        for answer in asked:
            labels = {word.strip("{}") for word in answer.legend.split() if word.startswith("{{")}
            assert all(labels <= dict(series).keys() for series in answer.values if labels and series), answer


def test_the_headline_shows_cohorts_with_open_reports_and_hides_small_ones(panels: Panels) -> None:
    acted = _single_value(panels, "Acted on within 24 h, by week of filing").values_by("platform", "cohort")
    decided = _single_value(panels, "Decided within 24 h, by week of filing").values_by("platform", "cohort")

    assert acted == {("lantern", "week-00"): 0.8, ("lantern", "week-01"): 0.9}
    assert decided == {("lantern", "week-00"): 0.95, ("lantern", "week-01"): 0.95}


def test_the_last_full_week_is_followed_over_time(panels: Panels) -> None:
    assert _single_value(panels, "Acted on within 24 h: last full week of filings, over time").values_by(
        "platform"
    ) == {("lantern",): 0.9}


def test_a_fast_published_median_is_beside_a_median_that_is_not_reached(panels: Panels) -> None:
    filed, published, honest, p90, share, low, high, decision, decided, waiting, oldest = _table_row(panels, "harbor")

    assert (filed, published, honest, p90) == (400, 2 * HOUR, -1, -1)
    assert (share, low, high) == pytest.approx((0.25, 0.2, 0.3))
    assert (decision, decided, waiting, oldest) == (-1, 0.3, 280, 90 * HOUR)


def test_what_is_neither_reached_nor_not_is_not_known(panels: Panels) -> None:
    _, _, median, p90, *_ = _table_row(panels, "lantern")

    assert (median, p90) == (5 * HOUR, -4)


def test_publishing_on_close_is_not_measurable_and_few_reports_are_no_rate(panels: Panels) -> None:
    meadow, pebble = _table_row(panels, "meadow"), _table_row(panels, "pebble")

    assert meadow[:9] == [200, 0.5 * HOUR, -2, -2, -2, -2, -2, -2, -2]
    assert pebble[:9] == [19, None, -3, -3, -3, -3, -3, -3, -3]


def test_rejecting_everything_is_a_fast_decision_and_no_action(panels: Panels) -> None:
    _, _, action, _, acted, _, _, decision, decided, *_ = _table_row(panels, "cobalt")

    assert (action, acted) == (-1, 0.1)
    assert (decision, decided) == (HOUR, 0.99)


def test_who_waits_is_counted_once_however_many_boards_tell_it(panels: Panels) -> None:
    assert _single_value(panels, "Open reports").values_by("platform")["harbor",] == 280
    assert _single_value(panels, "Oldest open report").values_by("platform") == {("harbor",): 90 * HOUR}
    assert _single_value(panels, "Overdue").values_by("platform", "clock")["harbor", "time_to_action"] == 270
    states = _single_value(panels, "Reports by state").values_by("platform", "state")
    assert (states["harbor", "open"], states["harbor", "restricted"], states["harbor", "expired"]) == (280, 120, 0)


def test_rules_are_shown_by_platform_and_clock(panels: Panels) -> None:
    shown = {
        "Objectives met: current period": 0,
        "Objectives met: previous period": 1,
        "Misses left": -3,
        "Overdue by clock": 9,
        "Urgent and overdue by clock": 2,
        "Due soon by clock": 4,
    }

    for title, value in shown.items():
        assert _single_value(panels, title).values_by("platform", "clock")["harbor", "uk_review_share"] == value, title


def test_what_is_no_longer_overdue_goes_down_to_zero_and_does_not_end_above_it(panels: Panels) -> None:
    for title in ("Overdue by clock", "Urgent and overdue by clock", "Due soon by clock"):
        shown = _single_value(panels, title).values_by("platform", "clock")
        assert shown["lantern", "uk_review_share"] == 0, title
        assert ("meadow", "time_to_action") not in shown


def test_reports_overdue_by_our_own_yardstick_are_shown_apart_from_those_of_rules(panels: Panels) -> None:
    assert ("harbor", "uk_review_share") not in _single_value(panels, "Overdue").values_by("platform", "clock")


def test_the_histogram_of_closed_reports_takes_corrections_back(panels: Panels) -> None:
    buckets = _single_value(panels, "Time to action: closed reports only").values_by("le")

    assert (buckets["300.0",], buckets["600.0",], buckets["7200.0",], buckets["+Inf",]) == (1, 2, 2, 3)
    assert set(_single_value(panels, "Time to decision: closed reports only").values.values()) == {0}


def test_missed_deadlines_are_those_that_fell_while_we_looked(panels: Panels) -> None:
    missed = _single_value(panels, "Deadlines missed").values_by("platform", "clock")

    assert missed == {("harbor", "time_to_action"): pytest.approx(0.75)}


def test_freshness_and_refusals_are_reported(panels: Panels) -> None:
    (age,) = _single_value(panels, "Age of the figures").values.values()

    assert 0 <= age < 600
    assert list(_single_value(panels, "Figures behind their inputs").values.values()) == [45]
    assert list(_single_value(panels, "Partitions not ready").values.values()) == [1]
    assert set(_single_value(panels, "Watermark age in cadences").values.values()) == {2}
    assert _single_value(panels, "Events refused").values_by("platform", "reason") == {
        ("harbor", "bad_time"): 7,
        ("unknown", "unknown_platform"): 2,
    }


def test_second_thoughts_are_counted_by_platform(panels: Panels) -> None:
    duplicates, *_, reversed_, orphans = panels["Unusual events"]

    assert duplicates.values_by("platform")["lantern",] == 11
    assert reversed_.values_by("platform")["lantern",] == 3
    assert set(orphans.values.values()) == {0}

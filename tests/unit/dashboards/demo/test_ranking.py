import io

import pytest
from rich.console import Console

from dashboards.board.samples import Samples
from dashboards.demo.ranking import rank_platforms, rank_values
from dashboards.demo.ranking_table import ranking_lines, ranking_table
from dashboards.demo.screen import open_screen
from dashboards.demo.truth_checks import TruthCheck
from streams.contract.outputs.formatting import CAVEAT

AS_OF = 1_000_000_000
ACTION, DECISION = "time_to_action", "time_to_decision"


def set_shares(platform: str, clock: str, share: float) -> dict[tuple[str, ...], float]:
    """Return a share within 24 hours with its interval, as a board exports it."""
    own = (platform, "recent", clock, "24h")
    return {(*own, "estimate"): share, (*own, "low"): share - 0.01, (*own, "high"): share + 0.01}


@pytest.fixture
def board_values() -> Samples:
    """Three platforms: one that closes few and fast, one that is honest, one that cannot be measured."""
    return {
        "safeclock_cohort_filed_reports": {(name, "recent"): 50.0 for name in ("harbor", "juniper", "meadow")},
        "safeclock_cohort_closed_only_median_seconds": {
            ("harbor", "recent", ACTION): 180.0,
            ("meadow", "recent", ACTION): 420.0,
            ("juniper", "recent", ACTION): 7_200.0,
            ("meadow", "recent", DECISION): 60.0,
        },
        "safeclock_cohort_measurable": {
            ("harbor", "recent", ACTION): 1.0,
            ("meadow", "recent", ACTION): 1.0,
            ("juniper", "recent", ACTION): 0.0,
        },
        "safeclock_cohort_within_ratio": {
            **set_shares("harbor", ACTION, 0.09),
            **set_shares("meadow", ACTION, 0.56),
            **set_shares("harbor", DECISION, 0.12),
            **set_shares("meadow", DECISION, 0.9),
        },
        "safeclock_cohort_quantile_seconds": {
            ("meadow", "recent", ACTION, "median", "estimate"): 18_000.0,
            ("meadow", "recent", ACTION, "median", "low"): 14_400.0,
            ("meadow", "recent", ACTION, "median", "high"): 21_600.0,
        },
        "safeclock_cohort_quantile_reached": {
            ("meadow", "recent", ACTION, "median"): 1.0,
            ("harbor", "recent", ACTION, "median"): 0.0,
        },
        "safeclock_open_reports": {("harbor",): 1_424.0, ("meadow",): 3.0, ("juniper",): 0.0},
        "safeclock_oldest_open_report_timestamp_seconds": {("harbor",): AS_OF / 1000 - 86_400},
    }


def test_a_platform_has_one_rank_as_it_is_published_and_another_with_those_who_wait(board_values: Samples) -> None:
    harbor, juniper, meadow = rank_platforms(board_values, ["harbor", "juniper", "meadow"])

    assert (harbor.closed_only_rank, harbor.acted_rank) == (1, 2)
    assert (meadow.closed_only_rank, meadow.acted_rank) == (2, 1)
    assert (juniper.closed_only_rank, juniper.acted_rank, juniper.is_measurable) == (3, None, False)


def test_a_metric_without_series_is_no_error(board_values: Samples) -> None:
    del board_values["safeclock_oldest_open_report_timestamp_seconds"]

    assert [one.oldest_open for one in rank_platforms(board_values, ["meadow"])] == [None]


def test_equal_figures_share_a_rank_and_none_has_none() -> None:
    assert rank_values({"a": 2.0, "b": 1.0, "c": 2.0, "d": None}) == {"a": 2, "b": 1, "c": 2}


def test_a_median_of_which_nobody_knows_whether_it_is_reached_is_not_known(board_values: Samples) -> None:
    del board_values["safeclock_cohort_quantile_reached"]["harbor", "recent", ACTION, "median"]

    _, harbor = ranking_lines(rank_platforms(board_values, ["harbor"]), AS_OF)

    assert "median not known, acted on" in harbor


def test_the_caveat_is_beside_the_first_figure(board_values: Samples) -> None:
    found = rank_platforms(board_values, ["harbor", "meadow"])

    first, harbor, meadow = ranking_lines(found, AS_OF)

    assert first == CAVEAT
    assert harbor == (
        "harbor: closed-only median 3.0 min (1st); with 1,424 open, oldest 1.0 d: median not reached, "
        "acted on within 24 h 9.0% (8.0% to 10.0%) (2nd), decided 12.0% (11.0% to 13.0%)"
    )
    assert "median 5.0 h (4.0 h to 6.0 h)" in meadow


def test_figures_with_a_reason_to_be_greyed_are_greyed_and_say_why(board_values: Samples) -> None:
    console = Console(file=io.StringIO(), width=200)

    shown = ranking_table(
        rank_platforms(board_values, ["harbor"]), AS_OF, ["partition 3: no status for more than 60 s"]
    )
    console.print(shown)

    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert shown.style == "dim"
    assert CAVEAT in text
    assert "partition 3: no status for more than 60 s" in text


def test_without_a_terminal_a_line_is_said_once(board_values: Samples) -> None:
    out = io.StringIO()
    found = rank_platforms(board_values, ["harbor"])

    with open_screen(Console(file=out, width=80)) as screen:
        screen.show_status("history: 1 %")
        screen.show_status("history: 1 %")
        screen.show_ranking(found, AS_OF, [])
        screen.show_ranking(found, AS_OF, [])
        screen.show_checks([TruthCheck("harbor", "acknowledges_only", "Harbor: 1st.", is_confirmed=True)])

    said = out.getvalue().splitlines()
    assert said.count("history: 1 %") == 1
    assert said.count(CAVEAT) == 2
    assert said[-1] == "✓ Harbor: 1st."


def test_on_a_terminal_the_table_the_progress_and_the_verdicts_stay(board_values: Samples) -> None:
    out = io.StringIO()

    with open_screen(Console(file=out, width=160, force_terminal=True)) as screen:
        screen.show_status("history done")
        screen.show_ranking(rank_platforms(board_values, ["harbor"]), AS_OF, [])
        screen.show_checks([TruthCheck("harbor", "acknowledges_only", "Harbor: 9th.", is_confirmed=False)])

    text = out.getvalue()
    assert "history done" in text
    assert "harbor" in text
    assert "✗ Harbor: 9th." in text

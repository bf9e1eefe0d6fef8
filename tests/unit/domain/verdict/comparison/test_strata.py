"""Which strata are compared: those that are too small are merged, then left out."""

from collections import Counter
from collections.abc import Iterable

from streams.domain.clocks.endings import STOPPED
from streams.domain.duration_bins import HOUR
from streams.domain.survival import FROM_START, OPEN
from streams.domain.verdict.comparison.estimand import Estimand, Kind
from streams.domain.verdict.comparison.filed_weeks import Stratum, Weeks
from streams.domain.verdict.comparison.strata import common_strata

MEAN = Estimand(Kind.MEAN_WAIT, 48 * HOUR)
GROOMING, BULLYING, SEXTORTION = (Stratum(harm, "in_app") for harm in ("grooming", "bullying", "sextortion"))
BY_POST = Stratum("grooming", "email")
SAME_CHANNEL, ALL = Stratum("*", "in_app"), Stratum("*", "*")


def weeks(count: int, reports: int, exit_bin: int = 60, ending: int = STOPPED) -> Weeks:
    return {week: Counter({(FROM_START, exit_bin, ending): reports}) for week in range(count)}


def names(baseline: dict[Stratum, Weeks], current: dict[Stratum, Weeks]) -> set[Stratum]:
    return set(common_strata((baseline, current), MEAN))


def both(strata: Iterable[tuple[Stratum, Weeks]]) -> set[Stratum]:
    held = dict(strata)
    return names(held, held)


def test_a_stratum_needs_twenty_reports_and_five_weeks_in_both_windows() -> None:
    assert both([(GROOMING, weeks(5, 4))]) == {GROOMING}
    assert both([(GROOMING, weeks(5, 3))]) == set()
    assert both([(GROOMING, weeks(4, 90))]) == set()
    assert names({GROOMING: weeks(5, 9)}, {GROOMING: weeks(5, 3)}) == set()


def test_small_strata_of_a_channel_are_merged_and_large_ones_stay() -> None:
    assert both([(GROOMING, weeks(9, 9)), (BULLYING, weeks(9, 2)), (SEXTORTION, weeks(9, 1))]) == {
        GROOMING,
        SAME_CHANNEL,
    }


def test_what_is_too_small_for_its_channel_is_merged_across_channels() -> None:
    assert both([(GROOMING, weeks(9, 2)), (BY_POST, weeks(9, 1))]) == {ALL}


def test_a_stratum_that_one_window_lacks_is_merged() -> None:
    large = weeks(9, 9)

    assert names({GROOMING: large, BULLYING: large}, {GROOMING: large}) == {GROOMING}
    assert names({GROOMING: large}, {BULLYING: large}) == {SAME_CHANNEL}


def test_a_stratum_whose_figure_is_not_known_without_one_of_its_weeks_is_not_compared() -> None:
    young = weeks(5, 5, exit_bin=60, ending=OPEN)
    old = {5: Counter({(FROM_START, 60, STOPPED): 5, (FROM_START, 400, OPEN): 1})}

    assert both([(GROOMING, {**young, **old})]) == set()

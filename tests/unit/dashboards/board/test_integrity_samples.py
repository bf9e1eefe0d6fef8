from dashboards.board.metrics.integrity import CHECK_FAILED, CHECK_RATIO, daily_counts, integrity_samples
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import parse_key
from tests.support.simulation.board_measures import (
    ALL_PARTITIONS,
    apply_updates,
    board_at,
    demo_registry,
    simulated_measures,
)


def test_planted_tricks_show_on_the_board() -> None:
    board = apply_updates(board_at(simulated_measures().as_of), simulated_measures().updates)

    shown = board.snapshot.values[CHECK_FAILED]

    by_name = {words for words, value in shown.items() if value}
    assert ("harbor", "acknowledged_only") in by_name
    assert ("pebble", "instant_no_violation") in by_name
    assert not [words for words in by_name if words[0] in {"meadow", "lantern"}]
    assert by_name == {words for words, ratio in board.snapshot.values[CHECK_RATIO].items() if ratio > 1}


def test_what_is_added_up_on_the_way_is_what_the_last_cohorts_come_to() -> None:
    updates = simulated_measures().updates
    board = apply_updates(apply_updates(board_at(simulated_measures().as_of), updates[: len(updates) // 2]), updates)
    fresh = board.assess_freshness(ALL_PARTITIONS)

    days = daily_counts(demo_registry(), STANDARD_CLOCKS)
    for name, cohort in board.measures.cohorts():
        for stored, count in cohort.items():
            days.add(parse_key(name), stored, count)

    for platform in board.platforms:
        anew = integrity_samples(
            platform, days.check_input(platform, board.watermark(platform, fresh), is_declared_complete=True)
        )
        shown = {words: ratio for words, ratio in board.snapshot.values[CHECK_RATIO].items() if words[0] == platform}
        assert anew[CHECK_RATIO] == shown

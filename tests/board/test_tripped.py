from dashboards.board.tripped import RATIO, TRIPPED, days_of, tripped
from streams.domain.cohort import key_of
from streams.domain.standard import STANDARD
from tests.board.worked import EVERY, board_at, registry, told, worked


def test_planted_tricks_show_on_the_board() -> None:
    board = told(board_at(worked().as_of), worked().updates)

    shown = board.snapshot.values[TRIPPED]

    by_name = {words for words, value in shown.items() if value}
    assert ("harbor", "acknowledged_only") in by_name
    assert ("pebble", "instant_no_violation") in by_name
    assert not [words for words in by_name if words[0] in {"meadow", "lantern"}]
    assert by_name == {words for words, ratio in board.snapshot.values[RATIO].items() if ratio > 1}


def test_what_is_added_up_on_the_way_is_what_the_last_cohorts_come_to() -> None:
    updates = worked().updates
    board = told(told(board_at(worked().as_of), updates[: len(updates) // 2]), updates)
    fresh = board.freshness(EVERY)

    days = days_of(registry(), STANDARD)
    for name, cohort in board.sums.cohorts():
        for stored, count in cohort.items():
            days.change(key_of(name), stored, count)

    for platform in board.platforms:
        anew = tripped(platform, days.recent(platform, board.through(platform, fresh), promised=True))
        shown = {words: ratio for words, ratio in board.snapshot.values[RATIO].items() if words[0] == platform}
        assert anew[RATIO] == shown

"""The page is what prometheus_client writes of the same snapshot, to the byte, whatever was written before."""

import math
import random

import pytest
from prometheus_client.exposition import generate_latest

from dashboards.board.exposition import CachedExposition
from dashboards.board.samples import HistogramValue, LabelledValues, LabelValues
from dashboards.board.snapshot import Snapshot, SnapshotCollector
from streams.domain.ledger.counters import DURATION_BUCKETS
from tests.support.simulation.board_measures import apply_updates, board_at, simulated_measures

STOPPED = "safeclock_clock_stopped_seconds"
NUMBERS = (0, 1, -1, -0.0, 0.1, 1e-7, 999_999.5, 1_000_000, 123_456_789.25, 1e16, 1e300, math.inf, -math.inf, math.nan)


def reference_text(snapshot: Snapshot) -> str:
    """Return what prometheus_client writes by itself."""
    return generate_latest(SnapshotCollector(lambda: snapshot)).decode()


def test_a_page_of_a_whole_board_is_the_library_s_at_every_stage_of_its_reading() -> None:
    board, text = board_at(simulated_measures().as_of), CachedExposition()
    pages = []

    updates = simulated_measures().updates
    for stage in (updates[:0], updates[: len(updates) // 2], updates[len(updates) // 2 :]):
        apply_updates(board, stage)
        pages.append((text.render(board.snapshot).decode(), reference_text(board.snapshot)))

    assert [page for page, _ in pages] == [expected for _, expected in pages]
    assert len({len(page) for page, _ in pages}) == len(pages)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_written_as_the_library_writes_it(number: float) -> None:
    text = CachedExposition()
    before = Snapshot({"safeclock_heartbeats_total": {("harbor",): 5}, "safeclock_reports": {("harbor", "open"): 5}})
    after = Snapshot({name: dict.fromkeys(series, number) for name, series in before.values.items()})

    text.render(before)

    assert text.render(after).decode() == reference_text(after)


def test_a_label_may_hold_anything() -> None:
    text = CachedExposition()
    words = ('a "quoted" \\ name', "two\nlines\u2028\x85", "100 %s of %(it)s {braces} \t ")
    snapshots = [Snapshot({"safeclock_platform_info": {words: number}}) for number in (1.0, 2.0)]

    assert [text.render(one).decode() for one in snapshots] == [reference_text(one) for one in snapshots]


def test_series_come_and_go_and_change_their_order() -> None:
    text, numbers = CachedExposition(), random.Random(5)
    platforms = [(f"platform-{number}", "time_to_action") for number in range(9)]
    buckets = len(DURATION_BUCKETS) + 1

    for _ in range(50):
        some = numbers.sample(platforms, numbers.randrange(len(platforms)))
        readings: dict[LabelValues, HistogramValue] = {
            words: HistogramValue(tuple(numbers.choices(range(99), k=buckets)), numbers.randrange(10**9))
            for words in some
        }
        open_reports: LabelledValues = {words[:1]: numbers.random() for words in some}
        snapshot = Snapshot({"safeclock_open_reports": open_reports}, {STOPPED: readings})

        assert text.render(snapshot).decode() == reference_text(snapshot)

"""The key to a history: JSON, and plain sorting."""

from json import dumps, loads

from producers.simulation.ground_truth import ground_truth
from producers.simulation.model.config import SimulationConfig
from producers.simulation.true_statistics import TrueReport, clock_truths, rank_with_missing_last
from streams.domain.duration_bins import DAY, HOUR

PLAN = SimulationConfig(seed=2, weeks=1, reports=300)


def test_the_key_is_json_and_names_every_platform() -> None:
    key = ground_truth(PLAN)

    read = loads(dumps(key))

    assert read == key
    assert read["schema"] == "safeclock.truth/1"
    assert sum(platform["filed"] for platform in read["platforms"].values()) == read["filed"]
    assert len({platform["truth"] for platform in read["platforms"].values()}) == 8


def true_report(at: int, acted_at: int | None) -> TrueReport:
    return TrueReport(at, at, acted_at, None, acted_at, acted_at)


def test_a_median_counts_reports_that_are_never_acted_on() -> None:
    cases = [
        true_report(0, HOUR),
        true_report(0, 3 * HOUR),
        true_report(0, None),
        true_report(0, None),
        true_report(0, None),
    ]

    answer = clock_truths(cases, until_ms=DAY)["time_to_action"]

    assert answer["median_seconds"] is None
    assert answer["closed_only_median_seconds"] == 7200
    assert answer["share_within_24h"] == 0.4


def test_a_closed_only_median_leaves_out_what_stops_later() -> None:
    cases = [true_report(0, HOUR), true_report(0, 3 * HOUR)]

    answer = clock_truths(cases, until_ms=2 * HOUR)["time_to_action"]

    assert answer["closed_only_median_seconds"] == 3600
    assert answer["median_seconds"] == 3600


def test_platforms_without_a_figure_share_the_last_rank() -> None:
    figures: dict[str, float | int | None] = {"a": 3.0, "b": None, "c": 1.0, "d": None}

    assert rank_with_missing_last(figures, smallest_first=True) == {"a": 2, "b": 3, "c": 1, "d": 3}

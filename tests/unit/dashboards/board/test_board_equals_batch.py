import random
from collections import Counter
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.board.board import Board, NotReadyError
from dashboards.board.snapshot import SnapshotCollector
from streams.contract.metrics.all_metrics import METRICS, VERDICTS
from streams.contract.metrics.metric import (
    COHORT_LIMITS,
    PERIODS,
    RECENT_COHORT,
    STANDARD_CLOCK_IDS,
    TIMINGS,
    LabelSource,
    MetricKind,
    Process,
    label_sets,
)
from streams.contract.outputs.measures import STATUS_KEY
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.objectives import DayRange, Statistic, evaluate_objective, period_ranges
from streams.domain.cohorts.statistics import clock_statistics
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.ledger import counters
from streams.domain.ledger.platform_state import TOPIC_ROLES
from tests.support.monitoring.exposition import exposition
from tests.support.simulation.board_measures import (
    ALL_PARTITIONS,
    PARTITIONS,
    RULEBOOK,
    apply_updates,
    board_at,
    demo_registry,
    partition_status,
    simulated_measures,
)


@pytest.fixture(scope="module")
def board() -> Board:
    """A board that has read the whole history."""
    return apply_updates(board_at(simulated_measures().as_of), simulated_measures().updates)


def cadence_of(platform: str) -> int:
    """Return how often a platform of the demo promises to be heard, in milliseconds."""
    return demo_registry().platforms[platform].cadence_ms


def test_the_worker_s_path_and_the_batch_path_write_the_same_document(board: Board) -> None:
    fresh = board.assess_freshness(ALL_PARTITIONS)

    assert board.measure_report(["platform"], fresh) == simulated_measures().document
    assert board.measure_report(["platform", "harm", "channel"], fresh) == simulated_measures().by_harm_and_channel


def test_every_metric_of_a_cohort_says_what_the_batch_document_says(board: Board) -> None:
    values: Any = board.snapshot.values
    groups: Any = simulated_measures().document["groups"]

    for group in groups:
        platform = group["platform"]
        assert values["safeclock_cohort_filed_reports"][platform, RECENT_COHORT] == group["filed"]
        shown = {state: count for (name, state), count in values["safeclock_reports"].items() if name == platform}
        assert {state: count for state, count in shown.items() if count} == group["states"]
        for clock in STANDARD_CLOCK_IDS:
            figures = group["clocks"][clock]
            within = values["safeclock_cohort_within_ratio"]
            for word, limit in COHORT_LIMITS.items():
                expected = figures["within"][str(limit // SECOND)]["share"]
                assert within.get((platform, RECENT_COHORT, clock, word, "estimate")) == expected
            for bound, part in (("estimate", "value"), ("low", "low"), ("high", "high")):
                quantile = figures["median_seconds"]
                expected = quantile[part] if quantile["value"] is not None else None
                shown_quantile = values["safeclock_cohort_quantile_seconds"]
                assert shown_quantile.get((platform, RECENT_COHORT, clock, "median", bound)) == expected
            shown_reached = values["safeclock_cohort_quantile_reached"].get((platform, RECENT_COHORT, clock, "median"))
            assert shown_reached == figures["median_seconds"]["reached"]
            published = values["safeclock_cohort_closed_only_median_seconds"].get((platform, RECENT_COHORT, clock))
            assert published == figures["closed_only_median_seconds"]


def test_what_is_counted_less_what_was_taken_back_is_what_holds(board: Board) -> None:
    values, histograms = board.snapshot.values, board.snapshot.histograms
    groups: Any = simulated_measures().document["groups"]

    for group in groups:
        own = (group["platform"],)
        filed = values["safeclock_reports_filed_total"][own] - values["safeclock_reports_unfiled_total"][own]
        assert filed == group["filed"]
        for clock in STANDARD_CLOCK_IDS:
            stopped = sum(histograms["safeclock_clock_stopped_seconds"][*own, clock].counts)
            corrected = sum(histograms["safeclock_clock_corrected_seconds"][*own, clock].counts)
            assert stopped - corrected == group["clocks"][clock]["events"]


def test_the_story_has_reports_under_clocks_of_packs_of_every_kind() -> None:
    groups: Any = simulated_measures().document["groups"]
    running = {clock for group in groups for clock, figures in group["clocks"].items() if figures["n"]}

    assert running >= {"uk_review_mean", "uk_review_share", "uk_intimate_images", "eu_trusted_flagger"}
    assert running >= {"hotline_takedown", "net_of_queueing"}


def test_misses_of_every_clock_less_what_was_taken_back_are_what_the_batch_path_finds(board: Board) -> None:
    values = board.snapshot.values
    groups: Any = simulated_measures().document["groups"]
    fresh = board.assess_freshness(ALL_PARTITIONS)
    each = [rule.clock.id for rule in RULEBOOK.rules if rule.target and rule.target.statistic is Statistic.EACH]

    for group in groups:
        # The deadlines of a silent platform pass nevertheless, its reports are no older than it said.
        heard = board.watermark(group["platform"], fresh) >= simulated_measures().as_of - 2 * cadence_of(
            group["platform"]
        )
        for clock in each:
            own = (group["platform"], clock)
            missed = sum(values["safeclock_deadline_missed_total"][*own, timing] for timing in TIMINGS)
            back = sum(values["safeclock_deadline_corrected_total"][*own, timing, "missed"] for timing in TIMINGS)
            found = -group["clocks"][clock]["objective"]["misses_left"]
            assert missed - back == found if heard else missed - back >= found, own


@pytest.mark.parametrize("word", PERIODS)
def test_every_rule_is_judged_by_the_filings_of_its_period(board: Board, word: str) -> None:
    values, as_of = board.snapshot.values, simulated_measures().as_of
    days: Any = simulated_measures().by_day["groups"]

    for rule in [rule for rule in RULEBOOK.rules if rule.target is not None]:
        span = period_ranges(rule.period, as_of // DAY)[PERIODS.index(word)]
        filed: Counter[str] = Counter()
        for group in days:
            if span.first <= int(group["day"]) <= span.last:
                filed[group["platform"]] += group["clocks"][rule.clock.id]["objective"]["reports"]
        for platform in board.platforms:
            assert values["safeclock_objective_reports"][platform, rule.clock.id, word] == filed[platform]


@pytest.mark.parametrize("word", PERIODS)
def test_a_rule_is_judged_as_a_scan_of_the_cohorts_of_its_period_judges_it(board: Board, word: str) -> None:
    values, as_of = board.snapshot.values, simulated_measures().as_of
    fresh = board.assess_freshness(ALL_PARTITIONS)
    judged = set()

    for rule in RULEBOOK.rules:
        clock, target = rule.clock, rule.target
        span = period_ranges(rule.period, as_of // DAY)[PERIODS.index(word)]

        def inside(key: CohortKey, span: DayRange = span) -> tuple[str, ...]:
            return (key.platform, "in" if span.first <= key.day <= span.last else "out")

        for (platform, where), sample in board.cohort_samples(inside, fresh).items():
            if target is None or where == "out":
                continue
            figures = clock_statistics(sample, [clock])
            evaluation = evaluate_objective(figures, sample.merged_cells([clock]), sample.reports[clock.hash], target)
            own = (platform, clock.id, word)
            in_seconds = target.statistic in (Statistic.MEAN, Statistic.QUANTILE)
            shown = values[f"safeclock_objective_{'seconds' if in_seconds else 'ratio'}"]
            assert shown.get(own) == evaluation.value
            assert values["safeclock_objective_met"].get(own) == evaluation.met
            if word == PERIODS[0]:
                assert values["safeclock_objective_budget_reports"].get(own[:2]) == evaluation.misses_left
            judged.add(evaluation.met)

    assert judged == {True, False, None}


def test_a_clock_says_what_it_asks_and_that_nobody_answers_for_its_reading(board: Board) -> None:
    info = board.snapshot.values["safeclock_clock_info"]

    assert info["uk_review_share", "1", "share", "172800", "no", "yes", "children@1"] == 1
    assert info["hotline_takedown", "1", "each", "", "no", "yes", "children@1"] == 1
    assert info["time_to_action", "1", "each", "86400", "no", "yes", "standard@1"] == 1
    assert len(info) == len(RULEBOOK.rules)
    assert board.snapshot.values["safeclock_registry_info"] == {(demo_registry().hash,): 1}


def test_time_for_which_a_clock_was_paused_is_exported(board: Board) -> None:
    values = board.snapshot.values

    assert any(values["safeclock_clock_paused_seconds_total"].values())
    assert any(values["safeclock_paused_reports"].values())
    assert set(values["safeclock_paused_reports"]) == {(name, "net_of_queueing") for name in board.platforms}


def test_a_board_that_reads_only_the_last_values_shows_the_same() -> None:
    """As after a restart, when the topic has been compacted: a status is the last record of every commit."""
    last = {(partition, key): value for partition, key, value in simulated_measures().updates}
    compacted = [(partition, key, value) for (partition, key), value in last.items()]
    random.Random(5).shuffle(compacted)
    compacted.sort(key=lambda update: update[1] == STATUS_KEY)

    restarted = apply_updates(board_at(simulated_measures().as_of), tuple(compacted))

    assert (
        restarted.snapshot == apply_updates(board_at(simulated_measures().as_of), simulated_measures().updates).snapshot
    )


def test_computing_on_the_way_changes_nothing_in_the_end() -> None:
    board, updates = board_at(simulated_measures().as_of), simulated_measures().updates
    middle = len(updates) // 2

    apply_updates(board, updates[:middle])
    apply_updates(board, updates[middle:])

    assert board.snapshot == apply_updates(board_at(simulated_measures().as_of), updates).snapshot


def test_no_product_metric_before_every_partition_is_known() -> None:
    board = apply_updates(
        board_at(simulated_measures().as_of), tuple(update for update in simulated_measures().updates if update[0] != 3)
    )

    text = exposition(SnapshotCollector(lambda: board.snapshot))

    assert "safeclock_reports" not in text
    assert "safeclock_as_of_timestamp_seconds" not in text
    assert 'safeclock_partition_ready{partition="3"} 0.0' in text
    with pytest.raises(NotReadyError, match="partition 3: no worker has sent a status yet"):
        board.measure_report(["platform"], board.assess_freshness(ALL_PARTITIONS))


def test_no_counter_before_the_first_figures_have_been_computed() -> None:
    board = board_at(simulated_measures().as_of)
    for update in simulated_measures().updates:
        board.measures.apply_record(*update)

    board.refresh_snapshot(board.assess_freshness(range(PARTITIONS)), None)

    assert not [
        metric.name for metric in METRICS if metric.kind is MetricKind.COUNTER and metric.name in board.snapshot.values
    ]


def test_every_metric_of_the_catalogue_is_exported_and_no_other(board: Board) -> None:
    with_declarations = {metric.name for metric in VERDICTS}
    declared = {metric.name for metric in METRICS if metric.process is Process.BOARD} - with_declarations

    exported = {name: family for family in families(board) for name in (family.name, f"{family.name}_total")}

    assert declared <= set(exported)
    assert {family.name for family in exported.values()} <= declared | {
        name.removesuffix("_total") for name in declared
    }


def test_known_label_sets_are_zero_before_anything_happens() -> None:
    now = simulated_measures().as_of
    board = apply_updates(
        board_at(now), tuple((number, STATUS_KEY, partition_status(now, now)) for number in range(PARTITIONS))
    )
    listed = {
        LabelSource.REGISTRY: sorted(demo_registry().platforms),
        LabelSource.PARTITIONS: [str(n) for n in range(PARTITIONS)],
        LabelSource.PACK: [clock.id for clock in RULEBOOK.clocks],
        LabelSource.PACK_LIMITED: [clock.id for clock in RULEBOOK.clocks if clock.limit is not None],
        LabelSource.PACK_PAUSING: ["net_of_queueing"],
    }

    for metric in METRICS:
        if metric.process is Process.BOARD and metric.starts_at_zero:
            series = board.snapshot.histograms.get(metric.name) or board.snapshot.values[metric.name]
            assert set(label_sets(metric, listed)) <= set(series), metric.name


def test_what_names_no_registered_platform_is_under_one_name() -> None:
    stranger = apply_updates(
        board_at(simulated_measures().as_of),
        (*simulated_measures().updates, (0, b"n|", MessagePackCodec().pack({"refused|bad_value": 4}))),
    )

    assert stranger.snapshot.values["safeclock_events_refused_total"]["unknown", "bad_value"] == 4


def test_refusals_of_a_platform_that_has_left_are_not_exported_again_under_another_name() -> None:
    left = (0, b"n|nobody", MessagePackCodec().pack({"refused|too_old": 4, "refused|internal": 1}))

    board = apply_updates(board_at(simulated_measures().as_of), (*simulated_measures().updates, left))

    refused = board.snapshot.values["safeclock_events_refused_total"]
    assert (refused["unknown", "too_old"], refused["unknown", "internal"]) == (0, 0)
    assert "nobody" not in exposition(SnapshotCollector(lambda: board.snapshot))


def test_a_platform_that_was_not_complete_everywhere_has_no_shares_and_nobody_knows_what_is_overdue() -> None:
    lost = tuple(update for update in simulated_measures().updates if update[:2] != (2, b"n|meadow"))

    board = apply_updates(board_at(simulated_measures().as_of), lost)

    values = board.snapshot.values
    assert values["safeclock_cohort_measurable"]["meadow", RECENT_COHORT, "time_to_action"] == 0
    for metric in ("safeclock_cohort_within_ratio", "safeclock_cohort_quantile_reached"):
        assert not [words for words in values[metric] if words[0] == "meadow"]
    assert values["safeclock_cohort_filed_reports"]["meadow", RECENT_COHORT] > 0
    for metric in ("safeclock_objective_ratio", "safeclock_objective_seconds"):
        assert not [words for words in values[metric] if words[0] == "meadow"]
    assert 1 not in [met for words, met in values["safeclock_objective_met"].items() if words[0] == "meadow"]
    assert values["safeclock_objective_reports"]["meadow", "time_to_action", "current"] > 0
    for metric in ("safeclock_overdue_reports", "safeclock_due_soon_reports", "safeclock_urgent_overdue_reports"):
        assert {words[0] for words in values[metric]} == set(board.platforms) - {"meadow"}


def test_whoever_stops_promising_and_continues_publishing_is_measured_up_to_two_cadences_before_the_last_word() -> None:
    codec, long_ago = MessagePackCodec(), dict.fromkeys(map(counters.declared_watermark, TOPIC_ROLES), 1)
    updates = tuple(
        (number, key, codec.pack({**codec.unpack_counters(value), **long_ago}))
        if key == b"n|meadow" and value is not None
        else (number, key, value)
        for number, key, value in simulated_measures().updates
    )

    board = apply_updates(board_at(simulated_measures().as_of), updates)

    last = board.measures.platform_counters.last_logged_at("meadow")
    assert last is not None
    assert board.watermark("meadow", board.assess_freshness(ALL_PARTITIONS)) == last - 2 * cadence_of("meadow")


def families(board: Board) -> list[Any]:
    """Return the families of a scrape."""
    return list(text_string_to_metric_families(exposition(SnapshotCollector(lambda: board.snapshot))))


def test_a_span_of_history_is_marked_in_the_figures_of_board_and_batch_alike(board: Board) -> None:
    said: Any = board.measure_report(["platform"], board.assess_freshness(ALL_PARTITIONS))
    (span,) = said["history"]
    marked = {
        group["platform"]
        for group in said["groups"]
        if any(warning.startswith("audited history from ") for warning in group["warnings"])
    }

    assert said["history"] == simulated_measures().document["history"]
    assert (span["platform"], span["opened_by"], span["closes_on"]) == ("harbor", "audit", "")
    assert marked == {"harbor"}
    (sample,) = [one for family in families(board) for one in family.samples if one.name == "safeclock_history_info"]
    assert sample.labels == span

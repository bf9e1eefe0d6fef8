import json
from typing import Any

import pytest

from streams.batch.load import load_files
from streams.batch.measure import measure
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.registry import Registry
from streams.domain.cohorts.statistics import UnknownLabelError
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from tests.support.events.event_lines import EPOCH_OFFSET_MS, action_line, filing_line, heartbeat_line
from tests.support.paths import CHILDREN_PACK


def _document(*lines: bytes, by: str = "platform", as_of: int | None = None) -> dict[str, Any]:
    return measure(
        load_files(lines, Registry.accepting_all(), None if as_of is None else EPOCH_OFFSET_MS + as_of), by.split(",")
    )


def _group(*lines: bytes, as_of: int | None = None) -> dict[str, Any]:
    groups: list[dict[str, Any]] = _document(*lines, as_of=as_of)["groups"]
    assert len(groups) == 1
    return groups[0]


def test_a_report_that_still_waits_counts_in_the_share_and_not_in_the_published_median() -> None:
    lines = [filing_line("a", 0), filing_line("b", 0), action_line("a", "restricted", HOUR)]

    action = _group(*lines, as_of=2 * DAY)["clocks"]["time_to_action"]

    assert action["closed_only_median_seconds"] == 3600
    assert action["within"]["86400"]["share"] == pytest.approx(0.5)
    assert action["within"]["1800"]["share"] == 0


def test_states_add_up_to_what_was_filed() -> None:
    lines = [
        filing_line("a", 0),
        filing_line("b", 0),
        filing_line("c", 0),
        action_line("a", "acknowledged", MINUTE),
        action_line("b", "no_violation", HOUR),
    ]

    group = _group(*lines)

    assert group["states"] == {"acknowledged": 1, "no_violation": 1, "open": 1}
    assert sum(group["states"].values()) == group["filed"] == 3


def test_a_rejection_is_a_decision_and_no_action() -> None:
    clocks = _group(filing_line("a", 0), action_line("a", "no_violation", HOUR), as_of=2 * DAY)["clocks"]

    assert clocks["time_to_decision"]["within"]["86400"]["share"] == 1
    assert clocks["time_to_action"]["within"]["86400"]["share"] == 0
    assert clocks["time_to_action"]["method"] == "aalen-johansen"
    assert clocks["time_to_action"]["median_seconds"]["value"] is None


def test_the_instant_of_the_figures_is_the_newest_accepted_time() -> None:
    ahead = filing_line("b", 400 * DAY, recorded_at=HOUR)

    document = _document(filing_line("a", 0), action_line("a", "acknowledged", MINUTE), ahead)

    assert document["as_of"] == "2026-01-05T00:01:00.000Z"
    assert document["refused"] == {"future_time": 1}


def test_the_figures_are_the_same_whichever_of_two_in_conflict_comes_first() -> None:
    lines = [filing_line("a", 0), filing_line("b", 0), action_line("a", "restricted", HOUR)]
    later_under_its_id = lines[-1].replace(b"T01:00", b"T02:00")

    document = _document(*lines, later_under_its_id)

    assert document["conflicts"] == 1
    assert document == _document(later_under_its_id, *lines)


def test_what_happened_after_the_asked_instant_is_left_out() -> None:
    lines = [filing_line("a", 0), action_line("a", "restricted", 2 * DAY)]

    assert _group(*lines, as_of=DAY)["states"] == {"open": 1}
    assert _group(*lines)["states"] == {"restricted": 1}


def test_open_reports_are_censored_where_the_platform_stopped_promising() -> None:
    lines = [filing_line("a", 0), filing_line("b", HOUR), heartbeat_line(3 * HOUR, complete_through=3 * HOUR)]

    promised = _group(*lines, as_of=30 * DAY)["clocks"]["time_to_action"]
    taken_as_published = _group(*lines[:2], as_of=30 * DAY)["clocks"]["time_to_action"]

    assert promised["within"]["86400"]["share"] is None
    assert taken_as_published["within"]["86400"]["share"] == 0


def test_whoever_stops_promising_and_continues_publishing_is_measured_by_open_reports_too() -> None:
    ended = [
        line for n in range(3) for line in (filing_line(f"e{n}", HOUR), action_line(f"e{n}", "restricted", 2 * HOUR))
    ]
    waiting = [filing_line(f"w{n}", HOUR) for n in range(7)]
    still_there = filing_line("last", 3 * DAY)

    action = _group(heartbeat_line(0, complete_through=0), *ended, *waiting, still_there)["clocks"]["time_to_action"]

    assert action["within"]["86400"]["share"] == pytest.approx(0.3)


def test_a_promise_made_after_the_asked_instant_tells_how_long_reports_were_open_before() -> None:
    reports = [filing_line("a", HOUR), action_line("a", "restricted", 2 * HOUR), filing_line("b", HOUR)]
    lines = [
        heartbeat_line(0, complete_through=0),
        *reports,
        heartbeat_line(3 * DAY, complete_through=3 * DAY, sequence=2),
    ]

    action = _group(*lines, as_of=2 * DAY)["clocks"]["time_to_action"]

    assert action["within"]["86400"]["share"] == pytest.approx(0.5)


def test_what_ends_early_is_not_known_and_a_warning_says_why() -> None:
    late = [line for n in range(30) for line in _filed_late_with_action(f"r{n}", n * HOUR)]

    group = _group(filing_line("a", 0, recorded_at=0), action_line("a", "restricted", HOUR), *late)

    median = group["clocks"]["time_to_action"]["median_seconds"]
    assert (median["value"], median["reached"]) == (None, None)
    (why,) = [warning for warning in group["warnings"] if "nothing is known" in warning]
    assert "time_to_decision, time_to_action beyond 59.0 min" in why
    assert "(30 were logged late)" in why


def _filed_late_with_action(report: str, at: int) -> list[bytes]:
    return [filing_line(report, at, recorded_at=at + 5 * HOUR), action_line(report, "restricted", at + 30 * HOUR)]


def test_a_median_that_open_reports_keep_from_being_reached_is_not_reached() -> None:
    lines = [filing_line("a", 0), filing_line("b", 0), filing_line("c", 0), action_line("a", "restricted", HOUR)]

    median = _group(*lines, as_of=2 * DAY)["clocks"]["time_to_action"]["median_seconds"]

    assert (median["value"], median["reached"]) == (None, False)


def test_a_file_published_only_at_closing_is_not_measurable() -> None:
    logged_late = [line for n in range(20) for line in _published_at_close(f"r{n}", n)]

    group = _group(*logged_late)

    assert group["clocks"]["time_to_action"]["within"]["86400"]["share"] is None
    assert any("not measurable" in warning for warning in group["warnings"])
    assert any("no open report" in warning for warning in group["warnings"])


def _published_at_close(report: str, day: int) -> list[bytes]:
    at, end = day * DAY, day * DAY + 6 * HOUR
    return [filing_line(report, at, recorded_at=end), action_line(report, "restricted", end, recorded_at=end)]


def test_rounded_times_are_remarked_upon() -> None:
    rounded = [filing_line(f"r{n}", n * HOUR) for n in range(40)]
    exact = [filing_line(f"r{n}", n * HOUR + 1_234_567) for n in range(40)]

    assert any("whole hours" in warning for warning in _group(*rounded)["warnings"])
    assert not any("whole hours" in warning for warning in _group(*exact)["warnings"])


def test_immediate_decisions_are_remarked_upon() -> None:
    at_once = [line for n in range(40) for line in (filing_line(f"r{n}", n), action_line(f"r{n}", "no_violation", n))]

    assert any("0 seconds" in warning for warning in _group(*at_once)["warnings"])


def test_groups_by_several_labels_add_up() -> None:
    lines = [
        filing_line("a", 0),
        filing_line("b", 0, labels={"harm": "csam"}),
        filing_line("c", 0, platform="harbor", labels={"trusted_flagger": True}),
    ]

    document = _document(*lines, by="platform,harm,trusted_flagger")

    names = [(group["platform"], group["harm"], group["trusted_flagger"]) for group in document["groups"]]
    assert names == [("harbor", "grooming", "true"), ("meadow", "csam", "false"), ("meadow", "grooming", "false")]
    assert sum(group["filed"] for group in document["groups"]) == 3


def test_a_label_that_reports_do_not_have_is_refused_by_name() -> None:
    with pytest.raises(UnknownLabelError, match="expected labels from platform, day, week, month, quarter, harm"):
        _document(filing_line("a", 0), by="platform,colour")


def test_duplicates_conflicts_orphans_and_refusals_are_counted() -> None:
    lines = [
        filing_line("a", 0),
        filing_line("a", 0),
        filing_line("a", MINUTE),
        action_line("b", "restricted", HOUR),
        b"not json\n",
    ]

    document = _document(*lines)

    assert (document["duplicates"], document["conflicts"], document["orphans"]) == (1, 1, 1)
    assert document["refused"] == {"conflict": 1, "not_json": 1}


def test_a_file_of_actions_may_come_before_the_file_of_their_filings() -> None:
    actions = [action_line(f"r{n}", "restricted", HOUR + n) for n in range(10_001)]
    filings = [filing_line(f"r{n}", n) for n in range(10_001)]

    document = _document(*actions, *filings)

    assert (document["orphans"], document["refused"]) == (0, {})
    assert document["groups"][0]["states"] == {"restricted": 10_001}


def test_the_document_is_plain_json_with_the_promised_names() -> None:
    document = json.loads(json.dumps(_document(filing_line("a", 0), action_line("a", "restricted", HOUR))))

    action = document["groups"][0]["clocks"]["time_to_action"]
    assert document["schema"] == "safeclock.measure/1"
    assert set(document) >= {"as_of", "pack", "groups", "duplicates", "conflicts", "orphans", "refused"}
    assert set(action) >= {"method", "n", "events", "median_seconds", "p90_seconds", "within"}
    assert set(action["median_seconds"]) == {"value", "low", "high", "reached"}
    assert {"3600", "86400", "7776000"} <= set(action["within"])


@pytest.mark.parametrize("lines", [[], [b"not json"]])
def test_where_nothing_was_accepted_there_is_no_instant_of_the_figures(lines: list[bytes]) -> None:
    document = _document(*lines)

    assert (document["as_of"], document["groups"]) == (None, [])
    assert _document(*lines, as_of=0)["as_of"] == "2026-01-05T00:00:00.000Z"


def test_an_event_of_the_first_instant_is_one() -> None:
    assert _document(filing_line("a", -EPOCH_OFFSET_MS))["as_of"] == "1970-01-01T00:00:00.000Z"


def test_a_mistyped_year_in_one_line_is_refused_and_the_figures_stay() -> None:
    now, lines = EPOCH_OFFSET_MS + 2 * DAY, [filing_line(f"r{n}", n * HOUR) for n in range(30)]
    typo = action_line("r1", "restricted", 2 * HOUR).replace(b"2026-", b"2062-")

    before, after = (load_files(given, Registry.accepting_all(), now=lambda: now) for given in (lines, [*lines, typo]))

    assert measure(after, ["platform"]) == {**measure(before, ["platform"]), "refused": {"future_time": 1}}


def test_instants_of_the_document_are_exact_in_every_year() -> None:
    late = 9_680_231_991_307

    found = load_files([filing_line("a", late - EPOCH_OFFSET_MS)], Registry.accepting_all(), now=lambda: late)
    document: dict[str, Any] = measure(found, ["platform"])

    assert document["as_of"] == "2276-10-02T17:19:51.307Z"
    assert document["groups"][0]["oldest_open"] == "2276-10-02T17:19:00.000Z"


def test_the_document_says_what_is_asked_of_a_clock_and_how_it_is_kept() -> None:
    lines = [filing_line("a", 0), filing_line("b", 0), filing_line("c", 0), action_line("a", "restricted", HOUR)]

    action = _group(*lines, as_of=2 * DAY)["clocks"]["time_to_action"]

    asked = {name: action[name] for name in ("version", "statistic", "limit_seconds", "required_share")}
    assert asked == {"version": "1", "statistic": "each", "limit_seconds": 86400, "required_share": 1}
    assert action["objective"] == {
        "reports": 3,
        "value": pytest.approx(1 / 3),
        "lower_bound": False,
        "met": False,
        "misses_left": -2,
    }


def test_the_document_has_the_clocks_of_a_pack_and_no_warning_for_one_that_runs_on_nothing() -> None:
    rulebook = load_rulebook([CHILDREN_PACK], Registry.accepting_all(), EPOCH_OFFSET_MS)

    document: dict[str, Any] = measure(
        load_files([filing_line("a", 0)], Registry.accepting_all(), None, rulebook), ["platform"]
    )

    (group,) = document["groups"]
    without_limit, unused = group["clocks"]["hotline_takedown"], group["clocks"]["au_class_1"]
    assert (without_limit["statistic"], without_limit["limit_seconds"], without_limit["objective"]) == (None,) * 3
    assert unused["objective"] == {"reports": 0, "value": None, "lower_bound": False, "met": None, "misses_left": 0}
    assert not group["warnings"]

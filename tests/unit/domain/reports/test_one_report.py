"""The definition, case by case, on one report of the platform that promises to tell within five minutes."""

import pytest

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, bin_of
from streams.domain.events import ActionKind, Event
from streams.domain.vocabulary import Outcome
from tests.support.builders import REMOVAL, START, action, filing, heartbeat, retraction
from tests.support.ledger.harness import LedgerHarness, clock_from_oracle
from tests.support.ledger.oracle import OracleClock, OracleProfile


def profile_of(*events: Event, now: int = START + 3 * DAY) -> OracleProfile:
    """Return the mark of the only report."""
    subject = LedgerHarness()
    subject.apply(events)
    subject.advance(now)
    (marks,) = subject.cohorts().values()
    assert marks.total() == 1
    return next(iter(marks))


def deadline_outcomes_of(*events: Event, now: int) -> dict[str, int]:
    """Return the deadline outcomes on `time_to_action`, counted minus corrected."""
    subject = LedgerHarness()
    subject.apply(events)
    subject.advance(now)
    start = "deadline|time_to_action@1|"
    return {
        name.removeprefix(start): n for name, n in subject.net_counters()["harbor"].items() if name.startswith(start)
    }


def test_a_report_nobody_answers_is_open_since_the_minute_of_its_filing() -> None:
    mark = profile_of(filing(at=START + 90 * MINUTE))

    assert mark == OracleProfile("open", -1, 90, (("open", 90), ("open", 90), ("open", 90)))


def test_a_removal_after_an_hour_stops_every_clock_in_the_bin_of_one_hour() -> None:
    mark = profile_of(filing(), action(REMOVAL, HOUR))

    assert mark == OracleProfile("restricted", -1, None, (("stopped", bin_of(HOUR)),) * 3)


def test_a_rejection_is_a_decision_and_no_action() -> None:
    mark = profile_of(filing(), action(Outcome.NO_VIOLATION, HOUR))

    assert mark.clocks == (("stopped", bin_of(HOUR)), ("stopped", bin_of(HOUR)), ("no_violation", bin_of(HOUR)))


def test_a_reopened_report_waits_for_action_since_its_filing_but_stays_decided() -> None:
    mark = profile_of(filing(), action(Outcome.NO_VIOLATION, HOUR), action(Outcome.REOPENED, 2 * HOUR))

    assert mark == OracleProfile("reopened", -1, 0, (("stopped", bin_of(HOUR)), ("stopped", bin_of(HOUR)), ("open", 0)))


def test_the_item_that_completes_the_report_stops_its_clocks() -> None:
    mark = profile_of(filing(items=3), action(REMOVAL, HOUR, items=1), action(REMOVAL, 2 * HOUR, items=2))

    assert mark.clocks[2] == ("stopped", bin_of(2 * HOUR))


@pytest.mark.parametrize(
    ("delay", "entry"),
    [(0, -1), (15 * MINUTE, -1), (15 * MINUTE + 1, bin_of(15 * MINUTE + 1)), (DAY, bin_of(DAY))],
)
def test_a_report_is_at_risk_from_its_filing_if_logged_within_a_quarter_of_an_hour(delay: int, entry: int) -> None:
    mark = profile_of(filing(logged_at=START + delay))

    assert mark.entry_bin == entry


@pytest.mark.parametrize(("delay", "entry"), [(6 * HOUR, -1), (6 * HOUR + 1, bin_of(6 * HOUR + 1))])
def test_a_slower_cadence_is_allowed_its_own_delay(delay: int, entry: int) -> None:
    mark = profile_of(filing(logged_at=START + delay, platform="lantern"))

    assert mark.entry_bin == entry


def test_an_action_within_two_minutes_before_the_filing_counts_as_at_once() -> None:
    mark = profile_of(filing(), action(REMOVAL, -2 * MINUTE))

    assert mark.clocks[2] == ("stopped", 0)


def test_an_action_more_than_two_minutes_before_the_filing_has_no_effect() -> None:
    mark = profile_of(filing(), action(REMOVAL, -2 * MINUTE - 1))

    assert mark.state == "open"


def test_a_deadline_is_missed_two_cadences_after_it_at_the_latest() -> None:
    due = START + DAY

    assert deadline_outcomes_of(filing(), now=due + 10 * MINUTE - 1) == {}
    assert deadline_outcomes_of(filing(), now=due + 10 * MINUTE) == {"missed|live": 1}


def test_a_heartbeat_past_the_deadline_makes_it_missed_at_once() -> None:
    due = START + DAY
    promise = heartbeat(due)

    assert deadline_outcomes_of(filing(), promise, now=due) == {"missed|live": 1}


def test_a_heartbeat_on_one_topic_promises_nothing() -> None:
    due = START + DAY
    promise = heartbeat(due, topic_role="report-filed")

    assert deadline_outcomes_of(filing(), promise, now=due) == {}


def test_a_deadline_long_past_when_the_report_was_logged_is_history() -> None:
    logged_at = START + DAY

    assert deadline_outcomes_of(filing(logged_at=logged_at - 1), now=START + 3 * DAY) == {"missed|live": 1}
    assert deadline_outcomes_of(filing(logged_at=logged_at), now=START + 3 * DAY) == {"missed|late": 1}


@pytest.mark.parametrize(
    ("action_kind", "after", "counter"),
    [
        (REMOVAL, DAY, "met|live"),
        (REMOVAL, DAY + 1, "missed|live"),
        (ActionKind(Outcome.WITHDRAWN), DAY, "released|live"),
        (ActionKind(Outcome.WITHDRAWN), DAY + 1, "missed|live"),
        (ActionKind(Outcome.EXPIRED), HOUR, "missed|live"),
    ],
)
def test_an_ending_within_the_limit_meets_or_releases_unless_it_is_expiry(
    action_kind: ActionKind, after: int, counter: str
) -> None:
    assert deadline_outcomes_of(filing(), action(action_kind, after), now=START + 3 * DAY) == {counter: 1}


def test_a_miss_is_taken_back_when_the_action_was_only_logged_late() -> None:
    subject = LedgerHarness()
    subject.apply([filing()])
    subject.advance(START + 3 * DAY)

    subject.apply([action(REMOVAL, HOUR)])
    subject.advance(START + 3 * DAY)

    counters = subject.counters()["harbor"]
    assert counters["deadline|time_to_action@1|missed|live"] == 1
    assert counters["un|deadline|time_to_action@1|missed|live"] == 1
    assert counters["deadline|time_to_action@1|met|live"] == 1


def test_a_miss_that_stays_a_miss_is_counted_once() -> None:
    subject = LedgerHarness()
    subject.apply([filing()])
    subject.advance(START + 3 * DAY)

    subject.apply([action(REMOVAL, 2 * DAY)])

    counters = subject.counters()["harbor"]
    assert counters["deadline|time_to_action@1|missed|live"] == 1
    assert "un|deadline|time_to_action@1|missed|live" not in counters


def test_four_hundred_days_of_silence_are_an_answer_of_their_own() -> None:
    mark = profile_of(filing(), now=START + 400 * DAY + 10 * MINUTE)

    assert mark == OracleProfile("unanswered", -1, None, (("frozen", len(EDGES) - 1),) * 3)


def test_a_retracted_filing_leaves_no_report_and_its_actions_wait() -> None:
    subject = LedgerHarness()

    filed = filing()
    subject.apply([filed, action(REMOVAL, HOUR), retraction(filed.id)])

    assert subject.cohorts() == {}
    assert subject.net_counters() == {}


def test_paused_time_is_counted_when_the_clock_ends_and_taken_back_with_its_end() -> None:
    pausing = OracleClock(
        name="pausing",
        stops=frozenset({"final"}),
        pauses=frozenset({"paused"}),
        resumes=frozenset({"resumed"}),
    )
    subject, end = LedgerHarness([clock_from_oracle(pausing)]), action(REMOVAL, 9 * HOUR)
    waiting: list[Event] = [
        filing(),
        action(Outcome.PAUSED, HOUR),
        action(Outcome.RESUMED, 3 * HOUR),
        action(Outcome.PAUSED, 8 * HOUR),
    ]

    subject.apply(waiting)
    before = subject.net_counters()["harbor"]["paused_ms|pausing@1"]
    subject.apply([end])
    ended = subject.net_counters()["harbor"]["paused_ms|pausing@1"]
    subject.apply([retraction(end.id, at=START + DAY)])

    assert (before, ended) == (0, 3 * HOUR)
    assert subject.counters()["harbor"]["un|paused_ms|pausing@1"] == 3 * HOUR
    assert "paused_ms|pausing@1" not in subject.net_counters()["harbor"]


def test_a_pause_takes_back_no_deadline_that_had_passed_before_it() -> None:
    pausing = OracleClock(
        name="pausing",
        stops=frozenset({"final"}),
        pauses=frozenset({"paused"}),
        resumes=frozenset({"resumed"}),
    )
    in_time, too_late = LedgerHarness([clock_from_oracle(pausing)]), LedgerHarness([clock_from_oracle(pausing)])
    in_time.apply([filing(), action(Outcome.PAUSED, DAY)])
    too_late.apply([filing(), action(Outcome.PAUSED, DAY + 1)])

    for subject in (in_time, too_late):
        subject.advance(START + 3 * DAY)

    assert in_time.net_counters()["harbor"]["deadline|pausing@1|missed|live"] == 0
    assert too_late.net_counters()["harbor"]["deadline|pausing@1|missed|live"] == 1

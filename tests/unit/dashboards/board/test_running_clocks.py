from dashboards.board.inputs.accumulator import CohortAccumulator
from dashboards.board.inputs.running_clocks import RunningClocks
from dashboards.board.metrics.running_clocks import running
from streams.contract.packs.exported_clocks import exported_clocks
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.domain.clocks.endings import FROZEN, OPEN, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import ClockValue, ReportProfile
from streams.domain.cohorts.statistics import CohortSample
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND
from streams.domain.labels import Labels, encode_labels
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity
from tests.support.ledger.profiles import pack

ACTION_CLOCK = STANDARD_CLOCKS[2]
DAY_OF_FILING = 20_000
NOW = (DAY_OF_FILING + 1) * DAY
CADENCE = 5 * MINUTE
CLOCKS = exported_clocks(STANDARD_RULES, [ACTION_CLOCK._replace(version="0", limit=HOUR)])


def cohort(severity: Severity = Severity.STANDARD) -> CohortKey:
    """Return the cohort of a day by its severity."""
    labels = Labels(Harm.CSAM, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, severity, "EU")  # noqa: FBT003
    return CohortKey("harbor", DAY_OF_FILING, encode_labels(labels))


def stored_profile(minute: int, ending: int = OPEN, *, state: State = State.OPEN, version: str = "1") -> bytes:
    """Return the stored profile of a report whose clock began at a minute of the day of filing."""
    reading = ClockValue(ACTION_CLOCK._replace(version=version).hash, minute, ending)
    return pack(ReportProfile(state, -1, minute if state is State.OPEN else None, (reading,)))


def count_running(*reports: tuple[CohortKey, bytes], now: int = NOW) -> RunningClocks:
    """Return the clocks that run on some reports."""
    pool = CohortAccumulator()
    for key, stored in reports:
        pool.add(key, stored, 1)
    limits = {one.hash: one.limit for clock in CLOCKS for one in clock.versions if one.limit is not None}
    found = RunningClocks(limits, now, CADENCE)
    pool.count_running(found)
    return found


def test_a_clock_is_due_soon_in_the_last_quarter_of_its_limit_and_overdue_after_it() -> None:
    started = 10
    begun = DAY_OF_FILING * DAY + started * MINUTE

    soon = [
        count_running((cohort(), stored_profile(started)), now=begun + age).due_soon[ACTION_CLOCK.hash]
        for age in (18 * HOUR - 1, 18 * HOUR)
    ]
    late = [count_running((cohort(), stored_profile(started)), now=begun + age) for age in (24 * HOUR, 24 * HOUR + 1)]

    assert soon == [0, 1]
    assert [(one.due_soon[ACTION_CLOCK.hash], one.overdue[ACTION_CLOCK.hash]) for one in late] == [(1, 0), (0, 1)]


def test_only_severe_reports_that_silence_does_not_explain_are_urgent() -> None:
    started = 10
    late = DAY_OF_FILING * DAY + started * MINUTE + 24 * HOUR + CADENCE
    severities = (Severity.CRITICAL, Severity.UNSPECIFIED, Severity.HIGH, Severity.STANDARD)
    reports = [(cohort(severity), stored_profile(started)) for severity in severities]

    in_silence, beyond = count_running(*reports, now=late), count_running(*reports, now=late + 1)

    assert (in_silence.overdue[ACTION_CLOCK.hash], in_silence.urgent_overdue[ACTION_CLOCK.hash]) == (4, 0)
    assert (beyond.overdue[ACTION_CLOCK.hash], beyond.urgent_overdue[ACTION_CLOCK.hash]) == (4, 2)


def test_while_a_platform_is_not_complete_everywhere_nothing_is_due() -> None:
    found = count_running((cohort(), stored_profile(0)), now=0)

    assert not found.overdue
    assert not found.due_soon


def test_what_runs_is_exported_by_clock_with_all_its_versions_each_at_its_own_limit() -> None:
    hour_ago = 23 * 60 - 1
    sample = CohortSample()
    found = count_running((cohort(), stored_profile(hour_ago)), (cohort(), stored_profile(hour_ago, version="0")))

    values = running("harbor", CLOCKS, sample, found)

    assert values["safeclock_overdue_reports"]["harbor", "time_to_action"] == 1
    assert values["safeclock_overdue_reports"]["harbor", "time_to_decision"] == 0
    assert values["safeclock_oldest_running_clock_timestamp_seconds"] == {
        ("harbor", "time_to_action"): (DAY_OF_FILING * DAY + hour_ago * MINUTE) / SECOND
    }


def test_a_clock_that_is_paused_or_has_ended_does_not_run() -> None:
    found = count_running(
        (cohort(), stored_profile(5, FROZEN)), (cohort(), stored_profile(5, STOPPED, state=State.RESTRICTED))
    )

    assert not found.earliest_start


def test_a_report_is_paused_until_it_is_resumed_or_becomes_unanswered() -> None:
    pool = CohortAccumulator()
    pool.add(cohort(), stored_profile(5, FROZEN), 2)
    pool.add(cohort(), stored_profile(7, FROZEN, state=State.NO_VIOLATION), 1)
    pool.add(cohort(), stored_profile(7, FROZEN, state=State.UNANSWERED), 1)
    pool.add(cohort(), stored_profile(5, FROZEN), -1)

    assert pool.to_sample(NOW).paused[ACTION_CLOCK.hash] == 2

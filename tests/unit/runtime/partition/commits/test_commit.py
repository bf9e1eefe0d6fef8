"""What a commit consists of."""

from streams.contract.outputs import report_updates
from streams.contract.outputs.measures import COHORT_PREFIX, STATUS_KEY, PartitionStatus
from streams.domain.clocks.deadlines import MISSED
from streams.domain.clocks.endings import STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import HOUR
from streams.domain.ledger.counters import ClockCounterNames as ClockNames
from streams.domain.ledger.report_updates import ClocksEnded, DeadlinesPassed, EndedClock
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, decode_checkpoint
from streams.runtime.partition.commits.build_commit import IntervalChanges, build_commit
from streams.runtime.partition.commits.suspension import encode_updates
from streams.runtime.topic_checks.preflight import OutputTopics

KEY = b"harbor|k1_" + b"a" * 43
NAMES = OutputTopics("changelog")
POSITION = Checkpoint(log_time=5, registry="r")
STATUS = PartitionStatus(5, 6, 4, "pack", "r", 0)
ACTION_NAMES = ClockNames(STANDARD_CLOCKS[-1])
MISSED_UPDATE = DeadlinesPassed(KEY, 0, 24 * HOUR, (ACTION_NAMES,))
RESPONSE_UPDATE = ClocksEnded(KEY, 0, 30 * HOUR, 30 * HOUR, (EndedClock(ACTION_NAMES, STOPPED, MISSED),))


def test_the_position_is_the_last_row_and_measures_are_published_with_the_status() -> None:
    rows: dict[bytes, bytes | None] = {b"r|a": b"row", COHORT_PREFIX + b"c": b"cohort", COHORT_PREFIX + b"d": None}

    commit = build_commit(NAMES, IntervalChanges(rows, (), ()), POSITION, STATUS)

    assert [*commit.rows] == [*rows, CHECKPOINT_KEY]
    assert decode_checkpoint(commit.rows[CHECKPOINT_KEY] or b"") == POSITION
    assert [key for key, _ in commit.latest[NAMES.measures]] == [
        COHORT_PREFIX + b"c",
        COHORT_PREFIX + b"d",
        STATUS_KEY,
    ]


def test_updates_are_published_in_their_order_under_the_report_s_key() -> None:
    rows, _ = encode_updates((MISSED_UPDATE, RESPONSE_UPDATE, MISSED_UPDATE))

    commit = build_commit(NAMES, IntervalChanges({}, rows, ()), POSITION, STATUS)

    assert [*commit.appended[NAMES.report_updates]] == [
        (KEY, report_updates.encode_report_update(notice)) for notice in (MISSED_UPDATE, RESPONSE_UPDATE, MISSED_UPDATE)
    ]

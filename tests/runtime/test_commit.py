"""What a commit consists of."""

from streams.contract import notices
from streams.contract.measures import COHORT, STATUS_KEY, Status
from streams.domain.counters import ClockCounterNames as ClockNames
from streams.domain.endings import MISSED, STOPPED
from streams.domain.grid import HOUR
from streams.domain.notices import EndedClock, Miss, Response
from streams.domain.standard import STANDARD
from streams.runtime.commit import Changed, outgoing
from streams.runtime.ground import Names
from streams.runtime.position import POSITION_KEY, Position, decode
from streams.runtime.suspended import encoded

KEY = b"harbor|k1_" + b"a" * 43
NAMES = Names("changelog")
POSITION = Position(now=5, registry="r")
STATUS = Status(5, 6, 4, "pack", "r", 0)
ACT = ClockNames(STANDARD[-1])
MISS = Miss(KEY, 0, 24 * HOUR, (ACT,))
RESPONSE = Response(KEY, 0, 30 * HOUR, 30 * HOUR, (EndedClock(ACT, STOPPED, MISSED),))


def test_the_position_is_the_last_row_and_measures_are_published_with_the_status() -> None:
    rows: dict[bytes, bytes | None] = {b"r|a": b"row", COHORT + b"c": b"cohort", COHORT + b"d": None}

    commit = outgoing(NAMES, Changed(rows, (), ()), POSITION, STATUS)

    assert [*commit.rows] == [*rows, POSITION_KEY]
    assert decode(commit.rows[POSITION_KEY] or b"") == POSITION
    assert [key for key, _ in commit.published[NAMES.measures]] == [COHORT + b"c", COHORT + b"d", STATUS_KEY]


def test_notices_are_told_in_their_order_under_the_report_s_key() -> None:
    told, _ = encoded((MISS, RESPONSE, MISS))

    commit = outgoing(NAMES, Changed({}, told, ()), POSITION, STATUS)

    assert [*commit.events[NAMES.notices]] == [(KEY, notices.encode(notice)) for notice in (MISS, RESPONSE, MISS)]

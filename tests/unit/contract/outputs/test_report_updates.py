"""The events about single reports: what they hold, and that equal notices are equal events."""

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from streams.contract.export.schemas import EVENT_TYPES, json_schema
from streams.contract.outputs.report_updates import (
    DeadlineMissedEvent,
    ResponseMeasuredEvent,
    decode_report_update,
    encode_report_update,
)
from streams.domain.clocks.deadlines import MET, MISSED, PENDING
from streams.domain.clocks.endings import EXPIRED, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import HOUR
from streams.domain.ledger.counters import ClockCounterNames
from streams.domain.ledger.report_updates import ClocksEnded, DeadlinesPassed, EndedClock, ReportUpdate

ACKNOWLEDGE_NAMES, DECISION_NAMES, ACTION_NAMES = (ClockCounterNames(clock) for clock in STANDARD_CLOCKS)
UNLIMITED_NAMES = ClockCounterNames(STANDARD_CLOCKS[0]._replace(id="only_measures", limit=None))
KEY = b"harbor|k1_" + b"a" * 43
FILED = 1_767_571_200_000


def response_update(*ended: EndedClock, after: int = HOUR) -> ClocksEnded:
    return ClocksEnded(KEY, FILED, FILED + after, after, ended)


UPDATES: list[ReportUpdate] = [
    response_update(EndedClock(ACTION_NAMES, STOPPED, MET)),
    response_update(
        EndedClock(ACKNOWLEDGE_NAMES, STOPPED, MET),
        EndedClock(DECISION_NAMES, EXPIRED, MISSED),
        EndedClock(UNLIMITED_NAMES, STOPPED, PENDING),
    ),
    response_update(EndedClock(DECISION_NAMES, STOPPED, MET), EndedClock(ACTION_NAMES, STOPPED, MET), after=0),
    DeadlinesPassed(KEY, FILED, FILED + 24 * HOUR, (ACTION_NAMES,)),
    DeadlinesPassed(KEY, FILED, FILED + 24 * HOUR, (ACTION_NAMES, DECISION_NAMES, ACKNOWLEDGE_NAMES)),
]


@pytest.mark.parametrize("notice", UPDATES)
def test_what_is_put_together_from_texts_is_what_the_types_would_write(notice: ReportUpdate) -> None:
    update = encode_report_update(notice)

    assert msgspec.json.encode(decode_report_update(update)) == update


def test_a_response_tells_every_clock_that_ended_with_it() -> None:
    event = decode_report_update(encode_report_update(UPDATES[1]))

    assert isinstance(event, ResponseMeasuredEvent)
    assert (event.subject, event.data.platform) == (KEY.decode().removeprefix("harbor|"), "harbor")
    assert (event.time, event.data.filed_at) == ("2026-01-05T01:00:00.000Z", "2026-01-05T00:00:00.000Z")
    assert [
        (one.clock, one.ending, one.duration_ms, one.limit_ms, one.deadline_outcome) for one in event.data.clocks
    ] == [
        ("time_to_acknowledge", "stopped", HOUR, 24 * HOUR, "met"),
        ("time_to_decision", "expired", HOUR, 24 * HOUR, "missed"),
        ("only_measures", "stopped", HOUR, None, None),
    ]


def test_a_miss_tells_when_the_limit_passed() -> None:
    event = decode_report_update(encode_report_update(UPDATES[3]))

    assert isinstance(event, DeadlineMissedEvent)
    assert event.time == "2026-01-06T00:00:00.000Z"
    assert [(one.clock, one.version, one.limit_ms) for one in event.data.clocks] == [("time_to_action", "1", 24 * HOUR)]


@pytest.mark.parametrize(
    "other",
    [
        response_update(EndedClock(ACTION_NAMES, STOPPED, MET), after=2 * HOUR),
        response_update(EndedClock(DECISION_NAMES, STOPPED, MET)),
        response_update(EndedClock(ClockCounterNames(STANDARD_CLOCKS[2]._replace(version="2")), STOPPED, MET)),
        response_update(EndedClock(ACTION_NAMES, EXPIRED, MISSED)),
        UPDATES[0]._replace(key=KEY.replace(b"harbor", b"meadow")),
    ],
)
def test_an_id_is_a_function_of_what_is_said(other: ReportUpdate) -> None:
    first, again, another = (
        decode_report_update(encode_report_update(notice)).id
        for notice in (UPDATES[0], response_update(EndedClock(ACTION_NAMES, STOPPED, MET)), other)
    )

    assert first == again
    assert another != first


@pytest.mark.parametrize("notice", UPDATES)
def test_an_update_is_by_its_schema(notice: ReportUpdate) -> None:
    event = json.loads(encode_report_update(notice))
    kind = event["type"].removeprefix("safeclock.").removesuffix(".v1")

    assert not list(Draft202012Validator(json_schema(EVENT_TYPES[kind])).iter_errors(event))

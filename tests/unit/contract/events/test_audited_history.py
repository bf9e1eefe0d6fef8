"""What the decoder takes as audited history, and as told when."""

import json
from typing import Any

import pytest

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.schema.envelope import encode_structured
from streams.contract.registry.registry import AuditedHistory, Platform, Registry
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Action, Filing, Heartbeat
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import AT, FILING_WITH_ALL_FIELDS, RESTRICTED, build_event
from tests.support.events.input_record import InputRecord

NOW = AT + 300 * DAY
HISTORY_SPAN = AuditedHistory(
    since=AT - DAY, until=AT + DAY, opened_on=NOW - DAY, opened_by="audit", closes_on=NOW + DAY
)


def input_record(value: bytes, **more: Any) -> InputRecord:  # noqa: ANN401 - other fields
    fields: dict[str, Any] = {"topic": "filed", "timestamp": NOW, **more}
    return InputRecord(value=value, **fields)


def decoder(*spans: AuditedHistory) -> EventDecoder:
    """Return what reads harbor's events, for whom these spans are open."""
    harbor = Platform(id="harbor", provider="-", report_filed="filed", action_taken="taken", history=spans)
    return EventDecoder(Registry({"harbor": harbor}))


def event_bytes(said: object, **more: str) -> bytes:
    """Return an event of the examples with other attributes."""
    return json.dumps({**json.loads(encode_structured(build_event(said))), **more}).encode()  # type: ignore[arg-type]  # of the examples


def timestamp(ms: int) -> str:
    """Return an instant as an event has it."""
    return format_timestamp(ms)


@pytest.mark.parametrize(
    ("recorded", "logged_at"),
    [(None, AT), (AT + 3 * HOUR, AT + 3 * HOUR), (AT + 14 * DAY, AT + 14 * DAY)],
)
def test_a_filing_of_history_is_logged_when_its_platform_recorded_it(recorded: int | None, logged_at: int) -> None:
    more = {} if recorded is None else {"recordedtime": timestamp(recorded)}

    fact = decoder(HISTORY_SPAN).decode(input_record(event_bytes(FILING_WITH_ALL_FIELDS, **more)))

    assert isinstance(fact, Filing)
    assert (fact.at, fact.logged_at, fact.is_history) == (AT, logged_at, True)


@pytest.mark.parametrize(
    ("recorded", "reason", "field"),
    [(AT + 14 * DAY + 1, RefusalReason.TOO_OLD, "time"), (NOW + HOUR, RefusalReason.FUTURE_TIME, "recordedtime")],
)
def test_history_too_must_have_been_recorded_within_14_days_and_before_now(
    recorded: int, reason: RefusalReason, field: str
) -> None:
    fact = decoder(HISTORY_SPAN).decode(
        input_record(event_bytes(FILING_WITH_ALL_FIELDS, recordedtime=timestamp(recorded)))
    )

    assert fact == Refusal(reason, field, "harbor")


@pytest.mark.parametrize(
    ("span", "now"),
    [
        (None, NOW),
        (HISTORY_SPAN, NOW - DAY - 1),  # before it is opened
        (HISTORY_SPAN, NOW + DAY),  # once it is closed
        (AuditedHistory(since=AT + 1, until=AT + DAY, opened_on=NOW - DAY, opened_by="audit"), NOW),
        (AuditedHistory(since=AT - DAY, until=AT, opened_on=NOW - DAY, opened_by="audit"), NOW),
    ],
)
def test_outside_of_an_open_span_what_was_recorded_counts_for_nothing(span: AuditedHistory | None, now: int) -> None:
    spans = () if span is None else (span,)

    fact = decoder(*spans).decode(
        input_record(event_bytes(FILING_WITH_ALL_FIELDS, recordedtime=timestamp(AT)), timestamp=now)
    )

    assert fact == Refusal(RefusalReason.TOO_OLD, "time", "harbor")


def test_within_14_days_a_filing_is_live_whatever_is_open() -> None:
    opened = AuditedHistory(since=AT - DAY, until=AT + DAY, opened_on=AT, opened_by="audit")
    record = input_record(event_bytes(FILING_WITH_ALL_FIELDS, recordedtime=timestamp(AT)), timestamp=AT + 14 * DAY)

    fact = decoder(opened).decode(record)

    assert isinstance(fact, Filing)
    assert (fact.logged_at, fact.is_history) == (AT + 14 * DAY, False)


def test_actions_and_heartbeats_of_history_are_logged_when_they_were_recorded() -> None:
    action = decoder(HISTORY_SPAN).decode(
        input_record(event_bytes(RESTRICTED, recordedtime=timestamp(AT + HOUR)), topic="taken")
    )
    beat = json.dumps(
        {
            "specversion": "1.0",
            "type": "safeclock.heartbeat.v1",
            "source": "/platforms/harbor",
            "id": "heartbeat-1",
            "time": timestamp(AT),
            "data": {"complete_through": timestamp(AT), "sequence": 1},
        }
    ).encode()

    heartbeat = decoder(HISTORY_SPAN).decode(input_record(beat, key=b"harbor"))

    assert isinstance(action, Action)
    assert isinstance(heartbeat, Heartbeat)
    assert (action.logged_at, heartbeat.logged_at) == (AT + HOUR, AT)

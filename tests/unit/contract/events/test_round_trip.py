import json
from random import Random
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from streams.contract.events import keys
from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.schema.action_data import ActionTaken
from streams.contract.events.schema.envelope import (
    ActionTakenEvent,
    AnyEvent,
    EventRetractedEvent,
    HeartbeatEvent,
    ReportAmendedEvent,
    ReportFiledEvent,
    encode_binary,
    encode_structured,
)
from streams.contract.events.schema.event_data import ReportFiled
from streams.contract.registry.jurisdictions import DEFAULT_GROUPS, group_names
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp, parse_timestamp
from streams.domain import labels
from streams.domain.events import Action, Amendment, Filing, Heartbeat, Retraction
from streams.domain.labels import Labels
from streams.domain.vocabulary import FINAL_RESTRICTIONS, RefusalReason
from tests.support.events.input_record import InputRecord
from tests.unit.contract.events.strategies import ANY_JSON, INSTANTS, events, mangled_bytes

DECODER = EventDecoder(Registry.accepting_all())
MANY_EXAMPLES = settings(max_examples=300, deadline=None)
KNOWN_NAMES = {
    "",
    "data",
    "outcome",
    *(name for kind in get_args(AnyEvent) for name in ("type", *kind.__struct_encode_fields__)),
    *(name for kind in (*get_args(ActionTaken), ReportFiled) for name in kind.__struct_encode_fields__),
    *("reason", "retracts", "complete_through", "sequence"),
}


def expected_labels(data: ReportFiled) -> str:
    groups = group_names(data.jurisdictions, DEFAULT_GROUPS)
    return labels.encode_labels(
        Labels(data.harm, data.reporter, data.trusted_flagger, data.channel, data.basis, data.severity, groups)
    )


def decoded_as_domain_event(event: AnyEvent) -> tuple[object, ...]:
    """What the fact of an event must hold past its key, platform, times and digests."""
    match event:
        case ReportFiledEvent(data=data):
            return Filing, expected_labels(data), data.items, data.test, False
        case ActionTakenEvent(data=data):
            restrictions: tuple[Any, ...] = getattr(data, "restrictions", ())
            final = any(each in FINAL_RESTRICTIONS for each in restrictions) and not getattr(data, "interim", False)
            action_kind = (data.__struct_config__.tag, final, getattr(data, "of", None))
            return Action, action_kind, 0 if data.items is UNSET else data.items
        case ReportAmendedEvent(data=data):
            return (
                Amendment,
                None if data.harm is UNSET else data.harm,
                None if data.severity is UNSET else data.severity,
            )
        case EventRetractedEvent(data=data):
            return Retraction, keys.event_digest(data.retracts)
        case HeartbeatEvent(data=data):
            return Heartbeat, parse_timestamp(data.complete_through), data.sequence, ""


@given(events())
@MANY_EXAMPLES
def test_what_is_encoded_is_what_is_decoded(event: AnyEvent) -> None:
    fact = DECODER.decode_line(encode_structured(event), MAX_TIMESTAMP_MS)

    assert not isinstance(fact, Refusal)
    assert fact.platform == event.source.removeprefix("/platforms/")
    assert fact.at == fact.logged_at == parse_timestamp(event.time)
    if isinstance(fact, Heartbeat):
        assert (Heartbeat, *fact[3:]) == decoded_as_domain_event(event)
    else:
        assert not isinstance(event, HeartbeatEvent)
        assert fact.key == keys.record_key(fact.platform, event.subject)
        assert fact.id == keys.event_digest(event.id)
        assert (type(fact), *fact[6:]) == decoded_as_domain_event(event)


@given(events(), INSTANTS)
@MANY_EXAMPLES
def test_both_modes_say_the_same(event: AnyEvent, later: int) -> None:
    topic = "action-taken" if isinstance(event, ActionTakenEvent) else "report-filed"
    platform = event.source.removeprefix("/platforms/")
    key = platform.encode() if isinstance(event, HeartbeatEvent) else keys.record_key(platform, event.subject)
    record = InputRecord(topic, encode_structured(event), key, parse_timestamp(event.time) + later % 86_400_000)
    headers, value = encode_binary(event)

    structured = DECODER.decode(record)

    assert not isinstance(structured, Refusal)
    assert DECODER.decode(record._replace(headers=headers, value=value)) == structured


@given(events(), st.randoms(use_true_random=False))
@MANY_EXAMPLES
def test_the_order_of_names_and_the_blanks_between_do_not_matter(event: AnyEvent, random: Random) -> None:
    tree = json.loads(encode_structured(event))
    shuffled = dict(random.sample(sorted(tree.items(), key=lambda item: item[0]), len(tree)))

    fact = DECODER.decode_line(json.dumps(shuffled, indent=random.choice([None, 1])).encode(), MAX_TIMESTAMP_MS)

    assert fact == DECODER.decode_line(encode_structured(event), MAX_TIMESTAMP_MS)


@given(mangled_bytes())
@settings(max_examples=800, deadline=None)
def test_whatever_is_done_to_an_event_it_is_read_or_refused_in_known_words(raw: bytes) -> None:
    record = InputRecord("report-filed", raw, timestamp=4_102_444_800_000)

    for outcome in (DECODER.decode(record), DECODER.decode_line(raw, MAX_TIMESTAMP_MS)):
        if isinstance(outcome, Refusal):
            assert outcome.reason in RefusalReason
            assert outcome.field in KNOWN_NAMES
            assert outcome.platform == "" or f"/platforms/{outcome.platform}" in raw.decode()


@given(events(), st.data())
@settings(max_examples=250, deadline=None)
def test_a_name_that_occurs_twice_is_refused_wherever_it_occurs(event: AnyEvent, data: st.DataObject) -> None:
    tree = json.loads(encode_structured(event))
    inner = data.draw(st.booleans())
    target = tree["data"] if inner else tree
    name = data.draw(st.sampled_from(sorted(target)))
    value = json.dumps(data.draw(ANY_JSON | st.just(target[name])))
    spoilt = json.dumps(target).replace("{", f'{{"{name}": {value}, ', 1)
    raw = json.dumps(tree | {"data": None}).replace("null", spoilt) if inner else spoilt

    refusal = DECODER.decode_line(raw.encode(), MAX_TIMESTAMP_MS)

    assert isinstance(refusal, Refusal)
    assert refusal[:2] == (RefusalReason.NOT_JSON, "")


@given(
    st.binary(max_size=40) | ANY_JSON.map(lambda junk: json.dumps(junk).encode()),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["content-type", "ce_id", "ce_type", "ce_time", "ce_specversion", "ce_source", "ce_x", "x"]
            ),
            st.binary(max_size=20) | st.just(b"application/json") | st.just(b"1.0") | st.just(b"/platforms/harbor"),
        ),
        max_size=6,
    ),
)
@MANY_EXAMPLES
def test_no_headers_lead_astray(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    refusal = DECODER.decode(InputRecord("report-filed", value, headers=headers))

    assert isinstance(refusal, Refusal)
    assert refusal.field in KNOWN_NAMES


@given(INSTANTS)
def test_an_instant_is_read_as_it_was_written(at: int) -> None:
    assert parse_timestamp(format_timestamp(at)) == at

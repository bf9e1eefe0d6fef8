import json
import tracemalloc
from collections.abc import Callable
from time import process_time

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from msgspec.structs import replace

from streams.contract.events import keys
from streams.contract.events.content_modes import to_structured
from streams.contract.events.decoder import EventDecoder, EventLimits, Refusal
from streams.contract.events.schema.envelope import (
    BINARY_MEDIA_TYPE,
    STRUCTURED_MEDIA_TYPE,
    ActionTakenEvent,
    AnyEvent,
    HeartbeatEvent,
    encode_binary,
    encode_structured,
    heartbeat_event,
    report_event,
    with_recorded_time,
)
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.export.schemas import generated_files
from streams.contract.registry.file import parse_registry, read_registry
from streams.contract.registry.jurisdictions import JURISDICTIONS
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS
from streams.domain import labels
from streams.domain.events import Action, ActionKind, Event, Filing, Heartbeat
from streams.domain.labels import Labels
from streams.domain.vocabulary import Basis, Channel, Harm, Outcome, RefusalReason, Reporter, Severity
from tests.support.events.examples import (
    ACTION_EXAMPLES,
    AT,
    FILING,
    FILING_WITH_ALL_FIELDS,
    HEARTBEAT,
    REJECTED_EXAMPLES,
    RESTRICTED,
    TOKEN,
    RejectedExample,
    accepted_events,
    build_event,
    filing_json,
)
from tests.support.events.input_record import InputRecord
from tests.support.paths import DEMO_REGISTRY

REGISTRY = read_registry(DEMO_REGISTRY)
DECODER = EventDecoder(REGISTRY)
OWN_TOPICS = parse_registry(
    b"""
    [[platforms]]
    id = "harbor"
    provider = "Breakwater Social Ltd"
    [[platforms]]
    id = "meadow"
    provider = "Tall Grass Networks"
    """,
    "own.toml",
)
CLOUDEVENT = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def topic_for(said: AnyEvent) -> str:
    return "action-taken" if isinstance(said, ActionTakenEvent) else "report-filed"


def input_record(said: AnyEvent) -> InputRecord:
    key = keys.heartbeat_key("harbor") if isinstance(said, HeartbeatEvent) else keys.record_key("harbor", TOKEN)
    return InputRecord(topic_for(said), encode_structured(said), key)


def json_bytes(tree: object) -> InputRecord:
    value = json.dumps(tree).encode()
    return InputRecord("action-taken" if b"action-taken" in value else "report-filed", value)


def action_record(base: InputRecord, said: AnyEvent) -> Event | Refusal:
    headers, value = encode_binary(said)
    return DECODER.decode(base._replace(headers=headers, value=value))


def test_a_filing_becomes_a_fact_with_its_labels_and_both_times() -> None:
    record = input_record(build_event(FILING_WITH_ALL_FIELDS))

    fact = DECODER.decode(record)

    filed_labels = Labels(
        harm=Harm.GROOMING,
        reporter=Reporter.GUARDIAN,
        trusted_flagger=False,
        channel=Channel.IN_APP,
        basis=Basis.TERMS,
        severity=Severity.CRITICAL,
        jurisdictions="EU+UK",
    )
    assert isinstance(fact, Filing)
    assert fact[:5] == (record.key, "harbor", AT, AT + 1_000, keys.event_digest("event-0001"))
    assert fact[6:] == (labels.encode_labels(filed_labels), 3, True, False)


@pytest.mark.parametrize("said", accepted_events(), ids=lambda said: type(said).__name__)
def test_every_kind_of_event_is_accepted_in_both_modes_alike(said: AnyEvent) -> None:
    record = input_record(said)

    structured = DECODER.decode(record._replace(headers=CLOUDEVENT))

    assert not isinstance(structured, Refusal)
    assert DECODER.decode(record) == structured
    assert action_record(record, said) == structured


@pytest.mark.parametrize("outcome", ACTION_EXAMPLES, ids=lambda outcome: type(outcome).__name__)
def test_an_action_becomes_the_action_of_its_outcome(outcome: object) -> None:
    fact = DECODER.decode(input_record(build_event(outcome)))  # type: ignore[arg-type]  # one of the outcomes

    assert isinstance(fact, Action)
    assert fact.kind.outcome == outcome.__struct_config__.tag  # type: ignore[attr-defined]  # a msgspec type
    assert fact.kind.is_final is (fact.kind.outcome is Outcome.RESTRICTED)


def test_a_demotion_is_a_restriction_that_does_not_end_the_matter() -> None:
    tree = json.loads(encode_structured(build_event(RESTRICTED)))
    tree["data"]["restrictions"] = ["demoted"]

    fact = DECODER.decode(json_bytes(tree))

    assert isinstance(fact, Action)
    assert fact.kind == ActionKind(Outcome.RESTRICTED, is_final=False)


@pytest.mark.parametrize("spoilt", REJECTED_EXAMPLES, ids=lambda spoilt: spoilt.sentence)
def test_an_event_with_a_fault_is_refused_for_it(spoilt: RejectedExample) -> None:
    refusal = DECODER.decode(json_bytes(spoilt.tree))

    platform = "" if spoilt.field == "source" else "harbor"
    assert refusal == Refusal(spoilt.reason, spoilt.field, platform)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        None,
        b"{",
        b"\xef\xbb\xbf" + encode_structured(build_event(FILING)),
        encode_structured(build_event(FILING)).decode().encode("utf-16"),
        encode_structured(build_event(FILING)).replace(b"grooming", b"gr\xf6\xf6ming"),
        encode_structured(build_event(FILING)).replace(b"grooming", rb"\ud800"),
        encode_structured(build_event(FILING)).replace(b'"grooming"', b"NaN"),
        encode_structured(build_event(FILING)).replace(b'"grooming"', b"-Infinity"),
        encode_structured(build_event(FILING)) + b"{}",
        b"[" * 8_000 + b"]" * 8_000,
        encode_structured(build_event(FILING)).replace(b'"grooming"', b"[" * 7_000 + b"]" * 7_000),
        encode_structured(build_event(FILING)).replace(b'"data":{', b'"data":{"harm":"other",'),
        encode_structured(build_event(FILING)).replace(b'"id":', b'"id":"event-0002","id":'),
        encode_structured(build_event(FILING)).replace(b'"data":{', b'"data":{"test":true,"test":false,'),
        json.dumps(filing_json()).encode().replace(b'"id":', b'"\\u0069d": "event-0002", "id":'),
    ],
)
def test_what_is_not_strict_json_is_not_read(value: bytes | None) -> None:
    refusal = DECODER.decode(InputRecord("report-filed", value))

    assert refusal == Refusal(RefusalReason.NOT_JSON, "", "")


@pytest.mark.parametrize("value", [b"[]", b"5", b'"text"', b"null", b"{}"])
def test_json_that_is_no_event_is_not_a_cloudevent(value: bytes) -> None:
    refusal = DECODER.decode(InputRecord("report-filed", value))

    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.NOT_CLOUDEVENT


def test_a_platform_that_is_not_registered_is_refused_before_its_other_faults() -> None:
    tree = filing_json() | {"source": "/platforms/nobody", "time": "yesterday"}

    refusal = DECODER.decode(json_bytes(tree))

    assert refusal == Refusal(RefusalReason.UNKNOWN_PLATFORM, "source", "")


def test_a_witness_may_not_speak_yet() -> None:
    refusal = DECODER.decode(json_bytes(filing_json() | {"source": "/witnesses/harbor"}))

    assert refusal == Refusal(RefusalReason.UNKNOWN_PLATFORM, "source", "")


def test_a_platform_may_not_speak_on_the_topic_of_another() -> None:
    record = input_record(build_event(FILING))._replace(topic="report-filed.meadow")

    refusal = EventDecoder(OWN_TOPICS).decode(record)

    assert refusal == Refusal(RefusalReason.WRONG_PLATFORM, "source", "meadow")


def test_what_cannot_be_read_is_put_down_to_the_only_platform_of_its_topic() -> None:
    refusal = EventDecoder(OWN_TOPICS).decode(InputRecord("report-filed.meadow", b"?"))

    assert refusal == Refusal(RefusalReason.NOT_JSON, "", "meadow")


def test_an_action_does_not_belong_on_the_topic_of_filings() -> None:
    refusal = DECODER.decode(input_record(build_event(RESTRICTED))._replace(topic="report-filed"))

    assert refusal == Refusal(RefusalReason.UNKNOWN_TYPE, "type", "harbor")


@pytest.mark.parametrize("key", [None, b"", b"harbor", TOKEN.encode(), b"meadow|" + TOKEN.encode()])
def test_a_record_under_another_key_is_refused(key: bytes | None) -> None:
    refusal = DECODER.decode(input_record(build_event(FILING))._replace(key=key))

    assert refusal == Refusal(RefusalReason.KEY_MISMATCH, "", "harbor")


def test_a_heartbeat_is_keyed_by_its_platform_and_says_which_topic_carried_it() -> None:
    said = heartbeat_event(HEARTBEAT, platform="harbor", id="beat-0001", occurred_at=AT)

    fact = DECODER.decode(input_record(said)._replace(topic="action-taken"))

    assert fact == Heartbeat("harbor", AT, AT + 1_000, AT, 7, "action-taken")
    assert DECODER.decode(input_record(said)._replace(key=b"meadow")) == Refusal(
        RefusalReason.KEY_MISMATCH, "", "harbor"
    )


def test_a_heartbeat_is_about_no_report() -> None:
    tree = json.loads(
        encode_structured(heartbeat_event(HEARTBEAT, platform="harbor", id="beat-0001", occurred_at=AT))
    ) | {"subject": TOKEN}

    refusal = DECODER.decode(json_bytes(tree))

    assert refusal == Refusal(RefusalReason.UNKNOWN_FIELD, "", "harbor")


def test_a_heartbeat_cannot_vouch_for_the_future() -> None:
    tree = json.loads(encode_structured(heartbeat_event(HEARTBEAT, platform="harbor", id="beat-0001", occurred_at=AT)))
    tree["data"]["complete_through"] = "2027-01-01T00:00:00Z"

    refusal = DECODER.decode(json_bytes(tree))

    assert refusal == Refusal(RefusalReason.FUTURE_TIME, "complete_through", "harbor")


def test_an_event_may_be_ahead_of_its_log_time_by_the_skew_of_clocks_only() -> None:
    record = input_record(build_event(FILING))

    within = DECODER.decode(record._replace(timestamp=AT - EventLimits().max_future_ms))
    beyond = DECODER.decode(record._replace(timestamp=AT - EventLimits().max_future_ms - 1))

    assert isinstance(within, Filing)
    assert beyond == Refusal(RefusalReason.FUTURE_TIME, "time", "harbor")


def test_a_filing_is_logged_within_two_weeks_but_an_action_whenever_it_comes() -> None:
    later = AT + EventLimits().max_age_ms

    within = DECODER.decode(input_record(build_event(FILING))._replace(timestamp=later))
    beyond = DECODER.decode(input_record(build_event(FILING))._replace(timestamp=later + 1))
    action = DECODER.decode(input_record(build_event(RESTRICTED))._replace(timestamp=later + 1))

    assert isinstance(within, Filing)
    assert beyond == Refusal(RefusalReason.TOO_OLD, "time", "harbor")
    assert isinstance(action, Action)


def test_a_record_is_as_large_as_its_value_and_headers_together() -> None:
    record = input_record(build_event(FILING))
    room = EventLimits().max_bytes - len(record.value or b"")

    within = DECODER.decode(record._replace(headers=[("trace", bytes(room - 5))]))
    beyond = DECODER.decode(record._replace(headers=[("trace", bytes(room - 4))]))

    assert isinstance(within, Filing)
    assert beyond == Refusal(RefusalReason.TOO_LARGE, "", "")


@pytest.mark.parametrize(
    ("headers", "value", "reason", "field"),
    [
        ([("ce_password", b"x")], None, RefusalReason.UNKNOWN_FIELD, ""),
        ([("ce_id", b"event-0002")], None, RefusalReason.NOT_CLOUDEVENT, "id"),
        ([("content-type", b"text/plain")], None, RefusalReason.NOT_CLOUDEVENT, "datacontenttype"),
        ([], b'{}},"id":"event-0002"', RefusalReason.NOT_JSON, ""),
        ([], b"", RefusalReason.MISSING_FIELD, "data"),
        ([], b"[]", RefusalReason.BAD_VALUE, "data"),
    ],
)
def test_binary_mode_is_as_strict(
    headers: list[tuple[str, bytes]], value: bytes | None, reason: RefusalReason, field: str
) -> None:
    base = input_record(build_event(FILING))
    attributes_, data = encode_binary(build_event(FILING))

    refusal = DECODER.decode(base._replace(headers=attributes_ + headers, value=data if value is None else value))

    assert isinstance(refusal, Refusal)
    assert refusal[:2] == (reason, field)


@pytest.mark.parametrize("headers", [None, [("ce_id", None)], [("content-type", None)], [("trace", None)]])
@pytest.mark.parametrize("value", [None, b"{}"])
def test_headers_without_values_and_records_without_headers_do_no_harm(
    headers: list[tuple[str, bytes]] | None, value: bytes | None
) -> None:
    refusal = DECODER.decode(input_record(build_event(FILING))._replace(headers=headers, value=value))

    assert isinstance(refusal, Refusal)


@pytest.mark.parametrize("kind", [b"application/json", b"application/cloudevents-batch+json", b"text/plain", b"\xff"])
def test_a_content_type_that_is_not_ours_is_not_guessed(kind: bytes) -> None:
    refusal = DECODER.decode(input_record(build_event(FILING))._replace(headers=[("content-type", kind)]))

    assert refusal == Refusal(RefusalReason.NOT_CLOUDEVENT, "datacontenttype", "")


CONTENT_TYPES = {
    "{}": True,
    "{};charset=utf-8": True,
    "{}; charset=utf-8": True,
    '{} ; Charset="UTF-8"': True,
    "{}; charset=utf8": True,
    "{}; charset = utf-8": True,
    "{}; profile=x; charset=utf-8;version=1": True,
    '{}; note="a;charset=latin1 \\" b"': True,
    "{};": True,
    " {} ": True,
    "{}; charset=latin1": False,
    "{}; charset=utf-16": False,
    "{}; charset=utf-80": False,
    '{}; charset="utf-8': False,
    "{}; charset=utf-8; charset=latin1": False,
    "{}; charset": False,
    "{}; =x": False,
    "{}; charset=utf-8, x": False,
}


@pytest.mark.parametrize("written", CONTENT_TYPES)
@pytest.mark.parametrize("change", [str, str.upper, str.title])
def test_a_media_type_is_read_alike_in_both_modes_and_by_the_schema(written: str, change: Callable[[str], str]) -> None:
    said, base = build_event(FILING), input_record(build_event(FILING))
    whole, plain = (written.format(change(name)) for name in (STRUCTURED_MEDIA_TYPE, BINARY_MEDIA_TYPE))
    attributes_, data = encode_binary(said)
    tree = json.loads(encode_structured(said)) | {"datacontenttype": plain}

    found = [
        DECODER.decode(base._replace(headers=[("content-type", whole.encode())])),
        DECODER.decode(base._replace(headers=[("content-type", plain.encode()), *attributes_[1:]], value=data)),
        DECODER.decode(base._replace(value=json.dumps(tree).encode())),
        DECODER.decode_line(json.dumps(tree).encode(), MAX_TIMESTAMP_MS),
    ]

    refusals = [refusal[:2] for refusal in found if isinstance(refusal, Refusal)]
    assert refusals == ([] if CONTENT_TYPES[written] else [(RefusalReason.BAD_VALUE, "datacontenttype")] * 4)
    schema = Draft202012Validator(json.loads(generated_files()["report-filed.v1.json"]))
    assert schema.is_valid(tree) == CONTENT_TYPES[written]


@pytest.mark.parametrize("hostile", [" " * 16_000, "; " * 8_000, ";a=b" * 4_000, ';a="' + "\\x" * 7_000, ";a" * 8_000])
def test_no_media_type_takes_long(hostile: str) -> None:
    attributes_, data = encode_binary(build_event(FILING))
    headers = [("content-type", f"{BINARY_MEDIA_TYPE}{hostile}@".encode()), *attributes_[1:]]

    began = process_time()
    refusal = to_structured(headers, data)

    assert refusal == (RefusalReason.BAD_VALUE, "datacontenttype")
    assert process_time() - began < 0.2


def test_the_same_event_has_the_same_content_however_it_is_written() -> None:
    tree = filing_json()
    compact = DECODER.decode(input_record(build_event(FILING)))
    tree["data"] |= {"items": 1, "severity": "unspecified", "jurisdictions": ["GB", "DE"]}
    backwards = dict(reversed([*tree.items(), ("datacontenttype", "application/json")]))

    spelled_out = DECODER.decode(json_bytes(backwards))
    elsewhere = DECODER.decode(json_bytes(backwards | {"time": "2026-01-01T01:00:00.1239+01:00"}))

    assert spelled_out == compact
    assert elsewhere == compact


def test_another_word_is_another_content() -> None:
    first = DECODER.decode(input_record(build_event(FILING)))
    tree = filing_json()
    tree["data"]["surface"] = "live"

    second = DECODER.decode(json_bytes(tree))

    assert isinstance(first, Filing)
    assert isinstance(second, Filing)
    assert first.id == second.id
    assert first.content != second.content


def test_lists_of_all_countries_in_ever_new_orders_do_not_fill_the_memory() -> None:
    codes, decoder = sorted(JURISDICTIONS), EventDecoder(REGISTRY)
    orders = [codes[place:] + codes[:place] for place in range(200)]
    records = [input_record(build_event(replace(FILING, jurisdictions=tuple(order)))) for order in orders]
    decoder.decode(input_record(build_event(FILING)))

    tracemalloc.start()
    refused = sum(isinstance(decoder.decode(record), Refusal) for record in records)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert not refused
    assert held < 1024 * len(records)


def test_a_line_of_a_file_was_logged_when_it_says_so_else_when_it_happened() -> None:
    said = build_event(FILING)

    plain = DECODER.decode_line(encode_structured(said) + b"\n", MAX_TIMESTAMP_MS)
    late = DECODER.decode_line(encode_structured(with_recorded_time(said, AT + 60_000)), MAX_TIMESTAMP_MS)
    older = DECODER.decode_line(
        encode_structured(with_recorded_time(said, AT + EventLimits().max_age_ms + 1)), MAX_TIMESTAMP_MS
    )

    assert isinstance(plain, Filing)
    assert isinstance(late, Filing)
    assert (plain.logged_at, late.logged_at) == (AT, AT + 60_000)
    assert plain.content == late.content
    assert older == Refusal(RefusalReason.TOO_OLD, "time", "harbor")


def test_a_line_may_be_as_large_as_a_record_and_its_line_feed_is_no_part_of_it() -> None:
    line = encode_structured(build_event(FILING)).ljust(EventLimits().max_bytes)

    within = DECODER.decode_line(line + b"\n", MAX_TIMESTAMP_MS)
    beyond = DECODER.decode_line(line + b" \n", MAX_TIMESTAMP_MS)

    assert isinstance(within, Filing)
    assert beyond == Refusal(RefusalReason.TOO_LARGE, "", "")


def test_an_open_registry_accepts_every_well_formed_platform() -> None:
    said = report_event(FILING, platform="anyone", token=TOKEN, id="event-0001", occurred_at=AT)
    decoder = EventDecoder(Registry.accepting_all())

    fact = decoder.decode_line(encode_structured(said), MAX_TIMESTAMP_MS)

    assert isinstance(fact, Filing)
    assert fact.platform == "anyone"
    assert (
        decoder.decode_line(encode_structured(said).replace(b"anyone", b"Any|one"), MAX_TIMESTAMP_MS)[0]
        is RefusalReason.BAD_VALUE
    )


def test_a_heartbeat_in_a_file_counts_for_both_topics() -> None:
    fact = DECODER.decode_line(
        encode_structured(heartbeat_event(HEARTBEAT, platform="harbor", id="beat-0001", occurred_at=AT)),
        MAX_TIMESTAMP_MS,
    )

    assert isinstance(fact, Heartbeat)
    assert fact.topic_role == ""


@pytest.mark.parametrize(
    ("registry", "owner"), [(OWN_TOPICS, "meadow"), (REGISTRY, "")], ids=["its own topic", "a shared topic"]
)
def test_a_batch_that_cannot_be_read_is_its_topics_owners(registry: Registry, owner: str) -> None:
    topic = registry.platforms["meadow"].report_filed
    decoder = EventDecoder(registry)

    assert decoder.decode(UnreadableBatch(topic, 0, 7, 0, None)) == Refusal(RefusalReason.UNDECODABLE, "", owner)


def test_a_report_is_escalated_to_a_body_and_not_to_a_reason_for_a_refusal() -> None:
    (escalated,) = [line for line in map(encode_structured, accepted_events()) if b'"to":"hotline"' in line]

    refusal = DECODER.decode_line(escalated.replace(b'"hotline"', b'"over_capacity"'), MAX_TIMESTAMP_MS)

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.field) == (RefusalReason.BAD_VALUE, "to")

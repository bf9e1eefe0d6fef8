import json

import pytest

from streams.contract.events import duplicate_names
from streams.contract.events.domain_mapping import canonical_bytes
from streams.contract.events.duplicate_names import has_duplicate_names
from streams.contract.events.schema.envelope import AnyEvent, HeartbeatEvent, encode_structured
from streams.contract.timestamps import parse_timestamp
from tests.support.events.examples import accepted_events


def json_names(event: AnyEvent) -> bytes:
    subject = "" if isinstance(event, HeartbeatEvent) else event.subject
    platform = event.source.removeprefix("/platforms/")
    kind = str(type(event).__struct_config__.tag)
    return canonical_bytes((kind, platform, subject, event.id), parse_timestamp(event.time), event.data)


@pytest.mark.parametrize("event", accepted_events()[:-1], ids=lambda event: type(event).__name__)
def test_an_event_as_we_write_it_is_cleared_by_its_length_and_by_its_marks(event: AnyEvent) -> None:
    raw = encode_structured(event)

    longer = len(raw) - len(json_names(event))
    more_marks = raw.count(b'"') - json_names(event).count(b'"')

    assert longer == duplicate_names._COMPACT_EXTRA_BYTES[type(event)]
    assert more_marks == duplicate_names._EXTRA_QUOTES[type(event)]


@pytest.mark.parametrize("event", accepted_events(), ids=lambda event: type(event).__name__)
def test_a_double_is_found_at_whatever_length(event: AnyEvent) -> None:
    tree = json.loads(encode_structured(event))
    name = next(iter(tree["data"]))
    double = f'"data": {{"{name}": {json.dumps(tree["data"][name])}, '.encode()
    once = json.dumps(tree).encode()
    twice = once.replace(b'"data": {', double)

    assert not has_duplicate_names(event, once, json_names(event))
    assert has_duplicate_names(event, twice, json_names(event))
    assert has_duplicate_names(event, encode_structured(event).replace(b'"id":', b'"id":"","id":'), json_names(event))


def test_a_double_that_is_written_with_an_escape_is_found() -> None:
    event = accepted_events()[0]
    raw = encode_structured(event).replace(b'"id":', b'"\\u0069d":"event-0001","id":')

    assert has_duplicate_names(event, raw, json_names(event))

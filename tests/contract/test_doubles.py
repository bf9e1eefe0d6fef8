import json

import pytest

from streams.contract.events import duplicate_names
from streams.contract.events.domain_mapping import canonical
from streams.contract.events.duplicate_names import names_twice
from streams.contract.events.schema.envelope import AnyEvent, HeartbeatEvent, encode
from streams.contract.timestamps import parse
from tests.contract.examples import accepted


def said(event: AnyEvent) -> bytes:
    subject = "" if isinstance(event, HeartbeatEvent) else event.subject
    platform = event.source.removeprefix("/platforms/")
    kind = str(type(event).__struct_config__.tag)
    return canonical((kind, platform, subject, event.id), parse(event.time), event.data)


@pytest.mark.parametrize("event", accepted()[:-1], ids=lambda event: type(event).__name__)
def test_an_event_as_we_write_it_is_cleared_by_its_length_and_by_its_marks(event: AnyEvent) -> None:
    raw = encode(event)

    longer = len(raw) - len(said(event))
    more_marks = raw.count(b'"') - said(event).count(b'"')

    assert longer == duplicate_names._COMPACT[type(event)]
    assert more_marks == duplicate_names._MARKS[type(event)]


@pytest.mark.parametrize("event", accepted(), ids=lambda event: type(event).__name__)
def test_a_double_is_found_at_whatever_length(event: AnyEvent) -> None:
    tree = json.loads(encode(event))
    name = next(iter(tree["data"]))
    double = f'"data": {{"{name}": {json.dumps(tree["data"][name])}, '.encode()
    once = json.dumps(tree).encode()
    twice = once.replace(b'"data": {', double)

    assert not names_twice(event, once, said(event))
    assert names_twice(event, twice, said(event))
    assert names_twice(event, encode(event).replace(b'"id":', b'"id":"","id":'), said(event))


def test_a_double_that_is_written_with_an_escape_is_found() -> None:
    event = accepted()[0]
    raw = encode(event).replace(b'"id":', b'"\\u0069d":"event-0001","id":')

    assert names_twice(event, raw, said(event))

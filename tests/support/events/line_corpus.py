"""Lines that are good, and lines that are bad in every way, each with the reason and the field that must be told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from streams.contract.events.schema.envelope import AnyEvent, encode_structured, heartbeat_event
from streams.contract.events.schema.event_data import HeartbeatData
from streams.contract.events.source_records import EventLimits
from streams.contract.registry.registry import AuditedHistory, Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS, format_timestamp, parse_timestamp
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import AT, FILING, REJECTED_EXAMPLES, RESTRICTED, accepted_events, build_event

NOW: Final = AT + HOUR
"""The wall clock of every entry point."""

FAR_FUTURE: Final = "2062-01-01T00:00:00Z"
MAX_FUTURE_MS: Final = EventLimits().max_future_ms
MAX_AGE_MS: Final = EventLimits().max_age_ms
MAX_BYTES: Final = EventLimits().max_bytes


def registry_with_history(registry: Registry) -> Registry:
    """Return a registry in which all that happened before now is open as history."""
    everything = AuditedHistory(since=0, until=NOW, opened_on=NOW, opened_by="audit")
    platforms = {name: replace(each, history=(everything,)) for name, each in registry.platforms.items()}
    return replace(registry, platforms=platforms)


class LineCase(NamedTuple):
    """A line, and the expected reason and field of its refusal: as history, and as a live event.

    None where the line is accepted.
    """

    sentence: str
    line: bytes
    expected_in_history: tuple[RefusalReason, str] | None
    expected_live: tuple[RefusalReason, str] | None


def _changed_event(base: AnyEvent, **changes: object) -> bytes:
    tree: dict[str, Any] = json.loads(encode_structured(base))
    return json.dumps(tree | changes).encode()


def _heartbeat_line(at: int, through: int, **changes: object) -> bytes:
    data = HeartbeatData(complete_through=format_timestamp(through), sequence=1)
    return _changed_event(heartbeat_event(data, platform="harbor", id="beat-0002", occurred_at=at), **changes)


def _rejected_case(sentence: str, line: bytes, reason: RefusalReason, field: str) -> LineCase:
    return LineCase(sentence, line, (reason, field), (reason, field))


def _accepted_case(sentence: str, line: bytes) -> LineCase:
    return LineCase(sentence, line, None, None)


def _value_cases() -> Iterator[LineCase]:
    filing = encode_structured(build_event(FILING))
    for number, good in enumerate(accepted_events()):
        yield _accepted_case(f"a good {type(good).__name__} {number}", encode_structured(good))
    for spoilt in REJECTED_EXAMPLES:
        yield _rejected_case(spoilt.sentence, json.dumps(spoilt.tree).encode(), spoilt.reason, spoilt.field)
    yield _accepted_case("blanks around an event", b"  " + filing + b" \t")
    yield _rejected_case("no JSON", b"{", RefusalReason.NOT_JSON, "")
    yield _rejected_case("a line that was cut off", filing[:-30], RefusalReason.NOT_JSON, "")
    yield _rejected_case("two events in a line", filing * 2, RefusalReason.NOT_JSON, "")
    yield _rejected_case("bytes that are no UTF-8", filing.replace(b"harbor", b"h\xe4rbor"), RefusalReason.NOT_JSON, "")
    yield _rejected_case("a byte order mark in a line", b"\xef\xbb\xbf" + filing, RefusalReason.NOT_JSON, "")
    yield _rejected_case("a name twice", filing[:-1] + b',"id":"event-0002"}', RefusalReason.NOT_JSON, "")
    yield _rejected_case("a list", b"[" + filing + b"]", RefusalReason.NOT_CLOUDEVENT, "")
    yield _rejected_case("nothing but a word", b'"filed"', RefusalReason.NOT_CLOUDEVENT, "")
    yield _rejected_case(
        "nobody's platform", filing.replace(b"harbor", b"nobody"), RefusalReason.UNKNOWN_PLATFORM, "source"
    )
    yield _rejected_case("a nest without end", b"[" * 9_000, RefusalReason.NOT_JSON, "")


def _by_size() -> Iterator[LineCase]:
    filing = encode_structured(build_event(FILING))
    yield _accepted_case("as large as a record may be", filing.ljust(MAX_BYTES))
    yield _rejected_case("a byte too large", filing.ljust(MAX_BYTES + 1), RefusalReason.TOO_LARGE, "")
    yield _rejected_case("much too large", filing.ljust(200_000), RefusalReason.TOO_LARGE, "")
    yield _rejected_case("too large and no JSON", b"x" * 70_000, RefusalReason.TOO_LARGE, "")


def _by_time() -> Iterator[LineCase]:
    filing, action, future = build_event(FILING), build_event(RESTRICTED), RefusalReason.FUTURE_TIME
    for kind in (filing, action):
        name = type(kind).__name__
        yield _rejected_case(f"{name} in 2062", _changed_event(kind, time=FAR_FUTURE), future, "time")
        yield _rejected_case(
            f"{name} recorded in 2062", _changed_event(kind, recordedtime=FAR_FUTURE), future, "recordedtime"
        )
        both = _changed_event(kind, time=FAR_FUTURE, recordedtime=FAR_FUTURE)
        yield _rejected_case(f"{name} in 2062 and recorded then", both, future, "time")
        after = _changed_event(kind, recordedtime=format_timestamp(AT - MAX_FUTURE_MS - 1))
        yield _rejected_case(f"{name} that was recorded before it happened", after, future, "time")
        yield _accepted_case(
            f"{name} as far ahead as clocks differ", _changed_event(kind, time=format_timestamp(NOW + MAX_FUTURE_MS))
        )
        yield _rejected_case(
            f"{name} a millisecond further",
            _changed_event(kind, time=format_timestamp(NOW + MAX_FUTURE_MS + 1)),
            future,
            "time",
        )
        yield _rejected_case(
            f"{name} at the end of time", _changed_event(kind, time=format_timestamp(MAX_TIMESTAMP_MS)), future, "time"
        )
        late = _changed_event(kind, recordedtime=format_timestamp(NOW + MAX_FUTURE_MS))
        yield _accepted_case(f"{name} recorded as far ahead as clocks differ", late)
        later = _changed_event(kind, recordedtime=format_timestamp(NOW + MAX_FUTURE_MS + 1))
        yield _rejected_case(f"{name} recorded a millisecond further", later, future, "recordedtime")
        yield _rejected_case(
            f"{name} before 1970", _changed_event(kind, time="1969-12-31T23:59:59Z"), RefusalReason.BAD_TIME, "time"
        )
        yield _rejected_case(
            f"{name} at a leap second",
            _changed_event(kind, time="2016-12-31T23:59:60Z"),
            RefusalReason.BAD_TIME,
            "time",
        )


def _by_age() -> Iterator[LineCase]:
    filing, action, old = build_event(FILING), build_event(RESTRICTED), (RefusalReason.TOO_OLD, "time")
    # What was told two weeks late is too old by either basis; what was told at once long ago is only too old for now.
    logged_late = _changed_event(filing, time=format_timestamp(AT - MAX_AGE_MS), recordedtime=format_timestamp(AT + 1))
    yield LineCase("a filing told two weeks late", logged_late, old, old)
    long_ago = _changed_event(filing, time=format_timestamp(AT - 30 * DAY))
    yield LineCase("a filing of long ago, told at once", long_ago, None, old)
    yield _accepted_case("an action of long ago", _changed_event(action, time=format_timestamp(AT - 30 * DAY)))


def _watermark_cases() -> Iterator[LineCase]:
    future = RefusalReason.FUTURE_TIME
    yield _accepted_case("a promise as far ahead as clocks differ", _heartbeat_line(AT, AT + MAX_FUTURE_MS))
    further = _heartbeat_line(AT, AT + MAX_FUTURE_MS + 1)
    yield _rejected_case("a promise beyond its heartbeat", further, future, "complete_through")
    logged_later = _heartbeat_line(AT, AT + 10 * MINUTE, recordedtime=format_timestamp(NOW))
    yield _rejected_case("a promise beyond its heartbeat, told later", logged_later, future, "complete_through")
    yield _rejected_case("a heartbeat in 2062", _heartbeat_line(AT, AT, time=FAR_FUTURE), future, "time")
    in_data = _heartbeat_line(AT, AT, data={"complete_through": FAR_FUTURE, "sequence": 1})
    yield _rejected_case("a promise up to 2062", in_data, future, "complete_through")
    recorded_then = json.dumps({**json.loads(in_data), "recordedtime": FAR_FUTURE}).encode()
    yield _rejected_case("a promise up to 2062, recorded then", recorded_then, future, "recordedtime")


def cases() -> list[LineCase]:
    """Return the corpus; sentences are distinct."""
    found = [*_value_cases(), *_by_size(), *_by_time(), *_by_age(), *_watermark_cases()]
    assert len({case.sentence for case in found}) == len(found)
    return found


def recorded_time_of(case: LineCase) -> int:
    """Return the instant at which a line says that it was told, `NOW` where it does not say so."""
    try:
        tree = json.loads(case.line)
        return parse_timestamp(tree.get("recordedtime") or tree["time"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NOW

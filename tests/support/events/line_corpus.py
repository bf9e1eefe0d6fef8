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
from tests.support.events.examples import AT, FILING, RESTRICTED, SPOILT, accepted, event

NOW: Final = AT + HOUR
"""The wall clock of every entry point."""

IN_2062: Final = "2062-01-01T00:00:00Z"
AHEAD: Final = EventLimits().max_future_ms
OLD: Final = EventLimits().max_age_ms
ROOM: Final = EventLimits().max_bytes


def opened(registry: Registry) -> Registry:
    """Return a registry in which all that happened before now is open as history."""
    everything = AuditedHistory(since=0, until=NOW, opened_on=NOW, opened_by="audit")
    platforms = {name: replace(each, history=(everything,)) for name, each in registry.platforms.items()}
    return replace(registry, platforms=platforms)


class Case(NamedTuple):
    """A line; `history` is its reason and field where it was told when it says so, `live` where it is told now.

    None where it is accepted.
    """

    sentence: str
    line: bytes
    history: tuple[RefusalReason, str] | None
    live: tuple[RefusalReason, str] | None


def _with(base: AnyEvent, **changes: object) -> bytes:
    tree: dict[str, Any] = json.loads(encode_structured(base))
    return json.dumps(tree | changes).encode()


def _beat(at: int, through: int, **changes: object) -> bytes:
    data = HeartbeatData(complete_through=format_timestamp(through), sequence=1)
    return _with(heartbeat_event(data, platform="harbor", id="beat-0002", occurred_at=at), **changes)


def _both(sentence: str, line: bytes, reason: RefusalReason, field: str) -> Case:
    return Case(sentence, line, (reason, field), (reason, field))


def _fine(sentence: str, line: bytes) -> Case:
    return Case(sentence, line, None, None)


def _by_words() -> Iterator[Case]:
    filing = encode_structured(event(FILING))
    for number, good in enumerate(accepted()):
        yield _fine(f"a good {type(good).__name__} {number}", encode_structured(good))
    for spoilt in SPOILT:
        yield _both(spoilt.sentence, json.dumps(spoilt.tree).encode(), spoilt.reason, spoilt.field)
    yield _fine("blanks around an event", b"  " + filing + b" \t")
    yield _both("no JSON", b"{", RefusalReason.NOT_JSON, "")
    yield _both("a line that was cut off", filing[:-30], RefusalReason.NOT_JSON, "")
    yield _both("two events in a line", filing * 2, RefusalReason.NOT_JSON, "")
    yield _both("bytes that are no UTF-8", filing.replace(b"harbor", b"h\xe4rbor"), RefusalReason.NOT_JSON, "")
    yield _both("a byte order mark in a line", b"\xef\xbb\xbf" + filing, RefusalReason.NOT_JSON, "")
    yield _both("a name twice", filing[:-1] + b',"id":"event-0002"}', RefusalReason.NOT_JSON, "")
    yield _both("a list", b"[" + filing + b"]", RefusalReason.NOT_CLOUDEVENT, "")
    yield _both("nothing but a word", b'"filed"', RefusalReason.NOT_CLOUDEVENT, "")
    yield _both("nobody's platform", filing.replace(b"harbor", b"nobody"), RefusalReason.UNKNOWN_PLATFORM, "source")
    yield _both("a nest without end", b"[" * 9_000, RefusalReason.NOT_JSON, "")


def _by_size() -> Iterator[Case]:
    filing = encode_structured(event(FILING))
    yield _fine("as large as a record may be", filing.ljust(ROOM))
    yield _both("a byte too large", filing.ljust(ROOM + 1), RefusalReason.TOO_LARGE, "")
    yield _both("much too large", filing.ljust(200_000), RefusalReason.TOO_LARGE, "")
    yield _both("too large and no JSON", b"x" * 70_000, RefusalReason.TOO_LARGE, "")


def _by_time() -> Iterator[Case]:
    filing, action, future = event(FILING), event(RESTRICTED), RefusalReason.FUTURE_TIME
    for kind in (filing, action):
        name = type(kind).__name__
        yield _both(f"{name} in 2062", _with(kind, time=IN_2062), future, "time")
        yield _both(f"{name} recorded in 2062", _with(kind, recordedtime=IN_2062), future, "recordedtime")
        both = _with(kind, time=IN_2062, recordedtime=IN_2062)
        yield _both(f"{name} in 2062 and recorded then", both, future, "time")
        after = _with(kind, recordedtime=format_timestamp(AT - AHEAD - 1))
        yield _both(f"{name} that was recorded before it happened", after, future, "time")
        yield _fine(f"{name} as far ahead as clocks differ", _with(kind, time=format_timestamp(NOW + AHEAD)))
        yield _both(
            f"{name} a millisecond further", _with(kind, time=format_timestamp(NOW + AHEAD + 1)), future, "time"
        )
        yield _both(f"{name} at the end of time", _with(kind, time=format_timestamp(MAX_TIMESTAMP_MS)), future, "time")
        late = _with(kind, recordedtime=format_timestamp(NOW + AHEAD))
        yield _fine(f"{name} recorded as far ahead as clocks differ", late)
        later = _with(kind, recordedtime=format_timestamp(NOW + AHEAD + 1))
        yield _both(f"{name} recorded a millisecond further", later, future, "recordedtime")
        yield _both(f"{name} before 1970", _with(kind, time="1969-12-31T23:59:59Z"), RefusalReason.BAD_TIME, "time")
        yield _both(
            f"{name} at a leap second", _with(kind, time="2016-12-31T23:59:60Z"), RefusalReason.BAD_TIME, "time"
        )


def _by_age() -> Iterator[Case]:
    filing, action, old = event(FILING), event(RESTRICTED), (RefusalReason.TOO_OLD, "time")
    # What was told two weeks late is too old by either basis; what was told at once long ago is only too old for now.
    told_late = _with(filing, time=format_timestamp(AT - OLD), recordedtime=format_timestamp(AT + 1))
    yield Case("a filing told two weeks late", told_late, old, old)
    long_ago = _with(filing, time=format_timestamp(AT - 30 * DAY))
    yield Case("a filing of long ago, told at once", long_ago, None, old)
    yield _fine("an action of long ago", _with(action, time=format_timestamp(AT - 30 * DAY)))


def _by_promise() -> Iterator[Case]:
    future = RefusalReason.FUTURE_TIME
    yield _fine("a promise as far ahead as clocks differ", _beat(AT, AT + AHEAD))
    further = _beat(AT, AT + AHEAD + 1)
    yield _both("a promise beyond its heartbeat", further, future, "complete_through")
    told_later = _beat(AT, AT + 10 * MINUTE, recordedtime=format_timestamp(NOW))
    yield _both("a promise beyond its heartbeat, told later", told_later, future, "complete_through")
    yield _both("a heartbeat in 2062", _beat(AT, AT, time=IN_2062), future, "time")
    in_data = _beat(AT, AT, data={"complete_through": IN_2062, "sequence": 1})
    yield _both("a promise up to 2062", in_data, future, "complete_through")
    recorded_then = json.dumps({**json.loads(in_data), "recordedtime": IN_2062}).encode()
    yield _both("a promise up to 2062, recorded then", recorded_then, future, "recordedtime")


def cases() -> list[Case]:
    """Return the corpus; sentences are distinct."""
    found = [*_by_words(), *_by_size(), *_by_time(), *_by_age(), *_by_promise()]
    assert len({case.sentence for case in found}) == len(found)
    return found


def told_by(case: Case) -> int:
    """Return the instant at which a line says that it was told, `NOW` where it does not say so."""
    try:
        tree = json.loads(case.line)
        return parse_timestamp(tree.get("recordedtime") or tree["time"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NOW

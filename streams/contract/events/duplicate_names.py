"""Find names that occur twice in an event, of which the typed decoder silently uses the last.

JSON readers disagree on which of them counts (RFC 8259, section 4), so such an event is refused. The length alone shows
of nearly every event that it has no duplicate names.
"""

from re import compile as pattern
from typing import Final, get_args

from msgspec import UNSET

from streams.contract.events.diagnosis import parse_json
from streams.contract.events.schema.envelope import AnyEvent, HeartbeatEvent

_EVENT_TYPES: Final[tuple[type[AnyEvent], ...]] = get_args(AnyEvent)
# This is how many more quotation marks an event has than its canonical bytes: two around each name of the envelope and
# around the version. Type, source, subject and id are quoted in both; a heartbeat's canonical subject is empty.
_EXTRA_QUOTES: Final = {kind: 14 if kind is HeartbeatEvent else 18 for kind in _EVENT_TYPES}
# This is how many more bytes an event has than its canonical bytes, in compact JSON with a `time` of 24 characters and
# no optional attribute. An event with duplicate names or blanks is longer.
_COMPACT_EXTRA_BYTES: Final = {kind: 74 if kind is HeartbeatEvent else 87 for kind in _EVENT_TYPES}
_find_names: Final = pattern(rb'"([a-z_]+)"\s*:').findall


def has_duplicate_names(event: AnyEvent, raw: bytes, canonical: bytes) -> bool:
    """Return whether `raw`, which was decoded as `event`, contains a name twice; `canonical` are its canonical bytes.

    No accepted string contains a quotation mark. An event without duplicates and without explicit defaults therefore
    has as many quotation marks as its canonical bytes and the names of its envelope together. With explicit defaults
    the names themselves are compared. An event whose names may contain escapes is parsed again, slowly.
    """
    kind = type(event)
    if len(raw) - len(canonical) == _COMPACT_EXTRA_BYTES[kind]:
        return False
    expected_extra = _EXTRA_QUOTES[kind]
    expected_extra += 4 * ((event.datacontenttype is not UNSET) + (event.recordedtime is not UNSET))
    if raw.count(b'"') == canonical.count(b'"') + expected_extra:
        return False
    names = _find_names(raw)
    if b"\\" not in raw and len(names) == len(set(names)):
        return False
    try:
        parse_json(raw)
    except ValueError:
        return True
    return False

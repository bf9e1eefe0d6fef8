"""Names that stand twice in an event, of which the typed decoder silently takes the last.

Readers disagree on which one counts (RFC 8259, section 4), so such an event is refused; nearly all are cleared by
their length alone.
"""

from re import compile as pattern
from typing import Final, get_args

from msgspec import UNSET

from streams.contract.events.diagnosis import parse_json
from streams.contract.events.schema.envelope import AnyEvent, HeartbeatEvent

_EVENT_TYPES: Final[tuple[type[AnyEvent], ...]] = get_args(AnyEvent)
# Quotation marks in an event less those in its canonical bytes: two around each name of the envelope and around
# the version, but none around the type, source, subject and id that both hold. A heartbeat's subject is empty there.
_EXTRA_QUOTES: Final = {kind: 14 if kind is HeartbeatEvent else 18 for kind in _EVENT_TYPES}
# Bytes likewise, of an event in compact JSON with a `time` of 24 characters and no optional attribute: nothing that
# is said twice, or with blanks, is as short as that.
_COMPACT_EXTRA_BYTES: Final = {kind: 74 if kind is HeartbeatEvent else 87 for kind in _EVENT_TYPES}
_find_names: Final = pattern(rb'"([a-z_]+)"\s*:').findall


def has_duplicate_names(event: AnyEvent, raw: bytes, canonical: bytes) -> bool:
    """Tell whether `raw`, which was decoded as `event`, names something twice; `said` are its canonical bytes.

    No accepted string holds a quotation mark, so an event without doubles and without spelled-out defaults has as
    many of them as its canonical bytes and its envelope's names. With such defaults the names themselves are
    compared, all of which differ; an event in which they may be written with escapes is read again, slowly.
    """
    kind = type(event)
    if len(raw) - len(canonical) == _COMPACT_EXTRA_BYTES[kind]:
        return False
    marks = _EXTRA_QUOTES[kind]
    marks += 4 * ((event.datacontenttype is not UNSET) + (event.recordedtime is not UNSET))
    if raw.count(b'"') == canonical.count(b'"') + marks:
        return False
    names = _find_names(raw)
    if b"\\" not in raw and len(names) == len(set(names)):
        return False
    try:
        parse_json(raw)
    except ValueError:
        return True
    return False

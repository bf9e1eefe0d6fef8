"""Names that stand twice in an event, of which the typed decoder silently takes the last.

Readers disagree on which one counts (RFC 8259, section 4), so such an event is refused; nearly all are cleared by
their length alone.
"""

from re import compile as pattern
from typing import Final, get_args

from msgspec import UNSET

from streams.contract.events.diagnosis import plain
from streams.contract.events.schema.envelope import AnyEvent, HeartbeatEvent

_KINDS: Final[tuple[type[AnyEvent], ...]] = get_args(AnyEvent)
# Quotation marks in an event less those in its canonical bytes: two around each name of the envelope and around
# the version, but none around the type, source, subject and id that both hold. A heartbeat's subject is empty there.
_MARKS: Final = {kind: 14 if kind is HeartbeatEvent else 18 for kind in _KINDS}
# Bytes likewise, of an event in compact JSON with a `time` of 24 characters and no optional attribute: nothing that
# is said twice, or with blanks, is as short as that.
_COMPACT: Final = {kind: 74 if kind is HeartbeatEvent else 87 for kind in _KINDS}
_names_in: Final = pattern(rb'"([a-z_]+)"\s*:').findall


def names_twice(event: AnyEvent, raw: bytes, said: bytes) -> bool:
    """Tell whether `raw`, which was decoded as `event`, names something twice; `said` are its canonical bytes.

    No accepted string holds a quotation mark, so an event without doubles and without spelled-out defaults has as
    many of them as its canonical bytes and its envelope's names. With such defaults the names themselves are
    compared, all of which differ; an event in which they may be written with escapes is read again, slowly.
    """
    kind = type(event)
    if len(raw) - len(said) == _COMPACT[kind]:
        return False
    marks = _MARKS[kind]
    marks += 4 * ((event.datacontenttype is not UNSET) + (event.recordedtime is not UNSET))
    if raw.count(b'"') == said.count(b'"') + marks:
        return False
    names = _names_in(raw)
    if b"\\" not in raw and len(names) == len(set(names)):
        return False
    try:
        plain(raw)
    except ValueError:
        return True
    return False

"""Bytes to events, at the door: what is not exactly as declared is refused, with a closed reason and nothing else.

The order of the checks, which decides the reason of an event with several faults: size, mode, JSON, envelope and
type, platform, topic, fields and values, times against the log time, key.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple, Protocol, get_args

import msgspec
from msgspec import UNSET

from streams.contract.cloudevents import (
    SOURCE_PREFIX,
    ActionTakenEvent,
    AnyEvent,
    EventRetractedEvent,
    HeartbeatEvent,
    ReportAmendedEvent,
    ReportFiledEvent,
)
from streams.contract.explain import Fault, explain, is_source, plain
from streams.contract.instants import parse
from streams.contract.jurisdictions import JURISDICTIONS
from streams.contract.keys import event_digest, heartbeat_key, record_key
from streams.contract.meaning import Labels, canonical, deed
from streams.contract.modes import structured
from streams.contract.registry import Registry, Role
from streams.contract.types import ReportAmended, ReportFiled
from streams.domain.events import Action, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.vocabulary import Reason

_DAY_MS: Final = 86_400_000
_TYPES: Final = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)}
# Quotation marks in an event less those in its canonical bytes: two around each name of the envelope and around
# the version, but none around the type, source, subject and id that both hold. A heartbeat's subject is empty there.
_ENVELOPE_MARKS: Final = {kind: 14 if kind is HeartbeatEvent else 18 for kind in _TYPES}
_KINDS: Final[dict[Role, frozenset[type]]] = {
    Role.REPORT_FILED: frozenset({ReportFiledEvent, ReportAmendedEvent, EventRetractedEvent, HeartbeatEvent}),
    Role.ACTION_TAKEN: frozenset({ActionTakenEvent, EventRetractedEvent, HeartbeatEvent}),
}


class Refusal(NamedTuple):
    """Why an event was refused.

    `field` is a name that the contract declares, "data" for an undeclared name in the data, "" for the event or its
    envelope as a whole; `platform` is "" when it is not known. Neither holds anything else that came in.
    """

    reason: Reason
    field: str
    platform: str


class Limits(NamedTuple):
    """How far an event may lie from its log time, in milliseconds, and how large its record may be, in bytes."""

    future_ms: int = 120_000
    too_old_ms: int = 14 * _DAY_MS
    too_large: int = 16 * 1024


class Record(Protocol):
    """A record as a Kafka client hands it over; `timestamp` is the log time in epoch milliseconds."""

    @property
    def topic(self) -> str: ...  # noqa: D102 - Kafka's words
    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...  # noqa: D102


class _Lane(NamedTuple):
    """What may come in on a topic; `platforms` None: any; `owner` is the only platform, or ""."""

    role: str
    kinds: frozenset[type]
    platforms: frozenset[str] | None
    owner: str


_FILE: Final = _Lane("", frozenset().union(*_KINDS.values()), None, "")


_Common = tuple[bytes, str, int, int, int, int]  # what every fact about a report begins with


class _FaultyError(Exception):
    """Carries a fault out of the depth of a decoder; `fault` is all it says."""

    def __init__(self, reason: Reason, field: str) -> None:
        super().__init__()
        self.fault = Fault(reason, field)


class Decoder:
    """Reads events of the platforms in one registry; never raises for anything that came in."""

    def __init__(self, registry: Registry, limits: Limits = Limits()) -> None:  # noqa: B008 - immutable
        self._limits = limits
        self._open = registry.accepts_all
        self._platforms = {SOURCE_PREFIX + platform: platform for platform in registry.platforms}
        self._lanes = {topic: _lane(registry, topic) for topic in registry.source_topics()}
        self._labels = Labels(registry.groups).of
        self._typed = msgspec.json.Decoder(AnyEvent).decode

    def decode(self, record: Record) -> Event | Refusal:
        """Return the event in a record of a source topic, in structured or binary mode, or why it is refused.

        Raises KeyError for a topic that is not the registry's: who subscribed to it made the mistake.
        """
        lane = self._lanes[record.topic]
        raw = record.value or b""
        headers = record.headers
        if len(raw) + sum(len(name) + len(content or b"") for name, content in headers) > self._limits.too_large:
            return Refusal(Reason.TOO_LARGE, "", lane.owner)
        if headers or not raw:
            found = structured(headers, raw)
            if isinstance(found, Fault):
                return Refusal(*found, lane.owner)
            raw = found
        event = self._read(raw, lane, record.timestamp)
        if isinstance(event, Refusal):
            return event
        key = heartbeat_key(event.platform) if isinstance(event, Heartbeat) else event.key
        return event if record.key == key else Refusal(Reason.KEY_MISMATCH, "", event.platform)

    def decode_line(self, line: bytes) -> Event | Refusal:
        """Return the event in a line of a file; without `recordedtime` it was told when it happened."""
        if len(line) > self._limits.too_large:
            return Refusal(Reason.TOO_LARGE, "", "")
        return self._read(line, _FILE, None)

    def _read(self, raw: bytes, lane: _Lane, logged: int | None) -> Event | Refusal:
        try:
            event = self._typed(raw)
        except (ValueError, RecursionError):
            return self._refused(*explain(raw), lane)
        try:
            platform = self._platform(event.source, lane)
            return self._event(event, raw, platform, lane, logged)
        except _FaultyError as faulty:
            return self._refused(faulty.fault, event.source, lane)

    def _refused(self, fault: Fault, source: str, lane: _Lane) -> Refusal:
        """Return the refusal with its platform; that the source may not publish here goes before any other fault."""
        try:
            platform = self._platform(source, lane) if source else ""
        except _FaultyError as faulty:
            return Refusal(*faulty.fault, lane.owner)
        return Refusal(*fault, lane.owner or platform)

    def _platform(self, source: str, lane: _Lane) -> str:
        platform = self._platforms.get(source)
        if platform is None:
            if not is_source(source):
                raise _FaultyError(Reason.BAD_VALUE, "source")
            if not self._open or not source.startswith(SOURCE_PREFIX):
                raise _FaultyError(Reason.UNKNOWN_PLATFORM, "source")
            platform = source.removeprefix(SOURCE_PREFIX)
        if lane.platforms is not None and platform not in lane.platforms:
            raise _FaultyError(Reason.WRONG_PLATFORM, "source")
        return platform

    def _event(self, event: AnyEvent, raw: bytes, platform: str, lane: _Lane, logged: int | None) -> Event:
        if type(event) not in lane.kinds:
            raise _FaultyError(Reason.UNKNOWN_TYPE, "type")
        at = _instant(event.time, "time")
        told = self._told(event, at, logged)
        content = _content(event, platform, at, raw)
        if isinstance(event, HeartbeatEvent):
            return self._heartbeat(event, platform, at, told, lane)
        common = (record_key(platform, event.subject), platform, at, told, event_digest(event.id), content)
        if isinstance(event, ActionTakenEvent):
            return Action(*common, deed(event.data), 0 if event.data.items is UNSET else event.data.items)
        if isinstance(event, ReportFiledEvent):
            return self._filing(event.data, common)
        if isinstance(event, ReportAmendedEvent):
            return _amendment(event.data, common)
        return Retraction(*common, event_digest(event.data.retracts))

    def _told(self, event: AnyEvent, at: int, logged: int | None) -> int:
        recorded = None if event.recordedtime is UNSET else _instant(event.recordedtime, "recordedtime")
        told = logged if logged is not None else at if recorded is None else recorded
        if at > told + self._limits.future_ms:
            raise _FaultyError(Reason.FUTURE_TIME, "time")
        return told

    def _filing(self, data: ReportFiled, common: _Common) -> Filing:
        _, _, at, told, _, _ = common
        if told - at > self._limits.too_old_ms:
            raise _FaultyError(Reason.TOO_OLD, "time")
        try:
            labels = self._labels(
                data.harm,
                data.reporter,
                data.trusted_flagger,
                data.channel,
                data.basis,
                data.severity,
                data.jurisdictions,
            )
        except ValueError:
            raise _FaultyError(Reason.BAD_VALUE, "jurisdictions") from None
        return Filing(*common, labels, data.items, data.test)

    def _heartbeat(self, event: HeartbeatEvent, platform: str, at: int, told: int, lane: _Lane) -> Heartbeat:
        complete_through = _instant(event.data.complete_through, "complete_through")
        if complete_through > told + self._limits.future_ms:
            raise _FaultyError(Reason.FUTURE_TIME, "complete_through")
        return Heartbeat(platform, at, told, complete_through, event.data.sequence, lane.role)


def _lane(registry: Registry, topic: str) -> _Lane:
    role = registry.role_of_topic(topic)
    if role is None:
        return _FILE
    platforms = None if registry.accepts_all else registry.platforms_of_topic(topic)
    return _Lane(role, _KINDS[role], platforms, registry.platform_of_topic(topic) or "")


def _instant(text: str, field: str) -> int:
    try:
        return parse(text)
    except ValueError:
        raise _FaultyError(Reason.BAD_TIME, field) from None


def _amendment(data: ReportAmended, common: _Common) -> Amendment:
    if data.harm is UNSET and data.severity is UNSET and data.jurisdictions is UNSET:
        raise _FaultyError(Reason.MISSING_FIELD, "data")
    if data.jurisdictions is not UNSET and not JURISDICTIONS.issuperset(data.jurisdictions):
        raise _FaultyError(Reason.BAD_VALUE, "jurisdictions")
    return Amendment(*common)


def _content(event: AnyEvent, platform: str, at: int, raw: bytes) -> int:
    """Return the first 32 bits of the SHA-256 of the event's canonical bytes."""
    subject = "" if isinstance(event, HeartbeatEvent) else event.subject
    try:
        said = canonical((_TYPES[type(event)], platform, subject, event.id), at, event.data)
    except ValueError:
        field = "restrictions" if isinstance(event, ActionTakenEvent) else "jurisdictions"
        raise _FaultyError(Reason.BAD_VALUE, field) from None
    _check_names(event, raw, said)
    return int.from_bytes(sha256(said).digest()[:4], "big")


def _check_names(event: AnyEvent, raw: bytes, said: bytes) -> None:
    """Refuse an event that names something twice, of which the typed decoder silently takes the last.

    No accepted string holds a quotation mark, so an event without doubles and without spelled-out defaults has as
    many of them as its canonical bytes and its envelope's names: any other is read again, slowly.
    """
    marks = _ENVELOPE_MARKS[type(event)]
    marks += 4 * ((event.datacontenttype is not UNSET) + (event.recordedtime is not UNSET))
    if raw.count(b'"') == said.count(b'"') + marks:
        return
    try:
        plain(raw)
    except ValueError:
        raise _FaultyError(Reason.NOT_JSON, "") from None

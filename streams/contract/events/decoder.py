"""Bytes to events, at the door: what is not exactly as declared is refused, with a closed reason and nothing else.

The order of the checks, which decides the reason of an event with several faults: size, mode, JSON, envelope and
type, platform, topic, fields and values, times against the log time, key.
"""

from collections.abc import Callable
from re import compile as pattern
from typing import Any, Final, NamedTuple, get_args

import msgspec
from msgspec import UNSET

from streams.contract.events.content_modes import structured
from streams.contract.events.diagnosis import IS_EVENT_ID, IS_TOKEN, Fault, explain, is_source
from streams.contract.events.domain_mapping import FEW, Labels, canonical, deed
from streams.contract.events.duplicate_names import names_twice
from streams.contract.events.keys import content_digest, event_digest, heartbeat_key, record_key
from streams.contract.events.schema.action_data import ActionTaken, Merged
from streams.contract.events.schema.envelope import (
    BINARY_TYPE,
    SOURCE_PREFIX,
    ActionTakenEvent,
    AnyEvent,
    EventRetractedEvent,
    HeartbeatEvent,
    ReportAmendedEvent,
    ReportFiledEvent,
)
from streams.contract.events.schema.event_data import (
    EVENT_ID_PATTERN,
    TOKEN_PATTERN,
    EventRetracted,
    ReportAmended,
    ReportFiled,
)
from streams.contract.events.schema.media_types import is_media_type
from streams.contract.events.source_records import Limits, Record, Refusal, UnreadableBatch
from streams.contract.registry.jurisdictions import JURISDICTIONS
from streams.contract.registry.registry import Registry, Role
from streams.contract.timestamps import parse
from streams.domain.events import Action, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.vocabulary import Reason

__all__ = ["Decoder", "Limits", "Record", "Refusal"]

_TYPES: Final = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)}
# A token's length is fixed, so one look at both joined is enough, and faster than two.
_TOKEN_LENGTH: Final = 46
# Of a registry that accepts all; whoever invents more is read all the same.
_PLATFORMS_KEPT: Final = 1_000
_are_names: Final = pattern(TOKEN_PATTERN + EVENT_ID_PATTERN).fullmatch
_KINDS: Final[dict[Role, frozenset[type]]] = {
    Role.REPORT_FILED: frozenset({ReportFiledEvent, ReportAmendedEvent, EventRetractedEvent, HeartbeatEvent}),
    Role.ACTION_TAKEN: frozenset({ActionTakenEvent, EventRetractedEvent, HeartbeatEvent}),
}


class _Lane(NamedTuple):
    """What may come in on a topic: `platforms` by their source; `owner` is the only one, or ""."""

    role: str
    kinds: frozenset[type]
    platforms: dict[str, str]
    owner: str


_NEVER: Final = 1 << 62  # later than any instant
_new: Final = tuple.__new__  # what the classes' own does, at a third of its cost
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
        self._too_old_ms = limits.too_old_ms
        self._history = {each.id: each.history for each in registry.platforms.values() if each.history}
        self._open = registry.accepts_all
        sources = {SOURCE_PREFIX + platform: platform for platform in registry.platforms}
        self._file = _Lane("", frozenset(_TYPES), sources, "")
        self._lanes = {topic: _lane(registry, topic) for topic in registry.source_topics()}
        self._labels = Labels(registry.groups)
        self._labels_of = self._labels.of
        self._facts: dict[type, Callable[[Any, _Common], Event]] = {
            ReportFiledEvent: self._filing,
            ActionTakenEvent: _action,
            ReportAmendedEvent: _amendment,
            EventRetractedEvent: _retraction,
        }
        self._typed = msgspec.json.Decoder(AnyEvent).decode

    def decode(self, record: Record, wall: int | None = None) -> Event | Refusal:
        """Return the event in a record of a source topic, in structured or binary mode, or why it is refused.

        `wall`, epoch milliseconds, is given for a record that its sender stamped: it was not told after that.
        Raises KeyError for a topic that is not the registry's: who subscribed to it made the mistake.
        """
        lane = self._lanes[record.topic]
        raw = record.value
        if record.headers or not raw or len(raw) > self._limits.too_large:
            found = self._carried(record)
            if isinstance(found, Fault):
                return Refusal(*found, lane.owner)
            raw = found
        latest = _NEVER if wall is None else wall + self._limits.future_ms
        event = self._read(raw, lane, record.timestamp, latest)
        # Every fact about a report begins with its key; nothing else begins with bytes.
        if event[0] == record.key or isinstance(event, Refusal):
            return event
        if isinstance(event, Heartbeat) and record.key == heartbeat_key(event.platform):
            return event
        return Refusal(Reason.KEY_MISMATCH, "", event.platform)

    def decode_line(self, line: bytes, now: int, *, live: bool = False) -> Event | Refusal:
        """Return the event in a line of a file that is read at `now`, in epoch milliseconds.

        A line was told at its `recordedtime`, else at its `time`, and not after `now`. A `live` line is told at `now`,
        as it is when a broker stamps it, and is refused as a worker refuses it.
        """
        if len(line) - line.endswith(b"\n") > self._limits.too_large:
            return Refusal(Reason.TOO_LARGE, "", "")
        return self._read(line, self._file, now if live else None, now + self._limits.future_ms)

    def _carried(self, record: Record) -> bytes | Fault:
        if isinstance(record, UnreadableBatch):
            return Fault(Reason.UNDECODABLE, "")
        raw, headers = record.value or b"", record.headers or ()
        size = len(raw) + sum(len(name) + len(content or b"") for name, content in headers)
        return Fault(Reason.TOO_LARGE, "") if size > self._limits.too_large else structured(headers, raw)

    def _read(self, raw: bytes, lane: _Lane, logged: int | None, latest: int) -> Event | Refusal:
        try:
            event = self._typed(raw)
        except (ValueError, RecursionError):
            return self._refused(*explain(raw), lane)
        try:
            platform = lane.platforms.get(event.source) or self._platform(event.source, lane)
            return self._event(event, raw, platform, lane, logged, latest)
        except _FaultyError as faulty:
            # An event that names things twice has no source that could be trusted.
            source = "" if faulty.fault.reason is Reason.NOT_JSON else event.source
            return self._refused(faulty.fault, source, lane)

    def _refused(self, fault: Fault, source: str, lane: _Lane) -> Refusal:
        """Return the refusal with its platform; that the source may not publish here goes before any other fault."""
        try:
            platform = self._platform(source, lane) if source else ""
        except _FaultyError as faulty:
            return Refusal(*faulty.fault, lane.owner)
        return Refusal(*fault, lane.owner or platform)

    def _platform(self, source: str, lane: _Lane) -> str:
        if source in lane.platforms:
            return lane.platforms[source]
        if not is_source(source):
            raise _FaultyError(Reason.BAD_VALUE, "source")
        if self._open and source.startswith(SOURCE_PREFIX):
            platform = source.removeprefix(SOURCE_PREFIX)
            if len(lane.platforms) < _PLATFORMS_KEPT:
                lane.platforms[source] = platform
            return platform
        raise _FaultyError(
            Reason.WRONG_PLATFORM if source in self._file.platforms else Reason.UNKNOWN_PLATFORM, "source"
        )

    def _event(  # noqa: PLR0913, PLR0917 - to pack two of them would cost every record 2 %
        self, event: AnyEvent, raw: bytes, platform: str, lane: _Lane, logged: int | None, latest: int
    ) -> Event:
        kind = type(event)
        if kind not in lane.kinds:
            raise _FaultyError(Reason.UNKNOWN_TYPE, "type")
        media = event.datacontenttype
        if media is not UNSET and media != BINARY_TYPE and not is_media_type(media, BINARY_TYPE):
            raise _FaultyError(Reason.BAD_VALUE, "datacontenttype")
        try:
            at = parse(event.time)
        except ValueError:
            raise _FaultyError(Reason.BAD_TIME, "time") from None
        told, history = at if logged is None else logged, False
        if event.recordedtime is not UNSET or told - at > self._too_old_ms:
            told, history = self._told(event, platform, at, logged)
        ahead = told + self._limits.future_ms
        if at > ahead or at > latest or told > latest:
            raise _FaultyError(Reason.FUTURE_TIME, "time" if at > min(ahead, latest) else "recordedtime")
        if type(event) is HeartbeatEvent:  # the classes are final, and isinstance takes four times as long
            return self._heartbeat(event, raw, (platform, at, told, latest), lane.role)
        subject, name = event.subject, event.id
        if len(subject) != _TOKEN_LENGTH or not _are_names(subject + name):
            raise _FaultyError(Reason.BAD_VALUE, "id" if IS_TOKEN(subject) else "subject")
        content = _content(event, (_TYPES[kind], platform, subject, name), at, raw)
        common = (record_key(platform, subject), platform, at, told, event_digest(name), content)
        fact = self._facts[kind](event.data, common)
        return _as_history(fact) if history else fact

    def _is_history(self, platform: str, at: int, logged: int) -> bool:
        return any(span.holds(at, logged) for span in self._history.get(platform, ()))

    def _told(self, event: AnyEvent, platform: str, at: int, logged: int | None) -> tuple[int, bool]:
        """Return when an event was told, and whether it is of audited history, which was told when it was recorded.

        A log time goes before a `recordedtime`, which must fit it.
        """
        recorded = at if event.recordedtime is UNSET else _instant(event.recordedtime, "recordedtime")
        told = recorded if logged is None else logged
        for instant, basis, field in ((at, told, "time"), (recorded, told, "recordedtime"), (at, recorded, "time")):
            if instant > basis + self._limits.future_ms:
                raise _FaultyError(Reason.FUTURE_TIME, field)
        history = logged is not None and logged - at > self._too_old_ms and self._is_history(platform, at, logged)
        return (min(recorded, told), True) if history else (told, False)

    def _filing(self, data: ReportFiled, common: _Common) -> Filing:
        if common[3] - common[2] > self._too_old_ms:
            raise _FaultyError(Reason.TOO_OLD, "time")
        try:
            of = self._labels_of if len(data.jurisdictions) <= FEW else self._labels.of_many
            labels = of(
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
        return _new(Filing, (*common, labels, data.items, data.test, False))

    def _heartbeat(self, event: HeartbeatEvent, raw: bytes, when: tuple[str, int, int, int], role: str) -> Heartbeat:
        platform, at, told, latest = when
        if not IS_EVENT_ID(event.id):
            raise _FaultyError(Reason.BAD_VALUE, "id")
        complete_through = _instant(event.data.complete_through, "complete_through")
        if complete_through > min(min(at, told) + self._limits.future_ms, latest):
            raise _FaultyError(Reason.FUTURE_TIME, "complete_through")
        _content(event, (_TYPES[HeartbeatEvent], platform, "", event.id), at, raw)
        return Heartbeat(platform, at, told, complete_through, event.data.sequence, role)


def _lane(registry: Registry, topic: str) -> _Lane:
    role = registry.role_of_topic(topic)
    assert role is not None, "source topics have a role"
    platforms = {SOURCE_PREFIX + platform: platform for platform in registry.platforms_of_topic(topic)}
    return _Lane(role, _KINDS[role], platforms, registry.platform_of_topic(topic) or "")


def _instant(text: str, field: str) -> int:
    try:
        return parse(text)
    except ValueError:
        raise _FaultyError(Reason.BAD_TIME, field) from None


def _as_history(fact: Event) -> Event:
    return fact._replace(history=True) if isinstance(fact, Filing) else fact


def _action(data: ActionTaken, common: _Common) -> Action:
    if isinstance(data, Merged) and not IS_TOKEN(data.into):
        raise _FaultyError(Reason.BAD_VALUE, "into")
    return _new(Action, (*common, deed(data), 0 if data.items is UNSET else data.items))


def _amendment(data: ReportAmended, common: _Common) -> Amendment:
    if data.harm is UNSET and data.severity is UNSET and data.jurisdictions is UNSET:
        raise _FaultyError(Reason.MISSING_FIELD, "data")
    if data.jurisdictions is not UNSET and not JURISDICTIONS.issuperset(data.jurisdictions):
        raise _FaultyError(Reason.BAD_VALUE, "jurisdictions")
    harm = None if data.harm is UNSET else data.harm
    severity = None if data.severity is UNSET else data.severity
    return Amendment(*common, harm, severity)


def _retraction(data: EventRetracted, common: _Common) -> Retraction:
    if not IS_EVENT_ID(data.retracts):
        raise _FaultyError(Reason.BAD_VALUE, "retracts")
    return Retraction(*common, event_digest(data.retracts))


def _content(event: AnyEvent, name: tuple[str, str, str, str], at: int, raw: bytes) -> int:
    """Return the digest of the event's canonical bytes; `name` as in `canonical`."""
    try:
        said = canonical(name, at, event.data)
    except ValueError:
        field = "restrictions" if isinstance(event, ActionTakenEvent) else "jurisdictions"
        raise _FaultyError(Reason.BAD_VALUE, field) from None
    if names_twice(event, raw, said):
        raise _FaultyError(Reason.NOT_JSON, "")
    return content_digest(said)

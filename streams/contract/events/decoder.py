"""Decode records and lines into events of the domain, and refuse everything that is not exactly as declared.

A refusal holds a reason of a closed list. An event with several faults gets the reason of the first check that fails:
size, mode, JSON, envelope and type, platform, topic, fields and values, times compared with the log time, key.
"""

from collections.abc import Callable
from re import compile as pattern
from typing import Any, Final, NamedTuple, get_args

import msgspec
from msgspec import UNSET

from streams.contract.events.content_modes import to_structured
from streams.contract.events.diagnosis import Fault, diagnose, is_source, match_event_id, match_token
from streams.contract.events.domain_mapping import MAX_CACHED_SET_SIZE, LabelEncoder, action_kind, canonical_bytes
from streams.contract.events.duplicate_names import has_duplicate_names
from streams.contract.events.keys import content_digest, event_digest, heartbeat_key, record_key
from streams.contract.events.schema.action_data import ActionTaken, Merged
from streams.contract.events.schema.envelope import (
    BINARY_MEDIA_TYPE,
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
from streams.contract.events.schema.media_types import is_utf8_media_type
from streams.contract.events.source_records import EventLimits, Record, Refusal, UnreadableBatch
from streams.contract.registry.jurisdictions import JURISDICTIONS
from streams.contract.registry.registry import Registry, Role
from streams.contract.timestamps import parse_timestamp
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import Action, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.vocabulary import RefusalReason

__all__ = ["EventDecoder", "EventLimits", "Record", "Refusal"]

_TYPE_NAMES: Final = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)}
# A token's length is fixed, so one match of token and id joined is enough, and it is faster than two matches.
_TOKEN_LENGTH: Final = 46
# This limits the cache of a registry that accepts all platforms; events of further platforms are decoded uncached.
_MAX_CACHED_SOURCES: Final = 1_000
_match_token_and_id: Final = pattern(TOKEN_PATTERN + EVENT_ID_PATTERN).fullmatch
_EVENT_TYPES_BY_ROLE: Final[dict[Role, frozenset[type]]] = {
    Role.REPORT_FILED: frozenset({ReportFiledEvent, ReportAmendedEvent, EventRetractedEvent, HeartbeatEvent}),
    Role.ACTION_TAKEN: frozenset({ActionTakenEvent, EventRetractedEvent, HeartbeatEvent}),
}


class _TopicContract(NamedTuple):
    """What a topic may carry.

    `only_platform` is the id of the platform that owns the topic, or "" for a shared topic.
    """

    role: str
    event_types: frozenset[type]
    platform_by_source: dict[str, str]
    only_platform: str


_new_tuple: Final = tuple.__new__  # same result as calling the named tuple's class, at a third of the cost
_ReportFields = tuple[bytes, str, int, int, int, int]  # the first six fields of every event about a report


class _RejectedError(Exception):
    """Carries a fault from a check to the decoder; only `fault` is set, never a message."""

    def __init__(self, reason: RefusalReason, field: str) -> None:
        super().__init__()
        self.fault = Fault(reason, field)


class EventDecoder:
    """Decodes events of the platforms in one registry; no input makes it raise an exception."""

    def __init__(self, registry: Registry, limits: EventLimits = EventLimits()) -> None:  # noqa: B008 - immutable
        self._limits = limits
        self._max_age_ms = limits.max_age_ms
        self._history_spans = {entry.id: entry.history for entry in registry.platforms.values() if entry.history}
        self._accepts_all = registry.accepts_all
        sources = {SOURCE_PREFIX + platform: platform for platform in registry.platforms}
        self._file_contract = _TopicContract("", frozenset(_TYPE_NAMES), sources, "")
        self._topic_contracts = {topic: _topic_contract(registry, topic) for topic in registry.source_topics()}
        self._label_encoder = LabelEncoder(registry.groups)
        self._encode_labels = self._label_encoder.encode_cached
        self._fact_builders: dict[type, Callable[[Any, _ReportFields], Event]] = {
            ReportFiledEvent: self._filing,
            ActionTakenEvent: _action,
            ReportAmendedEvent: _amendment,
            EventRetractedEvent: _retraction,
        }
        self._decode_typed = msgspec.json.Decoder(AnyEvent).decode

    def decode(self, record: Record, now: int | None = None) -> Event | Refusal:
        """Return the event in a record of a source topic, in structured or binary mode, or its refusal.

        `now`: wall clock in epoch milliseconds, given for a record whose timestamp the sender set; a later timestamp is
        refused. Raises KeyError for a topic that is not in the registry, since that is a mistake of the caller.
        """
        contract = self._topic_contracts[record.topic]
        raw = record.value
        if record.headers or not raw or len(raw) > self._limits.max_bytes:
            payload = self._payload(record)
            if isinstance(payload, Fault):
                return Refusal(*payload, contract.only_platform)
            raw = payload
        latest_allowed = FOREVER_MS if now is None else now + self._limits.max_future_ms
        event = self._decode(raw, contract, record.timestamp, latest_allowed)
        # Only events about a report begin with bytes, and these bytes are the record key.
        if event[0] == record.key or isinstance(event, Refusal):
            return event
        if isinstance(event, Heartbeat) and record.key == heartbeat_key(event.platform):
            return event
        return Refusal(RefusalReason.KEY_MISMATCH, "", event.platform)

    def decode_line(self, line: bytes, now: int, *, is_live: bool = False) -> Event | Refusal:
        """Return the event in a line of a file that is read at `now`, in epoch milliseconds, or its refusal.

        A line counts as logged at its `recordedtime`, or at its `time` without one; an instant after `now` is refused.
        With `is_live`, the line counts as logged at `now`, so it is refused exactly as a worker would refuse it.
        """
        if len(line) - line.endswith(b"\n") > self._limits.max_bytes:
            return Refusal(RefusalReason.TOO_LARGE, "", "")
        return self._decode(line, self._file_contract, now if is_live else None, now + self._limits.max_future_ms)

    def _payload(self, record: Record) -> bytes | Fault:
        if isinstance(record, UnreadableBatch):
            return Fault(RefusalReason.UNDECODABLE, "")
        raw, headers = record.value or b"", record.headers or ()
        size = len(raw) + sum(len(name) + len(content or b"") for name, content in headers)
        return Fault(RefusalReason.TOO_LARGE, "") if size > self._limits.max_bytes else to_structured(headers, raw)

    def _decode(
        self, raw: bytes, contract: _TopicContract, record_time: int | None, latest_allowed: int
    ) -> Event | Refusal:
        try:
            event = self._decode_typed(raw)
        except (ValueError, RecursionError):
            return self._refusal(*diagnose(raw), contract)
        try:
            platform = contract.platform_by_source.get(event.source) or self._platform_of(event.source, contract)
            return self._to_domain_event(event, raw, platform, contract, record_time, latest_allowed)
        except _RejectedError as rejected:
            # The source of an event with duplicate names is ambiguous, so it is not used.
            source = "" if rejected.fault.reason is RefusalReason.NOT_JSON else event.source
            return self._refusal(rejected.fault, source, contract)

    def _refusal(self, fault: Fault, source: str, contract: _TopicContract) -> Refusal:
        """Return the refusal with its platform; a source that may not publish here outranks every other fault."""
        try:
            platform = self._platform_of(source, contract) if source else ""
        except _RejectedError as rejected:
            return Refusal(*rejected.fault, contract.only_platform)
        return Refusal(*fault, contract.only_platform or platform)

    def _platform_of(self, source: str, contract: _TopicContract) -> str:
        if source in contract.platform_by_source:
            return contract.platform_by_source[source]
        if not is_source(source):
            raise _RejectedError(RefusalReason.BAD_VALUE, "source")
        if self._accepts_all and source.startswith(SOURCE_PREFIX):
            platform = source.removeprefix(SOURCE_PREFIX)
            if len(contract.platform_by_source) < _MAX_CACHED_SOURCES:
                contract.platform_by_source[source] = platform
            return platform
        raise _RejectedError(
            RefusalReason.WRONG_PLATFORM
            if source in self._file_contract.platform_by_source
            else RefusalReason.UNKNOWN_PLATFORM,
            "source",
        )

    def _to_domain_event(  # noqa: PLR0913, PLR0917 - packing two parameters into one costs every record 2 %
        self,
        event: AnyEvent,
        raw: bytes,
        platform: str,
        contract: _TopicContract,
        record_time: int | None,
        latest_allowed: int,
    ) -> Event:
        kind = type(event)
        if kind not in contract.event_types:
            raise _RejectedError(RefusalReason.UNKNOWN_TYPE, "type")
        media = event.datacontenttype
        if media is not UNSET and media != BINARY_MEDIA_TYPE and not is_utf8_media_type(media, BINARY_MEDIA_TYPE):
            raise _RejectedError(RefusalReason.BAD_VALUE, "datacontenttype")
        try:
            occurred_at = parse_timestamp(event.time)
        except ValueError:
            raise _RejectedError(RefusalReason.BAD_TIME, "time") from None
        logged_at, is_history = occurred_at if record_time is None else record_time, False
        if event.recordedtime is not UNSET or logged_at - occurred_at > self._max_age_ms:
            logged_at, is_history = self._log_time(event, platform, occurred_at, record_time)
        latest_by_log = logged_at + self._limits.max_future_ms
        if occurred_at > latest_by_log or occurred_at > latest_allowed or logged_at > latest_allowed:
            raise _RejectedError(
                RefusalReason.FUTURE_TIME,
                "time" if occurred_at > min(latest_by_log, latest_allowed) else "recordedtime",
            )
        if type(event) is HeartbeatEvent:  # the classes are final, and isinstance takes four times as long
            return self._heartbeat(event, raw, (platform, occurred_at, logged_at, latest_allowed), contract.role)
        subject, event_id = event.subject, event.id
        if len(subject) != _TOKEN_LENGTH or not _match_token_and_id(subject + event_id):
            raise _RejectedError(RefusalReason.BAD_VALUE, "id" if match_token(subject) else "subject")
        digest = _content_digest(event, (_TYPE_NAMES[kind], platform, subject, event_id), occurred_at, raw)
        report_fields = (
            record_key(platform, subject),
            platform,
            occurred_at,
            logged_at,
            event_digest(event_id),
            digest,
        )
        fact = self._fact_builders[kind](event.data, report_fields)
        return _with_history(fact) if is_history else fact

    def _is_history(self, platform: str, occurred_at: int, record_time: int) -> bool:
        return any(span.accepts(occurred_at, record_time) for span in self._history_spans.get(platform, ()))

    def _log_time(self, event: AnyEvent, platform: str, occurred_at: int, record_time: int | None) -> tuple[int, bool]:
        """Return when an event was logged, and whether the event belongs to audited history.

        An event of audited history was logged when the platform recorded it. For every other event the log time has
        precedence over `recordedtime`, which must not lie after the log time.
        """
        recorded_at = occurred_at if event.recordedtime is UNSET else _parse_time(event.recordedtime, "recordedtime")
        logged_at = recorded_at if record_time is None else record_time
        for instant, basis, field in (
            (occurred_at, logged_at, "time"),
            (recorded_at, logged_at, "recordedtime"),
            (occurred_at, recorded_at, "time"),
        ):
            if instant > basis + self._limits.max_future_ms:
                raise _RejectedError(RefusalReason.FUTURE_TIME, field)
        is_history = (
            record_time is not None
            and record_time - occurred_at > self._max_age_ms
            and self._is_history(platform, occurred_at, record_time)
        )
        return (min(recorded_at, logged_at), True) if is_history else (logged_at, False)

    def _filing(self, data: ReportFiled, report_fields: _ReportFields) -> Filing:
        if report_fields[3] - report_fields[2] > self._max_age_ms:
            raise _RejectedError(RefusalReason.TOO_OLD, "time")
        try:
            encode = (
                self._encode_labels if len(data.jurisdictions) <= MAX_CACHED_SET_SIZE else self._label_encoder.encode
            )
            labels = encode(
                data.harm,
                data.reporter,
                data.trusted_flagger,
                data.channel,
                data.basis,
                data.severity,
                data.jurisdictions,
            )
        except ValueError:
            raise _RejectedError(RefusalReason.BAD_VALUE, "jurisdictions") from None
        return _new_tuple(Filing, (*report_fields, labels, data.items, data.test, False))

    def _heartbeat(self, event: HeartbeatEvent, raw: bytes, times: tuple[str, int, int, int], role: str) -> Heartbeat:
        platform, occurred_at, logged_at, latest_allowed = times
        if not match_event_id(event.id):
            raise _RejectedError(RefusalReason.BAD_VALUE, "id")
        complete_through = _parse_time(event.data.complete_through, "complete_through")
        if complete_through > min(min(occurred_at, logged_at) + self._limits.max_future_ms, latest_allowed):
            raise _RejectedError(RefusalReason.FUTURE_TIME, "complete_through")
        _content_digest(event, (_TYPE_NAMES[HeartbeatEvent], platform, "", event.id), occurred_at, raw)
        return Heartbeat(platform, occurred_at, logged_at, complete_through, event.data.sequence, role)


def _topic_contract(registry: Registry, topic: str) -> _TopicContract:
    role = registry.role_of_topic(topic)
    assert role is not None, "source topics have a role"
    platforms = {SOURCE_PREFIX + platform: platform for platform in registry.platforms_of_topic(topic)}
    return _TopicContract(role, _EVENT_TYPES_BY_ROLE[role], platforms, registry.platform_of_topic(topic) or "")


def _parse_time(text: str, field: str) -> int:
    try:
        return parse_timestamp(text)
    except ValueError:
        raise _RejectedError(RefusalReason.BAD_TIME, field) from None


def _with_history(event: Event) -> Event:
    return event._replace(is_history=True) if isinstance(event, Filing) else event


def _action(data: ActionTaken, report_fields: _ReportFields) -> Action:
    if isinstance(data, Merged) and not match_token(data.into):
        raise _RejectedError(RefusalReason.BAD_VALUE, "into")
    return _new_tuple(Action, (*report_fields, action_kind(data), 0 if data.items is UNSET else data.items))


def _amendment(data: ReportAmended, report_fields: _ReportFields) -> Amendment:
    if data.harm is UNSET and data.severity is UNSET and data.jurisdictions is UNSET:
        raise _RejectedError(RefusalReason.MISSING_FIELD, "data")
    if data.jurisdictions is not UNSET and not JURISDICTIONS.issuperset(data.jurisdictions):
        raise _RejectedError(RefusalReason.BAD_VALUE, "jurisdictions")
    harm = None if data.harm is UNSET else data.harm
    severity = None if data.severity is UNSET else data.severity
    return Amendment(*report_fields, harm, severity)


def _retraction(data: EventRetracted, report_fields: _ReportFields) -> Retraction:
    if not match_event_id(data.retracts):
        raise _RejectedError(RefusalReason.BAD_VALUE, "retracts")
    return Retraction(*report_fields, event_digest(data.retracts))


def _content_digest(event: AnyEvent, name: tuple[str, str, str, str], occurred_at: int, raw: bytes) -> int:
    """Return the digest of the event's canonical bytes; `name` as in `canonical_bytes`."""
    try:
        canonical = canonical_bytes(name, occurred_at, event.data)
    except ValueError:
        field = "restrictions" if isinstance(event, ActionTakenEvent) else "jurisdictions"
        raise _RejectedError(RefusalReason.BAD_VALUE, field) from None
    if has_duplicate_names(event, raw, canonical):
        raise _RejectedError(RefusalReason.NOT_JSON, "")
    return content_digest(canonical)

"""Decode records and lines into events of the domain, and refuse everything that is not exactly as declared.

A refusal holds a reason of a closed list. An event with several faults gets the reason of the first check that fails:
size, mode, JSON, envelope and type, platform, topic, fields and values, times compared with the log time, key.
"""

from collections.abc import Callable
from re import compile as pattern
from typing import Any, Final

import msgspec
from msgspec import UNSET

from streams.contract.events.content_modes import record_payload
from streams.contract.events.diagnosis import Fault, diagnose, is_source, match_event_id, match_token
from streams.contract.events.domain_mapping import MAX_CACHED_SET_SIZE, LabelEncoder
from streams.contract.events.keys import event_digest, heartbeat_key, record_key
from streams.contract.events.report_events import (
    TYPE_NAMES,
    RejectedError,
    ReportFields,
    build_action,
    build_amendment,
    build_retraction,
    digest_content,
    new_tuple,
    parse_time,
    with_history,
)
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
from streams.contract.events.schema.event_data import EVENT_ID_PATTERN, TOKEN_PATTERN, ReportFiled
from streams.contract.events.schema.media_types import is_utf8_media_type
from streams.contract.events.source_records import EventLimits, Record, Refusal
from streams.contract.events.topic_contracts import TopicContract, topic_contract
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import parse_timestamp
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import Event, Filing, Heartbeat
from streams.domain.vocabulary import RefusalReason

__all__ = ["EventDecoder", "EventLimits", "Record", "Refusal"]

# A token's length is fixed, so one match of token and id joined is enough, and it is faster than two matches.
_TOKEN_LENGTH: Final = 46
# This limits the cache of a registry that accepts all platforms; events of further platforms are decoded uncached.
_MAX_CACHED_SOURCES: Final = 1_000
_match_token_and_id: Final = pattern(TOKEN_PATTERN + EVENT_ID_PATTERN).fullmatch


class EventDecoder:
    """Decodes events of the platforms in one registry; no input makes it raise an exception."""

    def __init__(self, registry: Registry, limits: EventLimits = EventLimits()) -> None:  # noqa: B008 - immutable
        self._limits = limits
        self._max_age_ms = limits.max_age_ms
        self._history_spans = {entry.id: entry.history for entry in registry.platforms.values() if entry.history}
        self._accepts_all = registry.accepts_all
        sources = {SOURCE_PREFIX + platform: platform for platform in registry.platforms}
        self._file_contract = TopicContract("", frozenset(TYPE_NAMES), sources, "")
        self._topic_contracts = {topic: topic_contract(registry, topic) for topic in registry.source_topics()}
        self._label_encoder = LabelEncoder(registry.groups)
        self._encode_labels = self._label_encoder.encode_cached
        self._fact_builders: dict[type, Callable[[Any, ReportFields], Event]] = {
            ReportFiledEvent: self._filing,
            ActionTakenEvent: build_action,
            ReportAmendedEvent: build_amendment,
            EventRetractedEvent: build_retraction,
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
            payload = record_payload(record, self._limits.max_bytes)
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

    def _decode(
        self, raw: bytes, contract: TopicContract, record_time: int | None, latest_allowed: int
    ) -> Event | Refusal:
        try:
            event = self._decode_typed(raw)
        except (ValueError, RecursionError):
            return self._refusal(*diagnose(raw), contract)
        try:
            platform = contract.platform_by_source.get(event.source) or self._platform_of(event.source, contract)
            return self._to_domain_event(event, raw, platform, contract, record_time, latest_allowed)
        except RejectedError as rejected:
            # The source of an event with duplicate names is ambiguous, so it is not used.
            source = "" if rejected.fault.reason is RefusalReason.NOT_JSON else event.source
            return self._refusal(rejected.fault, source, contract)

    def _refusal(self, fault: Fault, source: str, contract: TopicContract) -> Refusal:
        """Return the refusal with its platform; a source that may not publish here outranks every other fault."""
        try:
            platform = self._platform_of(source, contract) if source else ""
        except RejectedError as rejected:
            return Refusal(*rejected.fault, contract.only_platform)
        return Refusal(*fault, contract.only_platform or platform)

    def _platform_of(self, source: str, contract: TopicContract) -> str:
        if source in contract.platform_by_source:
            return contract.platform_by_source[source]
        if not is_source(source):
            raise RejectedError(RefusalReason.BAD_VALUE, "source")
        if self._accepts_all and source.startswith(SOURCE_PREFIX):
            platform = source.removeprefix(SOURCE_PREFIX)
            if len(contract.platform_by_source) < _MAX_CACHED_SOURCES:
                contract.platform_by_source[source] = platform
            return platform
        raise RejectedError(
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
        contract: TopicContract,
        record_time: int | None,
        latest_allowed: int,
    ) -> Event:
        kind = type(event)
        if kind not in contract.event_types:
            raise RejectedError(RefusalReason.UNKNOWN_TYPE, "type")
        media = event.datacontenttype
        if media is not UNSET and media != BINARY_MEDIA_TYPE and not is_utf8_media_type(media, BINARY_MEDIA_TYPE):
            raise RejectedError(RefusalReason.BAD_VALUE, "datacontenttype")
        try:
            occurred_at = parse_timestamp(event.time)
        except ValueError:
            raise RejectedError(RefusalReason.BAD_TIME, "time") from None
        logged_at, is_history = occurred_at if record_time is None else record_time, False
        if event.recordedtime is not UNSET or logged_at - occurred_at > self._max_age_ms:
            logged_at, is_history = self._log_time(event, platform, occurred_at, record_time)
        latest_by_log = logged_at + self._limits.max_future_ms
        if occurred_at > latest_by_log or occurred_at > latest_allowed or logged_at > latest_allowed:
            raise RejectedError(
                RefusalReason.FUTURE_TIME,
                "time" if occurred_at > min(latest_by_log, latest_allowed) else "recordedtime",
            )
        if type(event) is HeartbeatEvent:  # the classes are final, and isinstance takes four times as long
            return self._heartbeat(event, raw, (platform, occurred_at, logged_at, latest_allowed), contract.role)
        subject, event_id = event.subject, event.id
        if len(subject) != _TOKEN_LENGTH or not _match_token_and_id(subject + event_id):
            raise RejectedError(RefusalReason.BAD_VALUE, "id" if match_token(subject) else "subject")
        digest = digest_content(event, (TYPE_NAMES[kind], platform, subject, event_id), occurred_at, raw)
        report_fields = (
            record_key(platform, subject),
            platform,
            occurred_at,
            logged_at,
            event_digest(event_id),
            digest,
        )
        fact = self._fact_builders[kind](event.data, report_fields)
        return with_history(fact) if is_history else fact

    def _log_time(self, event: AnyEvent, platform: str, occurred_at: int, record_time: int | None) -> tuple[int, bool]:
        """Return when an event was logged, and whether the event belongs to audited history.

        An event of audited history was logged when the platform recorded it. For every other event the log time has
        precedence over `recordedtime`, which must not lie after the log time.
        """
        recorded_at = occurred_at if event.recordedtime is UNSET else parse_time(event.recordedtime, "recordedtime")
        logged_at = recorded_at if record_time is None else record_time
        for instant, basis, field in (
            (occurred_at, logged_at, "time"),
            (recorded_at, logged_at, "recordedtime"),
            (occurred_at, recorded_at, "time"),
        ):
            if instant > basis + self._limits.max_future_ms:
                raise RejectedError(RefusalReason.FUTURE_TIME, field)
        is_history = (
            record_time is not None
            and record_time - occurred_at > self._max_age_ms
            and any(span.accepts(occurred_at, record_time) for span in self._history_spans.get(platform, ()))
        )
        return (min(recorded_at, logged_at), True) if is_history else (logged_at, False)

    def _filing(self, data: ReportFiled, report_fields: ReportFields) -> Filing:
        if report_fields[3] - report_fields[2] > self._max_age_ms:
            raise RejectedError(RefusalReason.TOO_OLD, "time")
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
            raise RejectedError(RefusalReason.BAD_VALUE, "jurisdictions") from None
        return new_tuple(Filing, (*report_fields, labels, data.items, data.test, False))

    def _heartbeat(self, event: HeartbeatEvent, raw: bytes, times: tuple[str, int, int, int], role: str) -> Heartbeat:
        platform, occurred_at, logged_at, latest_allowed = times
        if not match_event_id(event.id):
            raise RejectedError(RefusalReason.BAD_VALUE, "id")
        complete_through = parse_time(event.data.complete_through, "complete_through")
        if complete_through > min(min(occurred_at, logged_at) + self._limits.max_future_ms, latest_allowed):
            raise RejectedError(RefusalReason.FUTURE_TIME, "complete_through")
        digest_content(event, (TYPE_NAMES[HeartbeatEvent], platform, "", event.id), occurred_at, raw)
        return Heartbeat(platform, occurred_at, logged_at, complete_through, event.data.sequence, role)

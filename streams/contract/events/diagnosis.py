"""Find the exact reason for which the typed decoder refused an event, without repeating any input.

The decoder's own messages repeat names and values, so they are not used: the event is parsed again without types and
compared with the declared types, which is slow. The only part of the event that is returned is a well-formed source.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from re import compile as pattern
from typing import Any, Final, NamedTuple, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from streams.contract.events.schema.action_data import ActionTaken
from streams.contract.events.schema.envelope import BINARY_MEDIA_TYPE, SOURCE_PREFIX, ActionTakenEvent, AnyEvent
from streams.contract.events.schema.event_data import EVENT_ID_PATTERN, TOKEN_PATTERN
from streams.contract.events.schema.media_types import is_utf8_media_type
from streams.contract.registry.registry import PLATFORM_ID
from streams.contract.timestamps import parse_timestamp
from streams.domain.vocabulary import RefusalReason

JsonObject = Mapping[str, Any]

_EVENT_TYPES: Final[Mapping[object, type[Struct]]] = {kind.__struct_config__.tag: kind for kind in get_args(AnyEvent)}
_OUTCOME_TYPES: Final[Mapping[object, type[Struct]]] = {
    kind.__struct_config__.tag: kind for kind in get_args(ActionTaken)
}
match_event_id: Final = pattern(EVENT_ID_PATTERN).fullmatch
match_token: Final = pattern(TOKEN_PATTERN).fullmatch
_DATA_TYPES: Final[Mapping[type[Struct], type[Struct]]] = {
    kind: field.type for kind in _EVENT_TYPES.values() for field in fields(kind) if field.name == "data"
}
_TIME_FIELDS: Final = frozenset({"time", "recordedtime", "complete_through"})
_SOURCE_PATTERN: Final = pattern(f"(?:{SOURCE_PREFIX}|/witnesses/)" + PLATFORM_ID.pattern)


class Fault(NamedTuple):
    """A reason and the declared field that is wrong: "" for the event as a whole, "data" for its data."""

    reason: RefusalReason
    field: str


class Diagnosis(NamedTuple):
    """The fault of an event, and the event's source, or "" if the source cannot be read."""

    fault: Fault
    source: str


def diagnose(raw: bytes) -> Diagnosis:
    """Return the first fault of an event that could not be decoded."""
    try:
        event = parse_json(raw)
    except ValueError:
        return Diagnosis(Fault(RefusalReason.NOT_JSON, ""), "")
    if not isinstance(event, dict):
        return Diagnosis(Fault(RefusalReason.NOT_CLOUDEVENT, ""), "")
    source = event.get("source")
    # If the typed decoder refuses an event without a fault, that is a bug of ours; the event is still refused.
    fault = _check_envelope(event) or Fault(RefusalReason.BAD_VALUE, "")
    return Diagnosis(fault, source if isinstance(source, str) and is_source(source) else "")


def is_source(text: str) -> bool:
    """Return whether `text` is a well-formed source: one of a platform, or one that is reserved for witnesses."""
    return _SOURCE_PATTERN.fullmatch(text) is not None


def parse_json(raw: bytes) -> object:
    """Return `raw` as Python values; raises ValueError if it is not strict JSON in UTF-8 or repeats a name."""
    try:
        msgspec.json.decode(raw)  # stricter than the standard library: UTF-8 only, no NaN, no lone surrogate
        return json.loads(raw, object_pairs_hook=_reject_duplicate_names)
    except (ValueError, RecursionError) as error:
        raise ValueError("expected JSON in UTF-8 of ordinary depth") from error


def _reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise ValueError("expected every name once")
    return names


def _check_envelope(event: JsonObject) -> Fault | None:
    if event.get("specversion") != "1.0":
        return Fault(RefusalReason.NOT_CLOUDEVENT, "specversion")
    if "type" not in event:
        return Fault(RefusalReason.MISSING_FIELD, "type")
    kind = _find_type(_EVENT_TYPES, event["type"])
    if kind is None:
        return Fault(RefusalReason.UNKNOWN_TYPE, "type")
    return _check_fields(kind, event, "") or _check_data(kind, event["data"])


def _check_data(kind: type[Struct], data: object) -> Fault | None:
    if not isinstance(data, dict):
        return Fault(RefusalReason.BAD_VALUE, "data")
    if kind is not ActionTakenEvent:
        return _check_fields(_DATA_TYPES[kind], data, "data")
    if "outcome" not in data:
        return Fault(RefusalReason.MISSING_FIELD, "outcome")
    outcome = _find_type(_OUTCOME_TYPES, data["outcome"])
    return Fault(RefusalReason.BAD_VALUE, "outcome") if outcome is None else _check_fields(outcome, data, "data")


def _find_type(kinds: Mapping[object, type[Struct]], name: object) -> type[Struct] | None:
    return kinds.get(name) if isinstance(name, str) else None


def _is_instant(text: str) -> bool:
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


# Checks of texts that the declared types do not express, by field.
_TEXT_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "source": is_source,
    "datacontenttype": lambda text: is_utf8_media_type(text, BINARY_MEDIA_TYPE),
    "id": lambda text: match_event_id(text) is not None,
    "retracts": lambda text: match_event_id(text) is not None,
    "subject": lambda text: match_token(text) is not None,
    "into": lambda text: match_token(text) is not None,
    **dict.fromkeys(_TIME_FIELDS, _is_instant),
}


class _FieldProbe(NamedTuple):
    """A field of a type; `probe_type` is a type with this field alone, which msgspec prepares once."""

    is_required: bool
    probe_type: type[Struct]


@cache
def _field_probes(kind: type[Struct]) -> Mapping[str, _FieldProbe]:
    return {
        field.encode_name: _FieldProbe(field.required, msgspec.defstruct(field.name, [("value", field.type)]))
        for field in fields(kind)
    }


def _check_fields(kind: type[Struct], given: JsonObject, container: str) -> Fault | None:
    declared = _field_probes(kind)
    if set(given) - set(declared) - {kind.__struct_config__.tag_field}:
        return Fault(RefusalReason.UNKNOWN_FIELD, container)
    for name, field in declared.items():
        if field.is_required and name not in given:
            return Fault(RefusalReason.MISSING_FIELD, name)
    for name, field in declared.items():
        if name in given and name != "data" and not _is_valid(name, field, given[name]):
            return Fault(RefusalReason.BAD_TIME if name in _TIME_FIELDS else RefusalReason.BAD_VALUE, name)
    return None


def _is_valid(name: str, field: _FieldProbe, value: object) -> bool:
    try:
        msgspec.convert({"value": value}, field.probe_type)
    except ValueError:  # msgspec's ValidationError is one
        return False
    return name not in _TEXT_CHECKS or _TEXT_CHECKS[name](str(value))

"""Why an event that the typed decoder refused is refused: slow, exact, and silent about what came in.

The decoder's own messages repeat names and values, so none of them is used: the event is read again without types
and walked beside the declared ones. Nothing returned here was ever part of the event but its well-formed source.
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
from streams.contract.events.schema.envelope import BINARY_TYPE, SOURCE_PREFIX, ActionTakenEvent, AnyEvent
from streams.contract.events.schema.event_data import EVENT_ID_PATTERN, TOKEN_PATTERN
from streams.contract.events.schema.media_types import is_media_type
from streams.contract.registry.registry import PLATFORM_ID
from streams.contract.timestamps import parse
from streams.domain.vocabulary import Reason

Tree = Mapping[str, Any]  # what any JSON object is

_EVENTS: Final[Mapping[object, type[Struct]]] = {kind.__struct_config__.tag: kind for kind in get_args(AnyEvent)}
_OUTCOMES: Final[Mapping[object, type[Struct]]] = {kind.__struct_config__.tag: kind for kind in get_args(ActionTaken)}
IS_EVENT_ID: Final = pattern(EVENT_ID_PATTERN).fullmatch
IS_TOKEN: Final = pattern(TOKEN_PATTERN).fullmatch
_DATA: Final[Mapping[type[Struct], type[Struct]]] = {
    kind: field.type for kind in _EVENTS.values() for field in fields(kind) if field.name == "data"
}
_TIMES: Final = frozenset({"time", "recordedtime", "complete_through"})
_SOURCE: Final = pattern(f"(?:{SOURCE_PREFIX}|/witnesses/)" + PLATFORM_ID.pattern)


class Fault(NamedTuple):
    """A reason and the declared name that it is about: "" for the event as a whole, "data" for its data."""

    reason: Reason
    field: str


class Explanation(NamedTuple):
    """What is wrong with an event, and its source if that much can be read, else ""."""

    fault: Fault
    source: str


def explain(raw: bytes) -> Explanation:
    """Return the first thing that is wrong with an event that could not be decoded."""
    try:
        event = plain(raw)
    except ValueError:
        return Explanation(Fault(Reason.NOT_JSON, ""), "")
    if not isinstance(event, dict):
        return Explanation(Fault(Reason.NOT_CLOUDEVENT, ""), "")
    source = event.get("source")
    # A decoder that refuses what this finds no fault in would be our bug; the event is refused all the same.
    fault = _envelope(event) or Fault(Reason.BAD_VALUE, "")
    return Explanation(fault, source if isinstance(source, str) and is_source(source) else "")


def is_source(text: str) -> bool:
    """Tell whether `text` is a well-formed source, a platform's or one of those reserved for witnesses."""
    return _SOURCE.fullmatch(text) is not None


def plain(raw: bytes) -> object:
    """Return `raw` as plain values; ValueError when it is not strict JSON in UTF-8 or names something twice."""
    try:
        msgspec.json.decode(raw)  # stricter than the standard library: UTF-8 only, no NaN, no lone surrogate
        return json.loads(raw, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise ValueError("expected JSON in UTF-8 of ordinary depth") from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("expected every name once")
    return found


def _envelope(event: Tree) -> Fault | None:
    if event.get("specversion") != "1.0":
        return Fault(Reason.NOT_CLOUDEVENT, "specversion")
    if "type" not in event:
        return Fault(Reason.MISSING_FIELD, "type")
    kind = _known(_EVENTS, event["type"])
    if kind is None:
        return Fault(Reason.UNKNOWN_TYPE, "type")
    return _walk(kind, event, "") or _data(kind, event["data"])


def _data(kind: type[Struct], data: object) -> Fault | None:
    if not isinstance(data, dict):
        return Fault(Reason.BAD_VALUE, "data")
    if kind is not ActionTakenEvent:
        return _walk(_DATA[kind], data, "data")
    if "outcome" not in data:
        return Fault(Reason.MISSING_FIELD, "outcome")
    outcome = _known(_OUTCOMES, data["outcome"])
    return Fault(Reason.BAD_VALUE, "outcome") if outcome is None else _walk(outcome, data, "data")


def _known(kinds: Mapping[object, type[Struct]], word: object) -> type[Struct] | None:
    return kinds.get(word) if isinstance(word, str) else None


def _is_instant(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


# What the declared types do not say, by field.
_TEXTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "source": is_source,
    "datacontenttype": lambda text: is_media_type(text, BINARY_TYPE),
    "id": lambda text: IS_EVENT_ID(text) is not None,
    "retracts": lambda text: IS_EVENT_ID(text) is not None,
    "subject": lambda text: IS_TOKEN(text) is not None,
    "into": lambda text: IS_TOKEN(text) is not None,
    **dict.fromkeys(_TIMES, _is_instant),
}


class _Declared(NamedTuple):
    """A field of a type; `probe` is a type of this field alone, which msgspec prepares once."""

    required: bool
    probe: type[Struct]


@cache
def _declared(kind: type[Struct]) -> Mapping[str, _Declared]:
    return {
        field.encode_name: _Declared(field.required, msgspec.defstruct(field.name, [("value", field.type)]))
        for field in fields(kind)
    }


def _walk(kind: type[Struct], given: Tree, container: str) -> Fault | None:
    declared = _declared(kind)
    if set(given) - set(declared) - {kind.__struct_config__.tag_field}:
        return Fault(Reason.UNKNOWN_FIELD, container)
    for name, field in declared.items():
        if field.required and name not in given:
            return Fault(Reason.MISSING_FIELD, name)
    for name, field in declared.items():
        if name in given and name != "data" and not _fits(name, field, given[name]):
            return Fault(Reason.BAD_TIME if name in _TIMES else Reason.BAD_VALUE, name)
    return None


def _fits(name: str, field: _Declared, value: object) -> bool:
    try:
        msgspec.convert({"value": value}, field.probe)
    except ValueError:  # msgspec's ValidationError is one
        return False
    return name not in _TEXTS or _TEXTS[name](str(value))

"""Describe what the contract expects in a refused field: closed words, ranges, forms; never the refused value."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final, get_args, get_type_hints

from msgspec import Struct, inspect

from streams.contract.events.schema.action_data import ActionTaken
from streams.contract.events.schema.envelope import ActionTakenEvent, AnyEvent
from streams.contract.events.source_records import EventLimits
from streams.domain.duration_bins import DAY, MINUTE
from streams.domain.reports.entry_limit import MAX_ENTRIES
from streams.domain.vocabulary import Outcome, RefusalReason

_SHAPES: Final[Mapping[str, str]] = {
    "source": "`/platforms/` and the platform's id in the registry",
    "id": "8 to 64 of A-Z a-z 0-9 _ -",
    "retracts": "the id of an event: 8 to 64 of A-Z a-z 0-9 _ -",
    "subject": "two of a-z 0-9, `_`, and 43 of A-Z a-z 0-9 _ -: the key's id and the HMAC-SHA-256 of the report's id",
    "into": "the token of another report, in the form of `subject`",
    "jurisdictions": "a list of ISO 3166 alpha-2 codes, each once, at least one; `ZZ` if the jurisdiction is not known",
    "taxonomy": "a name and a date, such as `dsa-2025-07-01`",
    "data": "an object with the fields of its type",
    "outcome": f"one of {', '.join(Outcome)}",
}

_BY_REASON: Final[Mapping[RefusalReason, str]] = {
    RefusalReason.NOT_JSON: "one JSON object in UTF-8 on each line, in which no name occurs twice",
    RefusalReason.NOT_CLOUDEVENT: 'a CloudEvent: an object with `"specversion": "1.0"`',
    RefusalReason.UNKNOWN_TYPE: f"`type` one of {', '.join(str(kind.__struct_config__.tag) for kind in get_args(AnyEvent))}",
    RefusalReason.UNKNOWN_PLATFORM: "a `source` that is in the registry: `/platforms/` and the platform's id",
    RefusalReason.WRONG_PLATFORM: "the `source` of a platform that may publish on this topic",
    RefusalReason.UNKNOWN_FIELD: "only fields that the schema of the type declares",
    RefusalReason.FUTURE_TIME: f"at most {EventLimits().max_future_ms // MINUTE} minutes after its log time, and after now",
    RefusalReason.TOO_OLD: f"a filing that is logged within {EventLimits().max_age_ms // DAY} days of its time",
    RefusalReason.TOO_LARGE: f"at most {EventLimits().max_bytes // 1024} KiB",
    RefusalReason.TOO_MANY: f"at most {MAX_ENTRIES:,} events of one report, apart from acknowledgements",
    RefusalReason.OVER_CAPACITY: "at most as many reports of a platform on a partition as its `capacity` in the registry",
    RefusalReason.UNDECODABLE: "a complete record batch in one of Kafka's codecs and formats, within the size limits",
    RefusalReason.KEY_MISMATCH: "the record key `<platform>|<subject>`",
    RefusalReason.WRONG_PARTITION: "the partition that Kafka's murmur2 hash of the key gives",
    RefusalReason.ORPHAN: "a filing of the same report",
    RefusalReason.CONFLICT: "an id and a token that no event with different content has",
}
_TIMESTAMP: Final = "RFC 3339 with `Z` or an offset, an existing date and time from 1970 on"
_NOT_BEFORE_FILING: Final = "no action more than 2 minutes before its filing"


def expectation(reason: RefusalReason, field: str) -> str:
    """Return what is expected in `field` where a value was refused for `reason`; "" if there is no description."""
    if reason is RefusalReason.BAD_TIME:
        return _TIMESTAMP if field else _NOT_BEFORE_FILING
    if reason is RefusalReason.MISSING_FIELD:
        return "at least one label that changes" if field == "data" else f"the field `{field}`"
    if reason is RefusalReason.BAD_VALUE:
        return _SHAPES.get(field) or "; ".join(_values_by_field().get(field, ()))
    return _BY_REASON.get(reason, "")


@cache
def _values_by_field() -> Mapping[str, tuple[str, ...]]:
    """Return what each field may hold, with the names of the types or outcomes where they differ."""
    by_field: dict[str, dict[str, list[str]]] = {}
    for name, kind in _declared_types():
        for field in _fields(kind):
            for description in _describe_values(field.type):
                by_field.setdefault(field.encode_name, {}).setdefault(description, []).append(name)
    return {field: tuple(_with_type_names(types)) for field, types in by_field.items()}


def _declared_types() -> Iterator[tuple[str, type[Struct]]]:
    """Yield every declared type with its name: the event's type for envelopes and data, the outcome for actions."""
    for event in get_args(AnyEvent):
        name = str(event.__struct_config__.tag)
        yield name, event
        if event is not ActionTakenEvent:
            yield name, get_type_hints(event)["data"]
    yield from ((str(action.__struct_config__.tag), action) for action in get_args(ActionTaken))


def _fields(kind: type[Struct]) -> Sequence[inspect.Field]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType), "expected every declared type to be a struct"
    return described.fields


def _with_type_names(types_by_description: Mapping[str, list[str]]) -> Iterator[str]:
    for description, names in types_by_description.items():
        yield description if len(types_by_description) == 1 else f"in {', '.join(names)}: {description}"


def _describe_values(kind: inspect.Type) -> Iterator[str]:
    """Yield what a declared type may hold, if the type is closed: words, a range or a boolean."""
    match kind:
        case inspect.UnionType(types=members):
            for member in members:
                yield from _describe_values(member)
        case inspect.Metadata(type=inner):
            yield from _describe_values(inner)
        case inspect.VarTupleType(item_type=item):
            yield from (f"a list with {description}, each once, at least one" for description in _describe_values(item))
        case _:
            yield from _describe_closed_type(kind)


def _describe_closed_type(kind: inspect.Type) -> Iterator[str]:
    match kind:
        case inspect.EnumType(cls=enumeration):
            yield f"one of {', '.join(str(word.value) for word in enumeration)}"
        case inspect.LiteralType(values=values):
            yield " or ".join(f"`{value}`" for value in values)
        case inspect.BoolType():
            yield "true or false"
        case inspect.IntType(ge=minimum, le=maximum):
            yield f"a whole number from {minimum} to {maximum}"
        case _:
            return

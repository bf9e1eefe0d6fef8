"""Declare the data of the event types that a platform publishes; `action_data` has those of `action-taken`.

Every type is closed: an event with an undeclared field is refused, so that a platform cannot publish content, names or
addresses by accident. The default of an optional field is its meaning when the field is left out; an explicit `null` is
refused.
"""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from streams.contract.events.schema.media_types import media_type_pattern
from streams.contract.registry.jurisdictions import JURISDICTIONS
from streams.domain.vocabulary import (
    AmendReason,
    Basis,
    Channel,
    Harm,
    Reporter,
    RetractReason,
    Severity,
    Surface,
)


def _pattern_only_in_schema(body: str, description: str) -> Meta:
    """Describe a pattern in the schema only; `decoder` checks it in half the time that the typed decoder takes."""
    return Meta(description=description, extra_json_schema={"pattern": f"^{body}$"})


EVENT_ID_PATTERN: Final = "[A-Za-z0-9_-]{8,64}"
TOKEN_PATTERN: Final = "[a-z0-9]{2}_[A-Za-z0-9_-]{43}"  # noqa: S105 - the shape of a pseudonym

EventId = Annotated[
    str,
    _pattern_only_in_schema(EVENT_ID_PATTERN, "Unique within the source; a second event with the id is a redelivery."),
]

Token = Annotated[
    str,
    _pattern_only_in_schema(
        TOKEN_PATTERN,
        "Pseudonym of a report: the key's two-character id, then base64url of the HMAC-SHA-256 under the key.",
    ),
]

# The module `decoder` checks this type, since it recognises the usual spelling without a pattern.
JsonMedia = Annotated[
    str,
    Meta(
        description="`application/json`, upper or lower case, with or without parameters; a `charset` must be UTF-8.",
        extra_json_schema={"pattern": f"^{media_type_pattern('application/json')}$"},
    ),
]

PlatformSource = Annotated[
    str, _pattern_only_in_schema("/platforms/[a-z][a-z0-9-]{0,31}", "The platform's id in the registry.")
]

Taxonomy = Annotated[
    str,
    Meta(
        # Python's `$` also matches before a line feed at the end, so a look-ahead excludes the line feed.
        pattern=r"^[a-z][a-z0-9-]{0,30}-20[0-9]{2}-[0-9]{2}-[0-9]{2}(?!\n)$",
        description="A taxonomy by name and date, such as `dsa-2025-07-01`.",
    ),
]

# The function `parse_timestamp` checks this type: it is faster than a pattern and knows the calendar.
Timestamp = Annotated[
    str,
    Meta(
        description="RFC 3339 with `Z` or an offset; digits finer than a millisecond are cut off.",
        extra_json_schema={
            "format": "date-time",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
        },
    ),
]

# The class `LabelEncoder` checks once for each distinct tuple whether its codes are assigned.
Jurisdiction = Annotated[str, Meta(extra_json_schema={"enum": sorted(JURISDICTIONS)})]

Jurisdictions = Annotated[
    tuple[Jurisdiction, ...],
    Meta(
        min_length=1,
        max_length=len(JURISDICTIONS),
        description="Countries under whose law the report is handled: ISO 3166 alpha-2, `ZZ` if not known.",
        extra_json_schema={"uniqueItems": True},
    ),
]

MAX_ITEMS: Final = 1_000_000
MAX_SEQUENCE: Final = 2**53 - 1  # every JSON reader represents this number exactly
Items = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_ITEMS,
        description="How many items the filed report has, or this action decides. A report of up to 1,000 items can"
        " be decided one item at a time; a report with more items needs actions that decide several.",
    ),
]
HeartbeatSequence = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]


class EventData(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of every type's `data`: closed, immutable, without fields of its own."""


class ReportFiled(EventData, frozen=True, kw_only=True):
    """A report reached the platform's servers, before any validation, triage or queue."""

    harm: Harm
    reporter: Reporter
    trusted_flagger: bool
    channel: Channel
    basis: Basis
    jurisdictions: Jurisdictions
    severity: Severity = Severity.UNSPECIFIED
    items: Items = 1
    surface: Surface | UnsetType = UNSET
    taxonomy: Taxonomy | UnsetType = UNSET
    test: bool = False


class ReportAmended(EventData, frozen=True, kw_only=True):
    """The platform changes at least one label of a report."""

    reason: AmendReason
    harm: Harm | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    jurisdictions: Jurisdictions | UnsetType = UNSET


class EventRetracted(EventData, frozen=True, kw_only=True):
    """The platform withdraws one of its own events, by the id of the event."""

    retracts: EventId
    reason: RetractReason


class HeartbeatData(EventData, frozen=True, kw_only=True):
    """The platform has published everything up to `complete_through`; sent to every partition of both topics."""

    complete_through: Timestamp
    sequence: HeartbeatSequence

"""The data of the five event types: what a platform says, word for word.

Every type is closed: a field that is not declared here refuses the event, so that content, names and addresses
cannot come in by accident. What an optional field means when it is left out is its default here; an explicit
`null` is refused. `action-taken` is in `outcomes`.
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
    """Describe a pattern in the schema only; `decode` checks it, at half the time that the typed decoder takes."""
    return Meta(description=description, extra_json_schema={"pattern": f"^{body}$"})


EVENT_ID_PATTERN: Final = "[A-Za-z0-9_-]{8,64}"
TOKEN_PATTERN: Final = "[a-z0-9]{2}_[A-Za-z0-9_-]{43}"  # noqa: S105 - the shape of a pseudonym

EventId = Annotated[
    str, _pattern_only_in_schema(EVENT_ID_PATTERN, "Unique within the source; the same id again is a redelivery.")
]

Token = Annotated[
    str,
    _pattern_only_in_schema(
        TOKEN_PATTERN, "Pseudonym of a report: the key's two-character id, then base64url of the HMAC-SHA-256 under it."
    ),
]

# Checked by `decode`, which knows at once the one that nearly everybody writes.
JsonMedia = Annotated[
    str,
    Meta(
        description="`application/json`, in capitals or not, with parameters or not; a `charset` is UTF-8.",
        extra_json_schema={"pattern": f"^{media_type_pattern('application/json')}$"},
    ),
]

PlatformSource = Annotated[
    str, _pattern_only_in_schema("/platforms/[a-z][a-z0-9-]{0,31}", "The platform's id in the registry.")
]

Taxonomy = Annotated[
    str,
    Meta(
        # Python's `$` also matches before a last line feed, hence the look-ahead.
        pattern=r"^[a-z][a-z0-9-]{0,30}-20[0-9]{2}-[0-9]{2}-[0-9]{2}(?!\n)$",
        description="A taxonomy by name and date, as `dsa-2025-07-01`.",
    ),
]

# Checked by `instants.parse`, which is faster than a pattern and knows the calendar.
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

# Whether a code is assigned is checked once per distinct tuple, see `meaning`.
Jurisdiction = Annotated[str, Meta(extra_json_schema={"enum": sorted(JURISDICTIONS)})]

Jurisdictions = Annotated[
    tuple[Jurisdiction, ...],
    Meta(
        min_length=1,
        max_length=len(JURISDICTIONS),
        description="Under whose law the report is treated: ISO 3166 alpha-2, `ZZ` when unknown.",
        extra_json_schema={"uniqueItems": True},
    ),
]

MAX_ITEMS: Final = 1_000_000
MAX_SEQUENCE: Final = 2**53 - 1  # every JSON reader holds it exactly
Items = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_ITEMS,
        description="How many items: of a report that is filed, or decided by this action. Up to 1,000 items of a report"
        " can be decided one action each; a report with more needs actions that decide several.",
    ),
]
HeartbeatSequence = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]


class EventData(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What every type's `data` has in common: nothing but that it is closed."""


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
    """The platform gives a report other labels; at least one of them."""

    reason: AmendReason
    harm: Harm | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    jurisdictions: Jurisdictions | UnsetType = UNSET


class EventRetracted(EventData, frozen=True, kw_only=True):
    """The platform takes back an event of its own by that event's id."""

    retracts: EventId
    reason: RetractReason


class HeartbeatData(EventData, frozen=True, kw_only=True):
    """Everything up to `complete_through` has been published; sent to every partition of both topics."""

    complete_through: Timestamp
    sequence: HeartbeatSequence

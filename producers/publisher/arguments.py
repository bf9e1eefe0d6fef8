"""Argument types of the publisher's methods; a type checker verifies their names.

The publisher checks the values against the contract before it sends an event. Strings and enumeration members are
equally valid.
"""

from collections.abc import Sequence
from typing import Final, NotRequired, TypedDict, get_args

from streams.contract.events.schema.action_data import ActionTaken


class FilingArguments(TypedDict):
    """The data of `report-filed`."""

    harm: str
    reporter: str
    trusted_flagger: bool
    channel: str
    basis: str
    jurisdictions: Sequence[str]
    severity: NotRequired[str]
    items: NotRequired[int]
    surface: NotRequired[str]
    taxonomy: NotRequired[str]
    test: NotRequired[bool]


class OutcomeArguments(TypedDict, total=False):
    """The fields that an outcome requires or allows; `into` is a token."""

    automation: str
    items: int
    restrictions: Sequence[str]
    extent: str
    ground: str
    interim: bool
    to: str
    into: str
    reason: str
    of: str
    by: str


class AmendmentArguments(TypedDict):
    """The data of `report-amended`: a reason and at least one label."""

    reason: str
    harm: NotRequired[str]
    severity: NotRequired[str]
    jurisdictions: NotRequired[Sequence[str]]


class RetractionArguments(TypedDict):
    """The data of `event-retracted`: the id of the retracted event, and the reason."""

    retracts: str
    reason: str


OUTCOME_TYPES: Final[dict[str, type[ActionTaken]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(ActionTaken)
}
"""The class of each outcome's data, by the outcome's name."""

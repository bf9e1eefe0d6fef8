"""What a platform may say of a report: the arguments of the publisher, checked by name when code is type-checked.

The values are checked against the contract before an event leaves; a string is as good as the enumeration's member.
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
    """What an outcome requires or allows beside its name; `into` is a token."""

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
    """The data of `event-retracted`: the id of the event that is taken back, and why."""

    retracts: str
    reason: str


OUTCOME_TYPES: Final[dict[str, type[ActionTaken]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(ActionTaken)
}
"""The class of each outcome's data, by the outcome's name."""

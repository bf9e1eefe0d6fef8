"""The data of `action-taken`: one class for each outcome, with the fields that the outcome requires."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from streams.contract.events.schema.event_data import EventData, Items, Token
from streams.domain.vocabulary import (
    Addressee,
    Appellant,
    Automation,
    Extent,
    Ground,
    Outcome,
    PauseReason,
    Restriction,
    Reversal,
)

Restrictions = Annotated[
    tuple[Restriction, ...], Meta(min_length=1, max_length=len(Restriction), extra_json_schema={"uniqueItems": True})
]


class ActionData(EventData, frozen=True, kw_only=True, tag_field="outcome"):
    """Fields of every outcome: the degree of automation, and how many items *this* event decides (default: all)."""

    automation: Automation | UnsetType = UNSET
    items: Items | UnsetType = UNSET


class Acknowledged(ActionData, frozen=True, kw_only=True, tag=str(Outcome.ACKNOWLEDGED)):
    """The platform informed the reporter that the report arrived."""


class ReviewStarted(ActionData, frozen=True, kw_only=True, tag=str(Outcome.REVIEW_STARTED)):
    """A person or a machine began to review the report."""


class Validated(ActionData, frozen=True, kw_only=True, tag=str(Outcome.VALIDATED)):
    """The report contains everything that a law or the platform requires of a report."""


class NoticeServed(ActionData, frozen=True, kw_only=True, tag=str(Outcome.NOTICE_SERVED)):
    """A regulator's notice about the report was served on the platform."""


class Escalated(ActionData, frozen=True, kw_only=True, tag=str(Outcome.ESCALATED)):
    """The report was passed on to somebody else."""

    to: Addressee


class Merged(ActionData, frozen=True, kw_only=True, tag=str(Outcome.MERGED)):
    """The report is handled together with another report; this ends neither report."""

    into: Token


class Paused(ActionData, frozen=True, kw_only=True, tag=str(Outcome.PAUSED)):
    """The platform cannot continue, and gives the reason."""

    reason: PauseReason


class Resumed(ActionData, frozen=True, kw_only=True, tag=str(Outcome.RESUMED)):
    """The platform can continue."""


class Restricted(ActionData, frozen=True, kw_only=True, tag=str(Outcome.RESTRICTED)):
    """A restriction of the reported item took effect for users."""

    restrictions: Restrictions
    extent: Extent
    ground: Ground
    interim: bool = False


class AccountRestricted(ActionData, frozen=True, kw_only=True, tag=str(Outcome.ACCOUNT_RESTRICTED)):
    """A restriction of the reported account took effect."""

    restrictions: Restrictions
    extent: Extent
    ground: Ground
    interim: bool = False


class NoViolation(ActionData, frozen=True, kw_only=True, tag=str(Outcome.NO_VIOLATION)):
    """The platform decided to restrict nothing."""


class AlreadyRestricted(ActionData, frozen=True, kw_only=True, tag=str(Outcome.ALREADY_RESTRICTED)):
    """The reported item had been restricted before the report."""


class Unavailable(ActionData, frozen=True, kw_only=True, tag=str(Outcome.UNAVAILABLE)):
    """The reported item was no longer available before a decision."""


class OutOfScope(ActionData, frozen=True, kw_only=True, tag=str(Outcome.OUT_OF_SCOPE)):
    """The report is about something that the platform does not decide on."""


class Invalidated(ActionData, frozen=True, kw_only=True, tag=str(Outcome.INVALIDATED)):
    """The platform rejected the report without deciding on its content."""


class Withdrawn(ActionData, frozen=True, kw_only=True, tag=str(Outcome.WITHDRAWN)):
    """The reporter withdrew the report."""


class Expired(ActionData, frozen=True, kw_only=True, tag=str(Outcome.EXPIRED)):
    """The report was closed without a decision; it counts as not acted on."""


class Reopened(ActionData, frozen=True, kw_only=True, tag=str(Outcome.REOPENED)):
    """A closed report is open again."""


class Reversed(ActionData, frozen=True, kw_only=True, tag=str(Outcome.REVERSED)):
    """The platform reversed an earlier decision."""

    of: Reversal


class AppealFiled(ActionData, frozen=True, kw_only=True, tag=str(Outcome.APPEAL_FILED)):
    """Somebody appealed against the decision."""

    by: Appellant


class AppealUpheld(ActionData, frozen=True, kw_only=True, tag=str(Outcome.APPEAL_UPHELD)):
    """The appeal succeeded."""


class AppealRejected(ActionData, frozen=True, kw_only=True, tag=str(Outcome.APPEAL_REJECTED)):
    """The appeal failed."""


ActionTaken = (
    Acknowledged
    | ReviewStarted
    | Validated
    | NoticeServed
    | Escalated
    | Merged
    | Paused
    | Resumed
    | Restricted
    | AccountRestricted
    | NoViolation
    | AlreadyRestricted
    | Unavailable
    | OutOfScope
    | Invalidated
    | Withdrawn
    | Expired
    | Reopened
    | Reversed
    | AppealFiled
    | AppealUpheld
    | AppealRejected
)

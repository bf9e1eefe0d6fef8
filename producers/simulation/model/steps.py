"""Defines the steps that can happen to a simulated report, in the types of the contract."""

from typing import Final, NamedTuple

from producers.simulation.model.seeded_random import WeightedChoice
from streams.contract.events.schema import action_data
from streams.contract.events.schema.action_data import AccountRestricted, ActionTaken, Restricted
from streams.contract.events.schema.event_data import ReportAmended, ReportFiled
from streams.domain.vocabulary import (
    FINAL_RESTRICTIONS,
    Addressee,
    Appellant,
    Automation,
    Extent,
    Ground,
    PauseReason,
    Restriction,
    RetractReason,
)


class MergeStep(NamedTuple):
    """The report is merged into the one with this number."""

    merged_into: str


class RetractStep(NamedTuple):
    """The platform retracts the step with this index of the same report."""

    step_index: int
    reason: RetractReason


class Step(NamedTuple):
    """One step of a report at `occurred_at`, epoch milliseconds."""

    occurred_at: int
    data: ReportFiled | ActionTaken | ReportAmended | MergeStep | RetractStep


# This is a tuple, since `A | B` would build a union on every call.
_RESTRICTIONS: Final = (Restricted, AccountRestricted)


def is_final_restriction(data: object) -> bool:
    """Return whether `data` is a final restriction: item or account is removed, and not only provisionally."""
    return isinstance(data, _RESTRICTIONS) and not data.interim and not FINAL_RESTRICTIONS.isdisjoint(data.restrictions)


def _item_restriction(restriction: Restriction, automation: Automation, ground: Ground = Ground.TERMS) -> ActionTaken:
    extent = Extent.JURISDICTION if restriction is Restriction.DISABLED else Extent.GLOBAL
    return Restricted(restrictions=(restriction,), extent=extent, ground=ground, automation=automation)


def _account_restriction(restriction: Restriction, automation: Automation) -> ActionTaken:
    return AccountRestricted(
        restrictions=(restriction,), extent=Extent.GLOBAL, ground=Ground.TERMS, automation=automation
    )


ACKNOWLEDGED: Final = action_data.Acknowledged(automation=Automation.FULL)
REVIEW_STARTED: Final = action_data.ReviewStarted()
ESCALATED: Final = action_data.Escalated(to=Addressee.LAW_ENFORCEMENT)
PAUSED: Final = action_data.Paused(reason=PauseReason.INFORMATION_REQUESTED)
RESUMED: Final = action_data.Resumed()
INTERIM_RESTRICTION: Final = Restricted(
    restrictions=(Restriction.DISABLED,),
    extent=Extent.GLOBAL,
    ground=Ground.TERMS,
    interim=True,
    automation=Automation.FULL,
)
REJECTED: Final = action_data.NoViolation(automation=Automation.NONE)
AUTO_REJECTED: Final = action_data.NoViolation(automation=Automation.FULL)
EXPIRED: Final = action_data.Expired()
REOPENED: Final = action_data.Reopened()
APPEALED_BY_SUBJECT: Final = action_data.AppealFiled(by=Appellant.SUBJECT)
APPEALED_BY_REPORTER: Final = action_data.AppealFiled(by=Appellant.REPORTER)

# Endings of reports with a restriction. The shares are ours; it matters only that each restriction occurs.
FAST_RESTRICTIONS: Final[WeightedChoice[ActionTaken]] = WeightedChoice(
    [
        (_item_restriction(Restriction.REMOVED, Automation.FULL), 0.55),
        (_item_restriction(Restriction.REMOVED, Automation.PARTIAL), 0.25),
        (_account_restriction(Restriction.ACCOUNT_TERMINATED, Automation.PARTIAL), 0.12),
        (_account_restriction(Restriction.ACCOUNT_SUSPENDED, Automation.FULL), 0.08),
    ]
)
SLOW_RESTRICTIONS: Final[WeightedChoice[ActionTaken]] = WeightedChoice(
    [
        (_item_restriction(Restriction.REMOVED, Automation.NONE), 0.55),
        (_item_restriction(Restriction.REMOVED, Automation.NONE, Ground.LAW), 0.15),
        (_item_restriction(Restriction.DISABLED, Automation.NONE, Ground.LAW), 0.08),
        (_account_restriction(Restriction.ACCOUNT_TERMINATED, Automation.NONE), 0.14),
        (_account_restriction(Restriction.ACCOUNT_SUSPENDED, Automation.NONE), 0.08),
    ]
)

# Other endings. "The rest no-action, duplicate, withdrawn or open" (recipe); the shares are ours.
OTHER_ENDINGS: Final[WeightedChoice[ActionTaken]] = WeightedChoice(
    [
        (REJECTED, 0.76),
        (action_data.AlreadyRestricted(), 0.07),
        (action_data.Unavailable(), 0.06),
        (action_data.OutOfScope(), 0.05),
        (action_data.Withdrawn(), 0.03),
        (action_data.Invalidated(), 0.01),
        (EXPIRED, 0.02),
    ]
)

UNRESTRICTED_DECISIONS: Final = (action_data.NoViolation, action_data.AlreadyRestricted, action_data.Unavailable)
"""Endings that are decisions without a restriction; all other endings without a restriction are no decisions."""

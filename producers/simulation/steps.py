"""What can happen to a simulated report, in the contract's own types."""

from typing import Final, NamedTuple

from producers.simulation.chance import Choice
from streams.contract import outcomes
from streams.contract.outcomes import AccountRestricted, ActionTaken, Restricted
from streams.contract.types import ReportAmended, ReportFiled
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


class Merge(NamedTuple):
    """The report is merged into the one with this number."""

    into: str


class Retract(NamedTuple):
    """The platform takes back the step at this place of the same life."""

    step: int
    reason: RetractReason


class Step(NamedTuple):
    """One thing that happens at `at`, epoch milliseconds."""

    at: int
    what: ReportFiled | ActionTaken | ReportAmended | Merge | Retract


# A tuple, since `A | B` would build a union on every call.
_RESTRICTIONS: Final = (Restricted, AccountRestricted)


def is_final(what: object) -> bool:
    """Return whether `what` is a final restriction: item or account is gone, and not only for the time being."""
    return isinstance(what, _RESTRICTIONS) and not what.interim and not FINAL_RESTRICTIONS.isdisjoint(what.restrictions)


def _item(restriction: Restriction, automation: Automation, ground: Ground = Ground.TERMS) -> ActionTaken:
    extent = Extent.JURISDICTION if restriction is Restriction.DISABLED else Extent.GLOBAL
    return Restricted(restrictions=(restriction,), extent=extent, ground=ground, automation=automation)


def _account(restriction: Restriction, automation: Automation) -> ActionTaken:
    return AccountRestricted(
        restrictions=(restriction,), extent=Extent.GLOBAL, ground=Ground.TERMS, automation=automation
    )


ACKNOWLEDGED: Final = outcomes.Acknowledged(automation=Automation.FULL)
REVIEW_STARTED: Final = outcomes.ReviewStarted()
ESCALATED: Final = outcomes.Escalated(to=Addressee.LAW_ENFORCEMENT)
PAUSED: Final = outcomes.Paused(reason=PauseReason.INFORMATION_REQUESTED)
RESUMED: Final = outcomes.Resumed()
HIDDEN_MEANWHILE: Final = Restricted(
    restrictions=(Restriction.DISABLED,),
    extent=Extent.GLOBAL,
    ground=Ground.TERMS,
    interim=True,
    automation=Automation.FULL,
)
REJECTED: Final = outcomes.NoViolation(automation=Automation.NONE)
REJECTED_BY_MACHINE: Final = outcomes.NoViolation(automation=Automation.FULL)
EXPIRED: Final = outcomes.Expired()
REOPENED: Final = outcomes.Reopened()
APPEALED_BY_SUBJECT: Final = outcomes.AppealFiled(by=Appellant.SUBJECT)
APPEALED_BY_REPORTER: Final = outcomes.AppealFiled(by=Appellant.REPORTER)

# How an acted report ends. The shares within are ours; what counts is that each word of the contract occurs.
ACTED_FAST: Final[Choice[ActionTaken]] = Choice(
    [
        (_item(Restriction.REMOVED, Automation.FULL), 0.55),
        (_item(Restriction.REMOVED, Automation.PARTIAL), 0.25),
        (_account(Restriction.ACCOUNT_TERMINATED, Automation.PARTIAL), 0.12),
        (_account(Restriction.ACCOUNT_SUSPENDED, Automation.FULL), 0.08),
    ]
)
ACTED_SLOWLY: Final[Choice[ActionTaken]] = Choice(
    [
        (_item(Restriction.REMOVED, Automation.NONE), 0.55),
        (_item(Restriction.REMOVED, Automation.NONE, Ground.LAW), 0.15),
        (_item(Restriction.DISABLED, Automation.NONE, Ground.LAW), 0.08),
        (_account(Restriction.ACCOUNT_TERMINATED, Automation.NONE), 0.14),
        (_account(Restriction.ACCOUNT_SUSPENDED, Automation.NONE), 0.08),
    ]
)

# How the others end. "The rest no-action, duplicate, withdrawn or open" (recipe); the shares within are ours.
UNACTED: Final[Choice[ActionTaken]] = Choice(
    [
        (REJECTED, 0.76),
        (outcomes.AlreadyRestricted(), 0.07),
        (outcomes.Unavailable(), 0.06),
        (outcomes.OutOfScope(), 0.05),
        (outcomes.Withdrawn(), 0.03),
        (outcomes.Invalidated(), 0.01),
        (EXPIRED, 0.02),
    ]
)

DECISIONS: Final = (outcomes.NoViolation, outcomes.AlreadyRestricted, outcomes.Unavailable)
"""Endings that are decisions without a restriction; the others end a report undecided."""

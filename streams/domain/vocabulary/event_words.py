"""The closed lists of words that events may contain.

Only append to an enumeration, and never change its order: cohorts store labels as positions in it.
"""

from enum import StrEnum
from typing import Final


class Harm(StrEnum):
    """The primary harm that a report is about, as the platform classified the report when it was filed."""

    CSAM = "csam"
    CSAM_GENERATED = "csam_generated"
    GROOMING = "grooming"
    SEXTORTION = "sextortion"
    TRAFFICKING = "trafficking"
    INTIMATE_IMAGES = "intimate_images"
    BULLYING = "bullying"
    SELF_HARM = "self_harm"
    EATING_DISORDER = "eating_disorder"
    AGE_INAPPROPRIATE = "age_inappropriate"
    DANGEROUS_CHALLENGE = "dangerous_challenge"
    OTHER = "other"


class Reporter(StrEnum):
    """The class of the person or organisation that filed a report."""

    USER = "user"
    GUARDIAN = "guardian"
    HOTLINE = "hotline"
    AUTHORITY = "authority"
    ORGANISATION = "organisation"
    AUTOMATED = "automated"


class Channel(StrEnum):
    """The way in which a report reached the platform."""

    IN_APP = "in_app"
    WEB_FORM = "web_form"
    EMAIL = "email"
    LEGAL_NOTICE = "legal_notice"
    API = "api"


class Basis(StrEnum):
    """The legal or contractual basis of a report."""

    TERMS = "terms"
    STATUTORY_NOTICE = "statutory_notice"
    REGULATOR_NOTICE = "regulator_notice"
    ORDER = "order"
    UNSPECIFIED = "unspecified"


class Severity(StrEnum):
    """How urgent a report is, as the platform assesses it; `unspecified` is treated like the strictest."""

    CRITICAL = "critical"
    HIGH = "high"
    STANDARD = "standard"
    UNSPECIFIED = "unspecified"


class Surface(StrEnum):
    """Where the reported item appeared."""

    PUBLIC = "public"
    PRIVATE = "private"
    LIVE = "live"
    SEARCH = "search"
    ADS = "ads"


class Outcome(StrEnum):
    """What an `action-taken` event records: a step before the end, an ending, or a step after the end."""

    ACKNOWLEDGED = "acknowledged"
    REVIEW_STARTED = "review_started"
    VALIDATED = "validated"
    NOTICE_SERVED = "notice_served"
    ESCALATED = "escalated"
    MERGED = "merged"
    PAUSED = "paused"
    RESUMED = "resumed"
    RESTRICTED = "restricted"
    ACCOUNT_RESTRICTED = "account_restricted"
    NO_VIOLATION = "no_violation"
    ALREADY_RESTRICTED = "already_restricted"
    UNAVAILABLE = "unavailable"
    OUT_OF_SCOPE = "out_of_scope"
    INVALIDATED = "invalidated"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REOPENED = "reopened"
    REVERSED = "reversed"
    APPEAL_FILED = "appeal_filed"
    APPEAL_UPHELD = "appeal_upheld"
    APPEAL_REJECTED = "appeal_rejected"


class Restriction(StrEnum):
    """What a restriction did to the item or the account."""

    REMOVED = "removed"
    DISABLED = "disabled"
    DEMOTED = "demoted"
    AGE_GATED = "age_gated"
    INTERACTION_LIMITED = "interaction_limited"
    LABELLED = "labelled"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_TERMINATED = "account_terminated"


# These remove the item or the account. After a label, a demotion or an age gate, the item can still be reached.
FINAL_RESTRICTIONS: Final = frozenset(
    {
        Restriction.REMOVED,
        Restriction.DISABLED,
        Restriction.ACCOUNT_SUSPENDED,
        Restriction.ACCOUNT_TERMINATED,
    }
)


class Extent(StrEnum):
    """Where a restriction applies."""

    GLOBAL = "global"
    JURISDICTION = "jurisdiction"


class Ground(StrEnum):
    """The basis of a restriction: a law, or the terms of the platform."""

    LAW = "law"
    TERMS = "terms"


class Automation(StrEnum):
    """How far a decision was automated."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class Addressee(StrEnum):
    """The body to which a report was escalated."""

    INTERNAL = "internal"
    HOTLINE = "hotline"
    LAW_ENFORCEMENT = "law_enforcement"
    AUTHORITY = "authority"


class PauseReason(StrEnum):
    """Why a platform paused a report."""

    INFORMATION_REQUESTED = "information_requested"
    OBSTRUCTED = "obstructed"


class Reversal(StrEnum):
    """The decision that was reversed."""

    RESTRICTION = "restriction"
    NO_VIOLATION = "no_violation"


class Appellant(StrEnum):
    """Who filed an appeal."""

    REPORTER = "reporter"
    SUBJECT = "subject"


class AmendReason(StrEnum):
    """Why labels were amended."""

    TRIAGE = "triage"
    ERROR = "error"


class RetractReason(StrEnum):
    """Why an event was retracted."""

    ERROR = "error"
    DUPLICATE = "duplicate"
    TEST = "test"
    LEGAL = "legal"

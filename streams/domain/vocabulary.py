"""The closed words of the contract.

The order of every enumeration is frozen and append-only: cohort labels are stored as positions in it.
"""

from enum import StrEnum
from typing import Final


class Harm(StrEnum):
    """What a report is about; the primary harm as the platform classified it when it was filed."""

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
    """Who filed a report, as a class of senders."""

    USER = "user"
    GUARDIAN = "guardian"
    HOTLINE = "hotline"
    AUTHORITY = "authority"
    ORGANISATION = "organisation"
    AUTOMATED = "automated"


class Channel(StrEnum):
    """The door through which a report came in."""

    IN_APP = "in_app"
    WEB_FORM = "web_form"
    EMAIL = "email"
    LEGAL_NOTICE = "legal_notice"
    API = "api"


class Basis(StrEnum):
    """On what the report rests."""

    TERMS = "terms"
    STATUTORY_NOTICE = "statutory_notice"
    REGULATOR_NOTICE = "regulator_notice"
    ORDER = "order"
    UNSPECIFIED = "unspecified"


class Severity(StrEnum):
    """How urgent the platform holds a report; `unspecified` is read as the strictest."""

    CRITICAL = "critical"
    HIGH = "high"
    STANDARD = "standard"
    UNSPECIFIED = "unspecified"


class Surface(StrEnum):
    """Where the reported item stood."""

    PUBLIC = "public"
    PRIVATE = "private"
    LIVE = "live"
    SEARCH = "search"
    ADS = "ads"


class Outcome(StrEnum):
    """What an `action-taken` event records: on the way, an ending, or something afterwards."""

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


# A restriction that ends the matter: the item is gone or the account is. Labels, demotion or an age gate leave it in reach.
FINAL_RESTRICTIONS: Final = frozenset(
    {
        Restriction.REMOVED,
        Restriction.DISABLED,
        Restriction.ACCOUNT_SUSPENDED,
        Restriction.ACCOUNT_TERMINATED,
    }
)


class Extent(StrEnum):
    """Where a restriction holds."""

    GLOBAL = "global"
    JURISDICTION = "jurisdiction"


class Ground(StrEnum):
    """On what a restriction rests."""

    LAW = "law"
    TERMS = "terms"


class Automation(StrEnum):
    """How much of a decision a machine took."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class Addressee(StrEnum):
    """To whom a report was escalated."""

    INTERNAL = "internal"
    OVER_CAPACITY = "over_capacity"
    HOTLINE = "hotline"
    LAW_ENFORCEMENT = "law_enforcement"
    AUTHORITY = "authority"


class PauseReason(StrEnum):
    """Why a platform says that the clock should stand still."""

    INFORMATION_REQUESTED = "information_requested"
    OBSTRUCTED = "obstructed"


class Reversal(StrEnum):
    """Which decision was reversed."""

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


class Reason(StrEnum):
    """Why an event was refused."""

    NOT_JSON = "not_json"
    NOT_CLOUDEVENT = "not_cloudevent"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_PLATFORM = "unknown_platform"
    WRONG_PLATFORM = "wrong_platform"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    BAD_VALUE = "bad_value"
    BAD_TIME = "bad_time"
    FUTURE_TIME = "future_time"
    TOO_OLD = "too_old"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    KEY_MISMATCH = "key_mismatch"
    WRONG_PARTITION = "wrong_partition"
    ORPHAN = "orphan"
    CONFLICT = "conflict"
    INTERNAL = "internal"
    UNDECODABLE = "undecodable"
    OVER_CAPACITY = "over_capacity"

"""What platforms say, past the decoder: facts with closed words, instants in epoch milliseconds.

Every fact carries `key` (`b"<platform>|<token>"`, the Kafka key of its record), `at` (when it happened), `told`
(the log time of its record: when we were told), `id` (64 bits of a digest of the event's id, unique within its
source) and `content` (32 bits of a digest of its canonical bytes): equal id and content is a duplicate, equal
id and other content a conflict, in which the smallest (`at`, `content`) stands.
"""

from typing import Final, NamedTuple, final

from streams.domain.vocabulary import Harm, Outcome, Reversal, Severity


class ActionKind(NamedTuple):
    """What an action amounts to for every clock: the outcome with what of its data matters.

    `final` is true for a restriction that ends the matter (removed, disabled, suspended or terminated, and not
    interim); `of` says what was reversed. Everything else that an `action-taken` event may say is checked at the
    door and then forgotten.
    """

    outcome: Outcome
    is_final: bool = False
    reversed_decision: Reversal | None = None


ACTION_KINDS: Final = (
    ActionKind(Outcome.RESUMED),
    ActionKind(Outcome.APPEAL_FILED),
    ActionKind(Outcome.APPEAL_UPHELD),
    ActionKind(Outcome.APPEAL_REJECTED),
    ActionKind(Outcome.REVERSED, reversed_decision=Reversal.RESTRICTION),
    ActionKind(Outcome.REVERSED, reversed_decision=Reversal.NO_VIOLATION),
    ActionKind(Outcome.REOPENED),
    ActionKind(Outcome.ACKNOWLEDGED),
    ActionKind(Outcome.REVIEW_STARTED),
    ActionKind(Outcome.VALIDATED),
    ActionKind(Outcome.NOTICE_SERVED),
    ActionKind(Outcome.ESCALATED),
    ActionKind(Outcome.MERGED),
    ActionKind(Outcome.RESTRICTED),
    ActionKind(Outcome.ACCOUNT_RESTRICTED),
    ActionKind(Outcome.PAUSED),
    ActionKind(Outcome.RESTRICTED, is_final=True),
    ActionKind(Outcome.ACCOUNT_RESTRICTED, is_final=True),
    ActionKind(Outcome.NO_VIOLATION),
    ActionKind(Outcome.ALREADY_RESTRICTED),
    ActionKind(Outcome.UNAVAILABLE),
    ActionKind(Outcome.OUT_OF_SCOPE),
    ActionKind(Outcome.INVALIDATED),
    ActionKind(Outcome.WITHDRAWN),
    ActionKind(Outcome.EXPIRED),
)
"""Every deed there is, in the order in which those of one instant are looked at (docs/definitions.md §2). The order is
frozen: rows store a deed as its place here."""

FILING_CODE: Final = 0
TEST_FILING_CODE: Final = 1
AMENDMENT_CODE: Final = 2
RETRACTION_CODE: Final = 3
FIRST_ACTION_CODE: Final = 4
"""Codes of entries, the frozen numbers under which rows store events; from FIRST_DEED on, the place of the deed in `DEEDS`."""

ACTION_CODES: Final = {action: FIRST_ACTION_CODE + place for place, action in enumerate(ACTION_KINDS)}
"""The code of every deed."""


class Filing(NamedTuple):
    """A report reached the platform's servers at `at`; `attributes` is the short form of its labels.

    `history`: it was told in audited history, `told` is when the platform recorded it.
    """

    key: bytes
    platform: str
    at: int
    logged_at: int
    id: int
    content: int
    encoded_labels: str
    items: int = 1
    is_test: bool = False
    is_history: bool = False


class Action(NamedTuple):
    """The platform recorded a deed at `at`; `items` is how many items this event decides, 0 for all."""

    key: bytes
    platform: str
    at: int
    logged_at: int
    id: int
    content: int
    kind_number: ActionKind
    items: int = 0


class Amendment(NamedTuple):
    """The platform gave a report other labels; the cohort keeps those of the filing.

    `harm` and `severity` are what it says now, None where it says nothing of them.
    """

    key: bytes
    platform: str
    at: int
    logged_at: int
    id: int
    content: int
    harm: Harm | None = None
    severity: Severity | None = None


class Retraction(NamedTuple):
    """The platform takes back the event whose id has the digest `retracts`."""

    key: bytes
    platform: str
    at: int
    logged_at: int
    id: int
    content: int
    retracted_id: int


@final
class Heartbeat(NamedTuple):
    """The platform says that everything up to `complete_through` has been published on this topic's partition.

    `topic` is the role of the topic that carried it, `report-filed` or `action-taken`; empty where a file has no
    topics, which stands for both.
    """

    platform: str
    at: int
    logged_at: int
    complete_through: int
    sequence: int
    topic_role: str = ""


ReportEvent = Filing | Action | Amendment | Retraction
Event = ReportEvent | Heartbeat

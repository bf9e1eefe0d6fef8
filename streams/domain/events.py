"""The decoded events of platforms; all instants are in epoch milliseconds.

Every event of a report has `key` (`b"<platform>|<token>"`, the Kafka key of its record), `at` (when it occurred),
`logged_at` (the log time of its record), `id` (64 bits of a digest of the event's id) and `content` (32 bits of a
digest of its canonical bytes). Two events with equal id and content are duplicates; two with equal id and other content
are in conflict, and the first by rank is effective.
"""

from typing import Final, NamedTuple, final

from streams.domain.vocabulary import Harm, Outcome, Reversal, Severity


class ActionKind(NamedTuple):
    """An outcome together with the details that change its effect on states and clocks.

    `is_final`: a restriction removed or disabled the item, or suspended or terminated the account, and is not interim.
    `reversed_decision`: what `reversed` reverses. The decoder checks all other details of an `action-taken` event and
    does not keep them.
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
"""All action kinds, in the order of the table in docs/definitions.md §2. Only append: rows store an action kind as its
position here."""

FILING_CODE: Final = 0
TEST_FILING_CODE: Final = 1
AMENDMENT_CODE: Final = 2
RETRACTION_CODE: Final = 3
FIRST_ACTION_CODE: Final = 4
"""Codes of entries, under which rows store events; from FIRST_ACTION_CODE on, the position in ACTION_KINDS is added."""

ACTION_CODES: Final = {action: FIRST_ACTION_CODE + place for place, action in enumerate(ACTION_KINDS)}
"""The code of every action kind."""


class Filing(NamedTuple):
    """A report reached the platform's servers at `at`.

    `items`: how many items the report is about. `is_history`: the filing belongs to audited history, and `logged_at` is
    when the platform recorded it.
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
    """The platform acted on a report at `at`; `items` is how many items this action decides, 0 for all."""

    key: bytes
    platform: str
    at: int
    logged_at: int
    id: int
    content: int
    kind: ActionKind
    items: int = 0


class Amendment(NamedTuple):
    """The platform gave a report other labels; the cohort keeps the labels of the filing.

    `harm` and `severity` are the new labels, None for a label that does not change.
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
    """The platform withdraws the event whose id has the digest `retracted_id`."""

    key: bytes
    platform: str
    at: int
    logged_at: int
    id: int
    content: int
    retracted_id: int


@final
class Heartbeat(NamedTuple):
    """The platform declares that everything up to `complete_through` has been published on this topic's partition.

    `topic_role` is `report-filed` or `action-taken`; empty for both, as in a file, which has no topics.
    """

    platform: str
    at: int
    logged_at: int
    complete_through: int
    sequence: int
    topic_role: str = ""


ReportEvent = Filing | Action | Amendment | Retraction
Event = ReportEvent | Heartbeat

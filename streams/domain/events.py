"""What platforms say, past the decoder: facts with closed words, instants in epoch milliseconds.

Every fact carries `key` (`b"<platform>|<token>"`, the Kafka key of its record), `at` (when it happened), `told`
(the log time of its record: when we were told), `id` (64 bits of a digest of the event's id, unique within its
source) and `content` (32 bits of a digest of its canonical bytes): equal id and content is a duplicate, equal
id and other content a conflict, in which the smallest (`at`, `content`) stands.
"""

from typing import Final, NamedTuple, final

from streams.domain.vocabulary import Harm, Outcome, Reversal, Severity


class Deed(NamedTuple):
    """What an action amounts to for every clock: the outcome with what of its data matters.

    `final` is true for a restriction that ends the matter (removed, disabled, suspended or terminated, and not
    interim); `of` says what was reversed. Everything else that an `action-taken` event may say is checked at the
    door and then forgotten.
    """

    outcome: Outcome
    final: bool = False
    of: Reversal | None = None


DEEDS: Final = (
    Deed(Outcome.RESUMED),
    Deed(Outcome.APPEAL_FILED),
    Deed(Outcome.APPEAL_UPHELD),
    Deed(Outcome.APPEAL_REJECTED),
    Deed(Outcome.REVERSED, of=Reversal.RESTRICTION),
    Deed(Outcome.REVERSED, of=Reversal.NO_VIOLATION),
    Deed(Outcome.REOPENED),
    Deed(Outcome.ACKNOWLEDGED),
    Deed(Outcome.REVIEW_STARTED),
    Deed(Outcome.VALIDATED),
    Deed(Outcome.NOTICE_SERVED),
    Deed(Outcome.ESCALATED),
    Deed(Outcome.MERGED),
    Deed(Outcome.RESTRICTED),
    Deed(Outcome.ACCOUNT_RESTRICTED),
    Deed(Outcome.PAUSED),
    Deed(Outcome.RESTRICTED, final=True),
    Deed(Outcome.ACCOUNT_RESTRICTED, final=True),
    Deed(Outcome.NO_VIOLATION),
    Deed(Outcome.ALREADY_RESTRICTED),
    Deed(Outcome.UNAVAILABLE),
    Deed(Outcome.OUT_OF_SCOPE),
    Deed(Outcome.INVALIDATED),
    Deed(Outcome.WITHDRAWN),
    Deed(Outcome.EXPIRED),
)
"""Every deed there is, in the order in which those of one instant are looked at (docs/definitions.md §2). The order is
frozen: rows store a deed as its place here."""

FILING: Final = 0
TEST_FILING: Final = 1
AMENDMENT: Final = 2
RETRACTION: Final = 3
FIRST_DEED: Final = 4
"""Codes of entries, the frozen numbers under which rows store events; from FIRST_DEED on, the place of the deed in `DEEDS`."""

CODES: Final = {deed: FIRST_DEED + place for place, deed in enumerate(DEEDS)}
"""The code of every deed."""


class Filing(NamedTuple):
    """A report reached the platform's servers at `at`; `attributes` is the short form of its labels.

    `history`: it was told in audited history, `told` is when the platform recorded it.
    """

    key: bytes
    platform: str
    at: int
    told: int
    id: int
    content: int
    attributes: str
    items: int = 1
    test: bool = False
    history: bool = False


class Action(NamedTuple):
    """The platform recorded a deed at `at`; `items` is how many items this event decides, 0 for all."""

    key: bytes
    platform: str
    at: int
    told: int
    id: int
    content: int
    deed: Deed
    items: int = 0


class Amendment(NamedTuple):
    """The platform gave a report other labels; the cohort keeps those of the filing.

    `harm` and `severity` are what it says now, None where it says nothing of them.
    """

    key: bytes
    platform: str
    at: int
    told: int
    id: int
    content: int
    harm: Harm | None = None
    severity: Severity | None = None


class Retraction(NamedTuple):
    """The platform takes back the event whose id has the digest `retracts`."""

    key: bytes
    platform: str
    at: int
    told: int
    id: int
    content: int
    retracts: int


@final
class Heartbeat(NamedTuple):
    """The platform says that everything up to `complete_through` has been published on this topic's partition.

    `topic` is the role of the topic that carried it, `report-filed` or `action-taken`; empty where a file has no
    topics, which stands for both.
    """

    platform: str
    at: int
    told: int
    complete_through: int
    sequence: int
    topic: str = ""


AboutReport = Filing | Action | Amendment | Retraction
Event = AboutReport | Heartbeat

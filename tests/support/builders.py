"""Builders of domain values: keywords with defaults, in place of encoded labels and long lists of arguments.

An event gets its id and its content from what it says, so equal calls build duplicates, and calls with one `event_id`
and different content build conflicts.
"""

import zlib
from typing import Final

from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Action, ActionKind, Filing, Heartbeat, Retraction
from streams.domain.labels import Labels, encode_labels
from streams.domain.vocabulary import Basis, Channel, Harm, Outcome, Reporter, Severity

START: Final = 20_100 * DAY
"""An arbitrary midnight."""

REMOVAL: Final = ActionKind(Outcome.RESTRICTED, is_final=True)


def report_key(report: object = 1, platform: str = "harbor") -> bytes:
    """Return the key of a report's records."""
    return f"{platform}|aa_{report}".encode()


def encoded_labels(harm: Harm = Harm.BULLYING, *, severity: Severity = Severity.HIGH, jurisdictions: str = "EU") -> str:
    """Return a filing's labels as the ledger stores them."""
    labels = Labels(harm, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, severity, jurisdictions)  # noqa: FBT003
    return encode_labels(labels)


def _digest(*said: object) -> int:
    return zlib.crc32(repr(said).encode())


def filing(  # noqa: PLR0913 - every part of a filing has a default
    report: object = 1,
    *,
    platform: str = "harbor",
    key: bytes | None = None,
    at: int = START,
    logged_at: int | None = None,
    labels: str | None = None,
    items: int = 1,
    is_history: bool = False,
    event_id: int | None = None,
    content: int | None = None,
) -> Filing:
    """Return the filing of a report; logged when it is filed, if not said otherwise."""
    labels = encoded_labels() if labels is None else labels
    said = ("filing", report, platform, key, at, labels, items)
    return Filing(
        key=report_key(report, platform) if key is None else key,
        platform=platform,
        at=at,
        logged_at=at if logged_at is None else logged_at,
        id=_digest(said) if event_id is None else event_id,
        content=_digest(*said) if content is None else content,
        encoded_labels=labels,
        items=items,
        is_history=is_history,
    )


def action(  # noqa: PLR0913 - every part of an action has a default
    kind: ActionKind | Outcome = REMOVAL,
    after: int = HOUR,
    *,
    report: object = 1,
    platform: str = "harbor",
    key: bytes | None = None,
    at: int | None = None,
    logged_at: int | None = None,
    items: int = 0,
    event_id: int | None = None,
    content: int | None = None,
) -> Action:
    """Return an action on a report, by default its removal; taken `after` the filing at `START` or `at` an instant, and logged then."""
    at = START + after if at is None else at
    kind = ActionKind(kind) if isinstance(kind, Outcome) else kind
    said = ("action", report, platform, key, at, kind, items)
    return Action(
        key=report_key(report, platform) if key is None else key,
        platform=platform,
        at=at,
        logged_at=at if logged_at is None else logged_at,
        id=_digest(said) if event_id is None else event_id,
        content=_digest(*said) if content is None else content,
        kind=kind,
        items=items,
    )


def retraction(retracted_id: int, *, at: int = START, report: object = 1, event_id: int | None = None) -> Retraction:
    """Return the retraction of an event of a report of harbor."""
    said = _digest("retraction", report, at, retracted_id)
    return Retraction(report_key(report), "harbor", at, at, said if event_id is None else event_id, said, retracted_id)


def heartbeat(at: int = START, *, platform: str = "harbor", sequence: int = 1, topic_role: str = "") -> Heartbeat:
    """Return a heartbeat that declares everything up to `at` published."""
    return Heartbeat(
        platform=platform, at=at, logged_at=at, complete_through=at, sequence=sequence, topic_role=topic_role
    )

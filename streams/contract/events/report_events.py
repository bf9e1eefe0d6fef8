"""Build events about reports from their decoded data, and reject values that the schema cannot exclude."""

from typing import Final, get_args

from msgspec import UNSET

from streams.contract.events.diagnosis import Fault, match_event_id, match_token
from streams.contract.events.domain_mapping import action_kind, canonical_bytes
from streams.contract.events.duplicate_names import has_duplicate_names
from streams.contract.events.keys import content_digest, event_digest
from streams.contract.events.schema.action_data import ActionTaken, Merged
from streams.contract.events.schema.envelope import ActionTakenEvent, AnyEvent
from streams.contract.events.schema.event_data import EventRetracted, ReportAmended
from streams.contract.registry.jurisdictions import JURISDICTIONS
from streams.contract.timestamps import parse_timestamp
from streams.domain.events import Action, Amendment, Event, Filing, Retraction
from streams.domain.vocabulary import RefusalReason

TYPE_NAMES: Final = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)}
new_tuple: Final = tuple.__new__  # same result as calling the named tuple's class, at a third of the cost
ReportFields = tuple[bytes, str, int, int, int, int]  # the first six fields of every event about a report


class RejectedError(Exception):
    """Carries a fault from a check to the decoder; only `fault` is set, never a message."""

    def __init__(self, reason: RefusalReason, field: str) -> None:
        super().__init__()
        self.fault = Fault(reason, field)


def parse_time(text: str, field: str) -> int:
    """Return the instant in the field, epoch ms; reject text that is no instant."""
    try:
        return parse_timestamp(text)
    except ValueError:
        raise RejectedError(RefusalReason.BAD_TIME, field) from None


def with_history(event: Event) -> Event:
    """Return the event, marked as audited history if it is a filing."""
    return event._replace(is_history=True) if isinstance(event, Filing) else event


def build_action(data: ActionTaken, report_fields: ReportFields) -> Action:
    """Return an action; reject a merge into a report that no token names."""
    if isinstance(data, Merged) and not match_token(data.into):
        raise RejectedError(RefusalReason.BAD_VALUE, "into")
    return new_tuple(Action, (*report_fields, action_kind(data), 0 if data.items is UNSET else data.items))


def build_amendment(data: ReportAmended, report_fields: ReportFields) -> Amendment:
    """Return an amendment; reject one that changes nothing, or names an unknown jurisdiction."""
    if data.harm is UNSET and data.severity is UNSET and data.jurisdictions is UNSET:
        raise RejectedError(RefusalReason.MISSING_FIELD, "data")
    if data.jurisdictions is not UNSET and not JURISDICTIONS.issuperset(data.jurisdictions):
        raise RejectedError(RefusalReason.BAD_VALUE, "jurisdictions")
    harm = None if data.harm is UNSET else data.harm
    severity = None if data.severity is UNSET else data.severity
    return Amendment(*report_fields, harm, severity)


def build_retraction(data: EventRetracted, report_fields: ReportFields) -> Retraction:
    """Return a retraction; reject one that names no event id."""
    if not match_event_id(data.retracts):
        raise RejectedError(RefusalReason.BAD_VALUE, "retracts")
    return Retraction(*report_fields, event_digest(data.retracts))


def digest_content(event: AnyEvent, name: tuple[str, str, str, str], occurred_at: int, raw: bytes) -> int:
    """Return the digest of the event's canonical bytes; `name` as in `canonical_bytes`. Reject duplicate names."""
    try:
        canonical = canonical_bytes(name, occurred_at, event.data)
    except ValueError:
        field = "restrictions" if isinstance(event, ActionTakenEvent) else "jurisdictions"
        raise RejectedError(RefusalReason.BAD_VALUE, field) from None
    if has_duplicate_names(event, raw, canonical):
        raise RejectedError(RefusalReason.NOT_JSON, "")
    return content_digest(canonical)

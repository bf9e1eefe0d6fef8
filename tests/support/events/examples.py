"""A golden set: one event of every kind that is accepted, and everything that is refused for what is written in it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from streams.contract.events import keys
from streams.contract.events.schema import event_data
from streams.contract.events.schema.action_data import (
    AccountRestricted,
    Acknowledged,
    ActionTaken,
    AlreadyRestricted,
    AppealFiled,
    AppealRejected,
    AppealUpheld,
    Escalated,
    Expired,
    Invalidated,
    Merged,
    NoticeServed,
    NoViolation,
    OutOfScope,
    Paused,
    Reopened,
    Restricted,
    Resumed,
    Reversed,
    ReviewStarted,
    Unavailable,
    Validated,
    Withdrawn,
)
from streams.contract.events.schema.envelope import (
    AnyEvent,
    encode_structured,
    heartbeat_event,
    report_event,
    with_recorded_time,
)
from streams.contract.timestamps import format_timestamp
from streams.domain.vocabulary import (
    Addressee,
    AmendReason,
    Appellant,
    Automation,
    Basis,
    Channel,
    Extent,
    Ground,
    Harm,
    PauseReason,
    RefusalReason,
    Reporter,
    Restriction,
    RetractReason,
    Reversal,
    Severity,
    Surface,
)

AT: Final = 1_767_225_600_123
SECRET: Final = bytes(range(32))
TOKEN: Final = keys.report_token(SECRET, "k1", "an invented report")
OTHER_TOKEN: Final = keys.report_token(SECRET, "k1", "another invented report")
JsonObject = dict[str, Any]

FILING: Final = event_data.ReportFiled(
    harm=Harm.GROOMING,
    reporter=Reporter.GUARDIAN,
    trusted_flagger=False,
    channel=Channel.IN_APP,
    basis=Basis.TERMS,
    jurisdictions=("DE", "GB"),
)
FILING_WITH_ALL_FIELDS: Final = msgspec.structs.replace(
    FILING,
    severity=Severity.CRITICAL,
    items=3,
    surface=Surface.PRIVATE,
    taxonomy="invented-2026-01-01",
    test=True,
)
ACTION_EXAMPLES: Final[tuple[ActionTaken, ...]] = (
    Acknowledged(),
    ReviewStarted(automation=Automation.FULL),
    Validated(),
    NoticeServed(),
    Escalated(to=Addressee.HOTLINE),
    Merged(into=OTHER_TOKEN),
    Paused(reason=PauseReason.OBSTRUCTED),
    Resumed(),
    Restricted(restrictions=(Restriction.REMOVED,), extent=Extent.GLOBAL, ground=Ground.LAW, items=2),
    AccountRestricted(
        restrictions=(Restriction.ACCOUNT_SUSPENDED, Restriction.REMOVED),
        extent=Extent.JURISDICTION,
        ground=Ground.TERMS,
        interim=True,
    ),
    NoViolation(),
    AlreadyRestricted(),
    Unavailable(),
    OutOfScope(),
    Invalidated(),
    Withdrawn(),
    Expired(),
    Reopened(),
    Reversed(of=Reversal.NO_VIOLATION),
    AppealFiled(by=Appellant.SUBJECT),
    AppealUpheld(),
    AppealRejected(),
)
AMENDMENT: Final = event_data.ReportAmended(reason=AmendReason.TRIAGE, severity=Severity.HIGH)
RETRACTION: Final = event_data.EventRetracted(retracts="an-event-id", reason=RetractReason.ERROR)
HEARTBEAT: Final = event_data.HeartbeatData(complete_through=format_timestamp(AT), sequence=7)


def build_event(
    data: event_data.ReportFiled | ActionTaken | event_data.ReportAmended | event_data.EventRetracted,
) -> AnyEvent:
    """Return an event of the platform harbor about one report."""
    return report_event(data, platform="harbor", token=TOKEN, id="event-0001", occurred_at=AT)


def accepted_events() -> list[AnyEvent]:
    """Return one event of every kind."""
    about = [FILING, FILING_WITH_ALL_FIELDS, *ACTION_EXAMPLES, AMENDMENT, RETRACTION]
    beat = heartbeat_event(HEARTBEAT, platform="harbor", id="beat-0001", occurred_at=AT)
    return [*map(build_event, about), beat, with_recorded_time(build_event(FILING), AT + 5)]


def filing_json() -> JsonObject:
    """Return a filing as a plain object, to be spoilt."""
    tree: JsonObject = json.loads(encode_structured(build_event(FILING)))
    return tree


class RejectedExample(NamedTuple):
    """A filing or an action with one fault, which its schema must find too."""

    sentence: str
    tree: Mapping[str, Any]
    reason: RefusalReason
    field: str


def _changed_filing(
    change: Callable[[JsonObject], object], data: ActionTaken | event_data.ReportAmended | None = None
) -> JsonObject:
    tree: JsonObject = json.loads(encode_structured(build_event(data if data is not None else FILING)))
    change(tree)
    return tree


def _set_field(name: str, value: object) -> Callable[[JsonObject], object]:
    return lambda tree: tree.update({name: value})


def _set_data_field(name: str, value: object) -> Callable[[JsonObject], object]:
    return lambda tree: tree["data"].update({name: value})


def _remove_field(name: str) -> Callable[[JsonObject], object]:
    return lambda tree: tree.pop(name)


def _remove_data_field(name: str) -> Callable[[JsonObject], object]:
    return lambda tree: tree["data"].pop(name)


RESTRICTED: Final = Restricted(restrictions=(Restriction.REMOVED,), extent=Extent.GLOBAL, ground=Ground.LAW)

REJECTED_EXAMPLES: Final = (
    RejectedExample(
        "another version",
        _changed_filing(_set_field("specversion", "0.3")),
        RefusalReason.NOT_CLOUDEVENT,
        "specversion",
    ),
    RejectedExample(
        "no version", _changed_filing(_remove_field("specversion")), RefusalReason.NOT_CLOUDEVENT, "specversion"
    ),
    RejectedExample("no type", _changed_filing(_remove_field("type")), RefusalReason.MISSING_FIELD, "type"),
    RejectedExample(
        "a type of nobody's",
        _changed_filing(_set_field("type", "safeclock.report-read.v1")),
        RefusalReason.UNKNOWN_TYPE,
        "type",
    ),
    RejectedExample(
        "a type that is a list", _changed_filing(_set_field("type", [])), RefusalReason.UNKNOWN_TYPE, "type"
    ),
    RejectedExample("no source", _changed_filing(_remove_field("source")), RefusalReason.MISSING_FIELD, "source"),
    RejectedExample(
        "a source that is a number", _changed_filing(_set_field("source", 5)), RefusalReason.BAD_VALUE, "source"
    ),
    RejectedExample(
        "a source without its prefix",
        _changed_filing(_set_field("source", "harbor")),
        RefusalReason.BAD_VALUE,
        "source",
    ),
    RejectedExample("no id", _changed_filing(_remove_field("id")), RefusalReason.MISSING_FIELD, "id"),
    RejectedExample("a short id", _changed_filing(_set_field("id", "seven77")), RefusalReason.BAD_VALUE, "id"),
    RejectedExample(
        "an id that ends in a line feed",
        _changed_filing(_set_field("id", "event-0001\n\n")),
        RefusalReason.BAD_VALUE,
        "id",
    ),
    RejectedExample("no subject", _changed_filing(_remove_field("subject")), RefusalReason.MISSING_FIELD, "subject"),
    RejectedExample(
        "a name as subject",
        _changed_filing(_set_field("subject", "an invented name")),
        RefusalReason.BAD_VALUE,
        "subject",
    ),
    RejectedExample("no time", _changed_filing(_remove_field("time")), RefusalReason.MISSING_FIELD, "time"),
    RejectedExample(
        "a time without offset",
        _changed_filing(_set_field("time", "2026-01-01T00:00:00")),
        RefusalReason.BAD_TIME,
        "time",
    ),
    RejectedExample("a time in milliseconds", _changed_filing(_set_field("time", AT)), RefusalReason.BAD_TIME, "time"),
    RejectedExample(
        "a time with a blank",
        _changed_filing(_set_field("time", "2026-01-01 00:00:00Z")),
        RefusalReason.BAD_TIME,
        "time",
    ),
    RejectedExample(
        "another log time",
        _changed_filing(_set_field("recordedtime", "yesterday")),
        RefusalReason.BAD_TIME,
        "recordedtime",
    ),
    RejectedExample(
        "another content type",
        _changed_filing(_set_field("datacontenttype", "text/xml")),
        RefusalReason.BAD_VALUE,
        "datacontenttype",
    ),
    RejectedExample(
        "an undeclared attribute", _changed_filing(_set_field("reporteremail", "x")), RefusalReason.UNKNOWN_FIELD, ""
    ),
    RejectedExample(
        "data in base 64", _changed_filing(_set_field("data_base64", "e30=")), RefusalReason.UNKNOWN_FIELD, ""
    ),
    RejectedExample("no data", _changed_filing(_remove_field("data")), RefusalReason.MISSING_FIELD, "data"),
    RejectedExample("data that is text", _changed_filing(_set_field("data", "{}")), RefusalReason.BAD_VALUE, "data"),
    RejectedExample(
        "an undeclared field", _changed_filing(_set_data_field("url", "x")), RefusalReason.UNKNOWN_FIELD, "data"
    ),
    RejectedExample("no harm", _changed_filing(_remove_data_field("harm")), RefusalReason.MISSING_FIELD, "harm"),
    RejectedExample(
        "a harm of nobody's", _changed_filing(_set_data_field("harm", "spam")), RefusalReason.BAD_VALUE, "harm"
    ),
    RejectedExample(
        "no harm but null", _changed_filing(_set_data_field("harm", None)), RefusalReason.BAD_VALUE, "harm"
    ),
    RejectedExample(
        "an optional null", _changed_filing(_set_data_field("surface", None)), RefusalReason.BAD_VALUE, "surface"
    ),
    RejectedExample(
        "a flag that is a word",
        _changed_filing(_set_data_field("trusted_flagger", "yes")),
        RefusalReason.BAD_VALUE,
        "trusted_flagger",
    ),
    RejectedExample("no items at all", _changed_filing(_set_data_field("items", 0)), RefusalReason.BAD_VALUE, "items"),
    RejectedExample("half an item", _changed_filing(_set_data_field("items", 1.5)), RefusalReason.BAD_VALUE, "items"),
    RejectedExample(
        "more items than there are",
        _changed_filing(_set_data_field("items", 10**400)),
        RefusalReason.BAD_VALUE,
        "items",
    ),
    RejectedExample(
        "a taxonomy without date",
        _changed_filing(_set_data_field("taxonomy", "latest")),
        RefusalReason.BAD_VALUE,
        "taxonomy",
    ),
    RejectedExample(
        "no jurisdiction",
        _changed_filing(_set_data_field("jurisdictions", [])),
        RefusalReason.BAD_VALUE,
        "jurisdictions",
    ),
    RejectedExample(
        "a code that is not assigned",
        _changed_filing(_set_data_field("jurisdictions", ["UK"])),
        RefusalReason.BAD_VALUE,
        "jurisdictions",
    ),
    RejectedExample(
        "a jurisdiction twice",
        _changed_filing(_set_data_field("jurisdictions", ["DE", "DE"])),
        RefusalReason.BAD_VALUE,
        "jurisdictions",
    ),
    RejectedExample(
        "no outcome",
        _changed_filing(_remove_data_field("outcome"), Acknowledged()),
        RefusalReason.MISSING_FIELD,
        "outcome",
    ),
    RejectedExample(
        "a new outcome",
        _changed_filing(_set_data_field("outcome", "forgotten"), Acknowledged()),
        RefusalReason.BAD_VALUE,
        "outcome",
    ),
    RejectedExample(
        "an outcome in a list",
        _changed_filing(_set_data_field("outcome", ["expired"]), Expired()),
        RefusalReason.BAD_VALUE,
        "outcome",
    ),
    RejectedExample(
        "another outcome's field",
        _changed_filing(_set_data_field("to", "hotline"), Acknowledged()),
        RefusalReason.UNKNOWN_FIELD,
        "data",
    ),
    RejectedExample(
        "merged into nothing",
        _changed_filing(_remove_data_field("into"), Merged(into=TOKEN)),
        RefusalReason.MISSING_FIELD,
        "into",
    ),
    RejectedExample(
        "merged into a number",
        _changed_filing(_set_data_field("into", 1), Merged(into=TOKEN)),
        RefusalReason.BAD_VALUE,
        "into",
    ),
    RejectedExample(
        "merged into a name",
        _changed_filing(_set_data_field("into", "a name"), Merged(into=TOKEN)),
        RefusalReason.BAD_VALUE,
        "into",
    ),
    RejectedExample(
        "a restriction of no kind",
        _changed_filing(_set_data_field("restrictions", []), RESTRICTED),
        RefusalReason.BAD_VALUE,
        "restrictions",
    ),
    RejectedExample(
        "a restriction twice",
        _changed_filing(_set_data_field("restrictions", ["removed", "removed"]), RESTRICTED),
        RefusalReason.BAD_VALUE,
        "restrictions",
    ),
    RejectedExample(
        "a restriction on no ground",
        _changed_filing(_remove_data_field("ground"), RESTRICTED),
        RefusalReason.MISSING_FIELD,
        "ground",
    ),
    RejectedExample(
        "an amendment of nothing",
        _changed_filing(_remove_data_field("severity"), AMENDMENT),
        RefusalReason.MISSING_FIELD,
        "data",
    ),
    RejectedExample(
        "an amendment to a code of nobody's",
        _changed_filing(_set_data_field("jurisdictions", ["EU"]), AMENDMENT),
        RefusalReason.BAD_VALUE,
        "jurisdictions",
    ),
)

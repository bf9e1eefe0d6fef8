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
Tree = dict[str, Any]

FILING: Final = event_data.ReportFiled(
    harm=Harm.GROOMING,
    reporter=Reporter.GUARDIAN,
    trusted_flagger=False,
    channel=Channel.IN_APP,
    basis=Basis.TERMS,
    jurisdictions=("DE", "GB"),
)
FULL_FILING: Final = msgspec.structs.replace(
    FILING,
    severity=Severity.CRITICAL,
    items=3,
    surface=Surface.PRIVATE,
    taxonomy="invented-2026-01-01",
    test=True,
)
OUTCOMES: Final[tuple[ActionTaken, ...]] = (
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
BEAT: Final = event_data.HeartbeatData(complete_through=format_timestamp(AT), sequence=7)


def event(
    data: event_data.ReportFiled | ActionTaken | event_data.ReportAmended | event_data.EventRetracted,
) -> AnyEvent:
    """Return an event of the platform harbor about one report."""
    return report_event(data, platform="harbor", token=TOKEN, id="event-0001", occurred_at=AT)


def accepted() -> list[AnyEvent]:
    """Return one event of every kind."""
    about = [FILING, FULL_FILING, *OUTCOMES, AMENDMENT, RETRACTION]
    beat = heartbeat_event(BEAT, platform="harbor", id="beat-0001", occurred_at=AT)
    return [*map(event, about), beat, with_recorded_time(event(FILING), AT + 5)]


def filing_tree() -> Tree:
    """Return a filing as a plain object, to be spoilt."""
    tree: Tree = json.loads(encode_structured(event(FILING)))
    return tree


class Spoilt(NamedTuple):
    """A filing or an action with one fault, which its schema must find too."""

    sentence: str
    tree: Mapping[str, Any]
    reason: RefusalReason
    field: str


def _with(change: Callable[[Tree], object], data: ActionTaken | event_data.ReportAmended | None = None) -> Tree:
    tree: Tree = json.loads(encode_structured(event(data if data is not None else FILING)))
    change(tree)
    return tree


def _set(name: str, value: object) -> Callable[[Tree], object]:
    return lambda tree: tree.update({name: value})


def _data(name: str, value: object) -> Callable[[Tree], object]:
    return lambda tree: tree["data"].update({name: value})


def _without(name: str) -> Callable[[Tree], object]:
    return lambda tree: tree.pop(name)


def _data_without(name: str) -> Callable[[Tree], object]:
    return lambda tree: tree["data"].pop(name)


RESTRICTED: Final = Restricted(restrictions=(Restriction.REMOVED,), extent=Extent.GLOBAL, ground=Ground.LAW)

SPOILT: Final = (
    Spoilt("another version", _with(_set("specversion", "0.3")), RefusalReason.NOT_CLOUDEVENT, "specversion"),
    Spoilt("no version", _with(_without("specversion")), RefusalReason.NOT_CLOUDEVENT, "specversion"),
    Spoilt("no type", _with(_without("type")), RefusalReason.MISSING_FIELD, "type"),
    Spoilt("a type of nobody's", _with(_set("type", "safeclock.report-read.v1")), RefusalReason.UNKNOWN_TYPE, "type"),
    Spoilt("a type that is a list", _with(_set("type", [])), RefusalReason.UNKNOWN_TYPE, "type"),
    Spoilt("no source", _with(_without("source")), RefusalReason.MISSING_FIELD, "source"),
    Spoilt("a source that is a number", _with(_set("source", 5)), RefusalReason.BAD_VALUE, "source"),
    Spoilt("a source without its prefix", _with(_set("source", "harbor")), RefusalReason.BAD_VALUE, "source"),
    Spoilt("no id", _with(_without("id")), RefusalReason.MISSING_FIELD, "id"),
    Spoilt("a short id", _with(_set("id", "seven77")), RefusalReason.BAD_VALUE, "id"),
    Spoilt("an id that ends in a line feed", _with(_set("id", "event-0001\n\n")), RefusalReason.BAD_VALUE, "id"),
    Spoilt("no subject", _with(_without("subject")), RefusalReason.MISSING_FIELD, "subject"),
    Spoilt("a name as subject", _with(_set("subject", "an invented name")), RefusalReason.BAD_VALUE, "subject"),
    Spoilt("no time", _with(_without("time")), RefusalReason.MISSING_FIELD, "time"),
    Spoilt("a time without offset", _with(_set("time", "2026-01-01T00:00:00")), RefusalReason.BAD_TIME, "time"),
    Spoilt("a time in milliseconds", _with(_set("time", AT)), RefusalReason.BAD_TIME, "time"),
    Spoilt("a time with a blank", _with(_set("time", "2026-01-01 00:00:00Z")), RefusalReason.BAD_TIME, "time"),
    Spoilt("another log time", _with(_set("recordedtime", "yesterday")), RefusalReason.BAD_TIME, "recordedtime"),
    Spoilt(
        "another content type", _with(_set("datacontenttype", "text/xml")), RefusalReason.BAD_VALUE, "datacontenttype"
    ),
    Spoilt("an undeclared attribute", _with(_set("reporteremail", "x")), RefusalReason.UNKNOWN_FIELD, ""),
    Spoilt("data in base 64", _with(_set("data_base64", "e30=")), RefusalReason.UNKNOWN_FIELD, ""),
    Spoilt("no data", _with(_without("data")), RefusalReason.MISSING_FIELD, "data"),
    Spoilt("data that is text", _with(_set("data", "{}")), RefusalReason.BAD_VALUE, "data"),
    Spoilt("an undeclared field", _with(_data("url", "x")), RefusalReason.UNKNOWN_FIELD, "data"),
    Spoilt("no harm", _with(_data_without("harm")), RefusalReason.MISSING_FIELD, "harm"),
    Spoilt("a harm of nobody's", _with(_data("harm", "spam")), RefusalReason.BAD_VALUE, "harm"),
    Spoilt("no harm but null", _with(_data("harm", None)), RefusalReason.BAD_VALUE, "harm"),
    Spoilt("an optional null", _with(_data("surface", None)), RefusalReason.BAD_VALUE, "surface"),
    Spoilt("a flag that is a word", _with(_data("trusted_flagger", "yes")), RefusalReason.BAD_VALUE, "trusted_flagger"),
    Spoilt("no items at all", _with(_data("items", 0)), RefusalReason.BAD_VALUE, "items"),
    Spoilt("half an item", _with(_data("items", 1.5)), RefusalReason.BAD_VALUE, "items"),
    Spoilt("more items than there are", _with(_data("items", 10**400)), RefusalReason.BAD_VALUE, "items"),
    Spoilt("a taxonomy without date", _with(_data("taxonomy", "latest")), RefusalReason.BAD_VALUE, "taxonomy"),
    Spoilt("no jurisdiction", _with(_data("jurisdictions", [])), RefusalReason.BAD_VALUE, "jurisdictions"),
    Spoilt(
        "a code that is not assigned", _with(_data("jurisdictions", ["UK"])), RefusalReason.BAD_VALUE, "jurisdictions"
    ),
    Spoilt(
        "a jurisdiction twice", _with(_data("jurisdictions", ["DE", "DE"])), RefusalReason.BAD_VALUE, "jurisdictions"
    ),
    Spoilt("no outcome", _with(_data_without("outcome"), Acknowledged()), RefusalReason.MISSING_FIELD, "outcome"),
    Spoilt("a new outcome", _with(_data("outcome", "forgotten"), Acknowledged()), RefusalReason.BAD_VALUE, "outcome"),
    Spoilt("an outcome in a list", _with(_data("outcome", ["expired"]), Expired()), RefusalReason.BAD_VALUE, "outcome"),
    Spoilt(
        "another outcome's field", _with(_data("to", "hotline"), Acknowledged()), RefusalReason.UNKNOWN_FIELD, "data"
    ),
    Spoilt(
        "merged into nothing", _with(_data_without("into"), Merged(into=TOKEN)), RefusalReason.MISSING_FIELD, "into"
    ),
    Spoilt("merged into a number", _with(_data("into", 1), Merged(into=TOKEN)), RefusalReason.BAD_VALUE, "into"),
    Spoilt("merged into a name", _with(_data("into", "a name"), Merged(into=TOKEN)), RefusalReason.BAD_VALUE, "into"),
    Spoilt(
        "a restriction of no kind",
        _with(_data("restrictions", []), RESTRICTED),
        RefusalReason.BAD_VALUE,
        "restrictions",
    ),
    Spoilt(
        "a restriction twice",
        _with(_data("restrictions", ["removed", "removed"]), RESTRICTED),
        RefusalReason.BAD_VALUE,
        "restrictions",
    ),
    Spoilt(
        "a restriction on no ground", _with(_data_without("ground"), RESTRICTED), RefusalReason.MISSING_FIELD, "ground"
    ),
    Spoilt("an amendment of nothing", _with(_data_without("severity"), AMENDMENT), RefusalReason.MISSING_FIELD, "data"),
    Spoilt(
        "an amendment to a code of nobody's",
        _with(_data("jurisdictions", ["EU"]), AMENDMENT),
        RefusalReason.BAD_VALUE,
        "jurisdictions",
    ),
)

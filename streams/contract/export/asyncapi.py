"""Generate the AsyncAPI 3 document of the topics that platforms write and of those that they may read."""

from collections.abc import Mapping
from typing import Any, Final

from streams.contract.events.schema.envelope import BINARY_MEDIA_TYPE, STRUCTURED_MEDIA_TYPE
from streams.contract.topics import EVENT_REFUSED, REPORT_UPDATES

JsonObject = dict[str, Any]

_REPORT_TOPIC_EVENTS: Final = ("report-filed", "report-amended", "event-retracted", "heartbeat")
_ACTION_TOPIC_EVENTS: Final = ("action-taken", "event-retracted", "heartbeat")
_RECORD_KEYS: Final = {
    "heartbeat": ("The platform's id; sent to every partition of both topics.", "^[a-z][a-z0-9-]{0,31}$"),
    "platform-status": ("The word `status`; the latest record of each partition replaces earlier ones.", "^status$"),
    "event-refused": ("The position of the refused record: topic/partition/offset.", "^[A-Za-z0-9._-]+/[0-9]+/[0-9]+$"),
}
_REPORT_KEY: Final = (
    "The platform's id, a vertical bar, the report's token; partitioned by murmur2.",
    r"^[a-z][a-z0-9-]{0,31}\|[a-z0-9]{2}_[A-Za-z0-9_-]{43}$",
)
_DESCRIPTION: Final = f"""\
Platforms declare what they did with child-safety reports. Every event is a CloudEvent 1.0, in structured \
mode ({STRUCTURED_MEDIA_TYPE}) or in binary mode ({BINARY_MEDIA_TYPE} with ce_ headers). A record is at most 16 KiB.

The `time` of a filing is when the platform's servers first received the report, before validation, triage or queue. \
The `time` of an action is when a restriction took effect for users, or when any other outcome was recorded. \
The `time` may lie at most two minutes after the log time, which the broker sets. A filing must be published within \
14 days, unless the operator has opened audited history for the platform and this time.

The schemas are closed: an event with an undeclared field is refused. Events contain no content, names or addresses."""


def asyncapi_document(event_types: Mapping[str, type], schemas: Mapping[str, JsonObject]) -> JsonObject:
    """Return the document; `event_types` are the types by short name, `schemas` their definitions by type name."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Safeclock",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": STRUCTURED_MEDIA_TYPE,
        "channels": {
            "reportFiled": _channel(
                "report-filed.{platform}", _REPORT_TOPIC_EVENTS, "Filings, amendments and retractions."
            ),
            "actionTaken": _channel("action-taken.{platform}", _ACTION_TOPIC_EVENTS, "Actions on reports."),
            "eventRefused": _channel(
                EVENT_REFUSED, ("event-refused",), "The reason and position of refused records, without their content."
            ),
            "feedback": _channel(
                "feedback.{platform}",
                ("event-refused", "platform-status"),
                "Refusals and statuses of one platform, which only this platform may read.",
            ),
            "reportUpdates": _channel(
                REPORT_UPDATES,
                ("response-measured", "deadline-missed"),
                "Measured responses and missed deadlines of single reports.",
            ),
        },
        "operations": {
            "receiveReports": _operation("receive", "reportFiled"),
            "receiveActions": _operation("receive", "actionTaken"),
            "sendRefusals": _operation("send", "eventRefused"),
            "sendFeedback": _operation("send", "feedback"),
            "sendReportUpdates": _operation("send", "reportUpdates"),
        },
        "components": {
            "messages": {name: _message(name, kind) for name, kind in event_types.items()},
            "schemas": dict(schemas),
        },
    }


def _channel(address: str, messages: tuple[str, ...], description: str) -> JsonObject:
    channel: JsonObject = {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    if "{platform}" in address:
        meaning = "The platform's id in the registry. The registry may name another topic, or a shared one."
        channel["parameters"] = {"platform": {"description": meaning}}
    return channel


def _operation(action: str, channel: str) -> JsonObject:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(name: str, event_type: type) -> JsonObject:
    description, pattern = _RECORD_KEYS.get(name, _REPORT_KEY)
    key = {"type": "string", "description": description, "pattern": pattern}
    return {
        "name": f"safeclock.{name}.v1",
        "summary": event_type.__doc__,
        "contentType": STRUCTURED_MEDIA_TYPE,
        "payload": {"$ref": f"#/components/schemas/{event_type.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }

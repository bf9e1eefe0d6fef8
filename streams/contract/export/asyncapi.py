"""The AsyncAPI 3 document of the topics that platforms write to and of those that they may read."""

from collections.abc import Mapping
from typing import Any, Final

from streams.contract.events.schema.envelope import BINARY_TYPE, STRUCTURED_TYPE
from streams.contract.topics import NOTICES, REFUSED

Tree = dict[str, Any]

_FILED: Final = ("report-filed", "report-amended", "event-retracted", "heartbeat")
_TAKEN: Final = ("action-taken", "event-retracted", "heartbeat")
_KEYS: Final = {
    "heartbeat": ("The platform's id; sent to every partition of both topics.", "^[a-z][a-z0-9-]{0,31}$"),
    "platform-status": ("The word `status`; of each partition the last one holds.", "^status$"),
    "event-refused": ("Where the refused record lies: topic/partition/offset.", "^[A-Za-z0-9._-]+/[0-9]+/[0-9]+$"),
}
_REPORT_KEY: Final = (
    "The platform's id, a vertical bar, the report's token; partitioned by murmur2.",
    r"^[a-z][a-z0-9-]{0,31}\|[a-z0-9]{2}_[A-Za-z0-9_-]{43}$",
)
_DESCRIPTION: Final = f"""\
Platforms declare what became of reports about the safety of children. Every event is a CloudEvent 1.0, in structured \
mode ({STRUCTURED_TYPE}) or in binary mode ({BINARY_TYPE} with ce_ headers). A record is at most 16 KiB.

`time` is, for a filing, when the platform's servers first received it, before validation, triage or queue; for an \
action, when a restriction took effect for users, or when any other outcome was recorded. An event may be two minutes \
ahead of its log time at most; a filing is published within 14 days, unless the operator has opened \
audited history for its platform and that time. The log time is the broker's.

The schemas are closed: an undeclared field refuses the event. No content, no names, no addresses."""


def document(kinds: Mapping[str, type], schemas: Mapping[str, Tree]) -> Tree:
    """Return the document; `kinds` are the event types by their short name, `schemas` their definitions."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Safeclock",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": STRUCTURED_TYPE,
        "channels": {
            "reportFiled": _channel("report-filed.{platform}", _FILED, "Reports, and what changes them."),
            "actionTaken": _channel("action-taken.{platform}", _TAKEN, "What became of reports."),
            "eventRefused": _channel(REFUSED, ("event-refused",), "Why a record was refused, without the record."),
            "feedback": _channel(
                "feedback.{platform}",
                ("event-refused", "platform-status"),
                "What became of one platform's events; it alone may read it.",
            ),
            "reportNotices": _channel(
                NOTICES, ("response-measured", "deadline-missed"), "What becomes of single reports."
            ),
        },
        "operations": {
            "receiveReports": _operation("receive", "reportFiled"),
            "receiveActions": _operation("receive", "actionTaken"),
            "sendRefusals": _operation("send", "eventRefused"),
            "sendFeedback": _operation("send", "feedback"),
            "sendNotices": _operation("send", "reportNotices"),
        },
        "components": {
            "messages": {name: _message(name, kind) for name, kind in kinds.items()},
            "schemas": dict(schemas),
        },
    }


def _channel(address: str, messages: tuple[str, ...], description: str) -> Tree:
    channel: Tree = {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    if "{platform}" in address:
        meaning = "The platform's id in the registry, which may name other topics, also shared ones."
        channel["parameters"] = {"platform": {"description": meaning}}
    return channel


def _operation(action: str, channel: str) -> Tree:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(name: str, kind: type) -> Tree:
    description, pattern = _KEYS.get(name, _REPORT_KEY)
    key = {"type": "string", "description": description, "pattern": pattern}
    return {
        "name": f"safeclock.{name}.v1",
        "summary": kind.__doc__,
        "contentType": STRUCTURED_TYPE,
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }

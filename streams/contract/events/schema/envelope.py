"""The envelope (CloudEvents 1.0), one class for each event type, and the encoding of typed events."""

from typing import Any, Final, Literal, final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from streams.contract.events.schema import event_data
from streams.contract.events.schema.action_data import ActionTaken
from streams.contract.events.schema.event_data import EventId, JsonMedia, PlatformSource, Timestamp, Token
from streams.contract.timestamps import format_timestamp

STRUCTURED_MEDIA_TYPE: Final = "application/cloudevents+json"
BINARY_MEDIA_TYPE: Final = "application/json"
SOURCE_PREFIX: Final = "/platforms/"


class CloudEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False, tag_field="type"
):
    """The attributes that every event has beside its `data`.

    `time` is when the event occurred. In a file, `recordedtime` is the log time of the line's record. On a topic,
    `recordedtime` is checked, and only an event of audited history counts as logged at this instant.
    """

    specversion: Literal["1.0"]
    id: EventId
    source: PlatformSource
    time: Timestamp
    datacontenttype: JsonMedia | UnsetType = UNSET
    recordedtime: Timestamp | UnsetType = UNSET


@final
class ReportFiledEvent(CloudEvent, frozen=True, kw_only=True, tag="safeclock.report-filed.v1"):
    """A filing; `subject` is the report's token."""

    subject: Token
    data: event_data.ReportFiled


@final
class ActionTakenEvent(CloudEvent, frozen=True, kw_only=True, tag="safeclock.action-taken.v1"):
    """An action; `subject` is the report's token."""

    subject: Token
    data: ActionTaken


@final
class ReportAmendedEvent(CloudEvent, frozen=True, kw_only=True, tag="safeclock.report-amended.v1"):
    """An amendment; it is published on the topic of the filing."""

    subject: Token
    data: event_data.ReportAmended


@final
class EventRetractedEvent(CloudEvent, frozen=True, kw_only=True, tag="safeclock.event-retracted.v1"):
    """A retraction; it is published on the topic of the retracted event."""

    subject: Token
    data: event_data.EventRetracted


@final
class HeartbeatEvent(CloudEvent, frozen=True, kw_only=True, tag="safeclock.heartbeat.v1"):
    """A heartbeat; it concerns no report."""

    data: event_data.HeartbeatData


AnyEvent = ReportFiledEvent | ActionTakenEvent | ReportAmendedEvent | EventRetractedEvent | HeartbeatEvent

ReportEventData = event_data.ReportFiled | ActionTaken | event_data.ReportAmended | event_data.EventRetracted

_encoder: Final = msgspec.json.Encoder()


def report_event(data: ReportEventData, *, platform: str, token: str, id: str, occurred_at: int) -> AnyEvent:  # noqa: A002 - CloudEvents' word
    """Return the event with `data` about the report `token` that occurred at `occurred_at`, in epoch milliseconds.

    Nothing is validated: a publisher decodes an encoded event before it sends the event.
    """
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": id,
        "source": SOURCE_PREFIX + platform,
        "time": format_timestamp(occurred_at),
        "subject": token,
    }
    match data:
        case event_data.ReportFiled():
            return ReportFiledEvent(data=data, **envelope)
        case event_data.ReportAmended():
            return ReportAmendedEvent(data=data, **envelope)
        case event_data.EventRetracted():
            return EventRetractedEvent(data=data, **envelope)
        case _:
            return ActionTakenEvent(data=data, **envelope)


def heartbeat_event(data: event_data.HeartbeatData, *, platform: str, id: str, occurred_at: int) -> HeartbeatEvent:  # noqa: A002 - as above
    """Return the heartbeat that a platform sends at `occurred_at`, in epoch milliseconds."""
    return HeartbeatEvent(
        specversion="1.0", id=id, source=SOURCE_PREFIX + platform, time=format_timestamp(occurred_at), data=data
    )


def with_recorded_time(event: AnyEvent, logged_at: int) -> AnyEvent:
    """Return `event` as a file contains it: with the log time `logged_at`, in epoch milliseconds, as `recordedtime`."""
    return msgspec.structs.replace(event, recordedtime=format_timestamp(logged_at))


def encode_structured(event: AnyEvent) -> bytes:
    """Return `event` in structured mode: one line of compact JSON, without a line feed."""
    return _encoder.encode(event)


def encode_binary(event: AnyEvent) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return `event` in binary mode: the headers of its record, and the record's value."""
    attributes = msgspec.to_builtins(event)
    data = attributes.pop("data")
    attributes.pop("datacontenttype", None)
    headers = [("content-type", BINARY_MEDIA_TYPE.encode())]
    headers += [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return headers, _encoder.encode(data)

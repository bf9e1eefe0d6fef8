"""Convert a Kafka record in either CloudEvents content mode to one JSON object."""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.contract.events.diagnosis import Fault
from streams.contract.events.schema.envelope import BINARY_MEDIA_TYPE, STRUCTURED_MEDIA_TYPE, CloudEvent
from streams.contract.events.schema.media_types import has_media_type_name, is_utf8_media_type
from streams.contract.events.source_records import Record, UnreadableBatch
from streams.domain.vocabulary import RefusalReason

Headers = Sequence[tuple[str, bytes | None]]

# `datacontenttype` is the header `content-type` in binary mode, `data` is the record's value.
_ATTRIBUTE_NAMES: Final = frozenset(CloudEvent.__struct_encode_fields__) - {"datacontenttype"} | {"type", "subject"}


def to_structured(headers: Headers, value: bytes | None) -> bytes | Fault:
    """Return the event of a record as structured JSON, or a fault if the record holds no event.

    The header `content-type` decides the mode; without it, headers that begin with `ce_` select binary mode. Other
    headers, such as those of tracing, are ignored. A fault never repeats a name or value of the record.
    """
    media_types = [(value_bytes or b"").decode("latin-1") for name, value_bytes in headers if name == "content-type"]
    if len(media_types) > 1:
        return Fault(RefusalReason.NOT_CLOUDEVENT, "datacontenttype")
    attributes = [(name[3:], value_bytes) for name, value_bytes in headers if name.startswith("ce_")]
    for media_type in media_types:
        is_structured = has_media_type_name(media_type, STRUCTURED_MEDIA_TYPE)
        if not (is_structured or attributes):
            return Fault(RefusalReason.NOT_CLOUDEVENT, "datacontenttype")
        if not is_utf8_media_type(media_type, STRUCTURED_MEDIA_TYPE if is_structured else BINARY_MEDIA_TYPE):
            return Fault(RefusalReason.BAD_VALUE, "datacontenttype")
        if is_structured:
            return value or Fault(RefusalReason.NOT_JSON, "")
    return _to_structured_json(attributes, value) if attributes else value or Fault(RefusalReason.NOT_JSON, "")


def _to_structured_json(attributes: Headers, value: bytes | None) -> bytes | Fault:
    texts: dict[str, str] = {}
    for name, content in attributes:
        if name not in _ATTRIBUTE_NAMES:
            return Fault(RefusalReason.UNKNOWN_FIELD, "")
        if name in texts:
            return Fault(RefusalReason.NOT_CLOUDEVENT, name)
        try:
            texts[name] = (content or b"").decode()
        except UnicodeDecodeError:
            return Fault(RefusalReason.BAD_VALUE, name)
    # The value must be one whole JSON value; otherwise it could close the object and override the headers.
    if value and not _is_json(value):
        return Fault(RefusalReason.NOT_JSON, "")
    envelope = msgspec.json.encode(texts)
    return envelope[:-1] + b',"data":' + value + b"}" if value else envelope


def _is_json(content: bytes) -> bool:
    """Return whether `content` is one JSON value in UTF-8 that is not nested too deeply to parse."""
    try:
        msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return False
    return True


def record_payload(record: Record, max_bytes: int) -> bytes | Fault:
    """Return the bytes of the event in a record, in structured mode; headers count for its size."""
    if isinstance(record, UnreadableBatch):
        return Fault(RefusalReason.UNDECODABLE, "")
    raw, headers = record.value or b"", record.headers or ()
    size = len(raw) + sum(len(name) + len(content or b"") for name, content in headers)
    return Fault(RefusalReason.TOO_LARGE, "") if size > max_bytes else to_structured(headers, raw)

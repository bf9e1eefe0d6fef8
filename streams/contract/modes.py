"""CloudEvents' two modes on Kafka: whichever a record uses, its event becomes one JSON object."""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.contract.cloudevents import BINARY_TYPE, STRUCTURED_TYPE, CloudEvent
from streams.contract.explain import Fault
from streams.domain.vocabulary import Reason

Headers = Sequence[tuple[str, bytes | None]]

# `datacontenttype` is the header `content-type` in binary mode, `data` is the record's value.
_ATTRIBUTES: Final = frozenset(CloudEvent.__struct_encode_fields__) - {"datacontenttype"} | {"type", "subject"}


def structured(headers: Headers, value: bytes | None) -> bytes | Fault:
    """Return the event of a record as structured JSON, or why it has none.

    `content-type` decides the mode; without it, headers that begin with `ce_` do. Headers of other names, such as
    those of tracing, are no part of the event. The names and values that came in are never returned.
    """
    kind = [content or b"" for name, content in headers if name == "content-type"]
    if len(kind) > 1:
        return Fault(Reason.NOT_CLOUDEVENT, "datacontenttype")
    if kind and _is_json(kind[0], STRUCTURED_TYPE):
        return value or Fault(Reason.NOT_JSON, "")
    attributes = [(name[3:], content) for name, content in headers if name.startswith("ce_")]
    if not attributes:
        return Fault(Reason.NOT_CLOUDEVENT, "datacontenttype") if kind else value or Fault(Reason.NOT_JSON, "")
    if kind and not _is_json(kind[0], BINARY_TYPE):
        return Fault(Reason.BAD_VALUE, "datacontenttype")
    return _assembled(attributes, value)


def _assembled(attributes: Headers, value: bytes | None) -> bytes | Fault:
    texts: dict[str, str] = {}
    for name, content in attributes:
        if name not in _ATTRIBUTES:
            return Fault(Reason.UNKNOWN_FIELD, "")
        if name in texts:
            return Fault(Reason.NOT_CLOUDEVENT, name)
        try:
            texts[name] = (content or b"").decode()
        except UnicodeDecodeError:
            return Fault(Reason.BAD_VALUE, name)
    # The value must be one whole JSON value, or it could close the object and speak for the headers.
    if value and not is_json(value):
        return Fault(Reason.NOT_JSON, "")
    envelope = msgspec.json.encode(texts)
    return envelope[:-1] + b',"data":' + value + b"}" if value else envelope


def is_json(content: bytes) -> bool:
    """Tell whether `content` is one JSON value in UTF-8, not nested beyond what can be read."""
    try:
        msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return False
    return True


def _is_json(content: bytes, expected: str) -> bool:
    kind, _, charset = content.lower().replace(b" ", b"").partition(b";")
    return kind == expected.encode() and charset in {b"", b"charset=utf-8", b'charset="utf-8"'}

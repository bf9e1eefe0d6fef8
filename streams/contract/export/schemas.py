"""Generate the contract for other languages: JSON Schema of every type, an AsyncAPI document, and test vectors.

`python -m streams.contract.export.schemas [ROOT]` writes the files into `docs/schemas` of the repository at ROOT
(default: the current folder). The files are committed. A schema cannot express rules about times, keys and the
registry: the AsyncAPI document describes these rules, and the decoder checks them.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.contract.events.keys import heartbeat_key, record_key, report_token
from streams.contract.events.schema.envelope import (
    ActionTakenEvent,
    EventRetractedEvent,
    HeartbeatEvent,
    ReportAmendedEvent,
    ReportFiledEvent,
)
from streams.contract.export.asyncapi import asyncapi_document
from streams.contract.outputs.platform_status import PlatformStatusEvent, StatusDocument
from streams.contract.outputs.refusal_records import EventRefusedEvent
from streams.contract.outputs.report_updates import DeadlineMissedEvent, ResponseMeasuredEvent
from streams.contract.topics import partition_of

Schema = dict[str, Any]

OUTPUT_FOLDER: Final = Path("docs/schemas")
EVENT_TYPES: Final[Mapping[str, type]] = {
    "report-filed": ReportFiledEvent,
    "action-taken": ActionTakenEvent,
    "report-amended": ReportAmendedEvent,
    "event-retracted": EventRetractedEvent,
    "heartbeat": HeartbeatEvent,
    "event-refused": EventRefusedEvent,
    "response-measured": ResponseMeasuredEvent,
    "deadline-missed": DeadlineMissedEvent,
    "platform-status": PlatformStatusEvent,
}
DOCUMENTS: Final[Mapping[str, type]] = {"status": StatusDocument}
"""The JSON documents that commands print, by the name of the schema."""
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# Only the test vectors use this secret; a real secret is random and never leaves its platform.
_EXAMPLE_SECRET: Final = bytes(range(32))


def generated_files() -> dict[str, str]:
    """Return the text of every generated file, by file name."""
    documents = {f"{name}.v1.json": json_schema(kind) for name, kind in {**EVENT_TYPES, **DOCUMENTS}.items()}
    documents["asyncapi.json"] = asyncapi_document(
        EVENT_TYPES, _definitions(EVENT_TYPES.values(), "#/components/schemas/{name}")
    )
    documents["vectors.json"] = _vectors()
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in documents.items()}


def json_schema(event_type: type) -> Schema:
    """Return the JSON Schema (2020-12) of one event type."""
    definitions = _definitions([event_type], "#/$defs/{name}")
    return {"$schema": _DIALECT, "$ref": f"#/$defs/{event_type.__name__}", "$defs": definitions}


def write_files(folder: Path) -> None:
    """Write every generated file into `folder`, which is created if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generated_files().items():
        (folder / name).write_text(text, encoding="utf-8")


def _definitions(kinds: Iterable[type], template: str) -> dict[str, Schema]:
    _, definitions = msgspec.json.schema_components(list(kinds), ref_template=template)
    amended = definitions.get("ReportAmended")
    if amended is not None:
        amended["anyOf"] = [{"required": [name]} for name in ("harm", "severity", "jurisdictions")]
    for definition in definitions.values():
        # The word `discriminator` is OpenAPI's and means something else in AsyncAPI; the alternatives' tags are enough.
        definition.get("properties", {}).get("data", {}).pop("discriminator", None)
    return definitions


def _vectors() -> Schema:
    """Return keys and partitions with which a publisher in another language can check its own results."""
    reports = [f"example-{number}" for number in range(1, 6)]
    tokens = {report: report_token(_EXAMPLE_SECRET, "k1", report) for report in reports}
    keys = [*(record_key("harbor", token) for token in tokens.values()), heartbeat_key("harbor")]
    return {
        "secret_hex": _EXAMPLE_SECRET.hex(),
        "key_id": "k1",
        "tokens": tokens,
        "keys": {key.decode(): {str(count): partition_of(key, count) for count in (8, 32)} for key in keys},
    }


if __name__ == "__main__":
    write_files(Path(*sys.argv[1:2], OUTPUT_FOLDER))

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # ships no types
from referencing.exceptions import Unresolvable

from streams.contract.events.decoder import Refusal
from streams.contract.events.schema.envelope import AnyEvent, encode_structured
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.export.schemas import generated_files, write_files
from streams.contract.outputs.refusal_records import encode_refusal as encode_refused
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import REJECTED_EXAMPLES, RejectedExample, accepted_events
from tests.support.events.input_record import InputRecord
from tests.support.paths import ROOT

GENERATED = generated_files()
SCHEMAS = {name: json.loads(text) for name, text in GENERATED.items() if name.endswith(".v1.json")}


def validator(event_type: str) -> Draft202012Validator:
    name = event_type.removeprefix("safeclock.") + ".json"
    return Draft202012Validator(SCHEMAS[name], format_checker=FormatChecker())


def test_the_committed_schemas_are_current() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "schemas").iterdir()}

    assert committed == GENERATED, "run `python -m streams.contract.export.schemas`"


def test_the_schemas_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    write_files(tmp_path / "new")

    assert {path.name for path in (tmp_path / "new").iterdir()} == set(GENERATED)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one_by_its_own_meta_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])

    try:
        Draft202012Validator(SCHEMAS[name]).is_valid({})
    except Unresolvable as error:
        pytest.fail(f"{name} refers to what it does not hold: {error}")


@pytest.mark.parametrize("said", accepted_events(), ids=lambda said: type(said).__name__)
def test_what_the_decoder_accepts_its_schema_accepts(said: AnyEvent) -> None:
    tree: dict[str, Any] = json.loads(encode_structured(said))

    errors = [error.message for error in validator(tree["type"]).iter_errors(tree)]

    assert not errors


@pytest.mark.parametrize("spoilt", REJECTED_EXAMPLES, ids=lambda spoilt: spoilt.sentence)
def test_what_the_decoder_refuses_for_its_words_its_schema_refuses(spoilt: RejectedExample) -> None:
    declared = spoilt.tree.get("type")
    known = isinstance(declared, str) and declared.removeprefix("safeclock.") + ".json" in SCHEMAS

    schema = validator(declared if known and isinstance(declared, str) else "safeclock.report-filed.v1")

    assert not schema.is_valid(spoilt.tree)


def test_a_refusal_is_as_its_schema_says() -> None:
    value = encode_refused(
        Refusal(RefusalReason.NOT_JSON, "", ""), InputRecord("report-filed", None, None, 0, (), 1, 2)
    )

    errors = [error.message for error in validator("safeclock.event-refused.v1").iter_errors(json.loads(value))]

    assert not errors


@pytest.mark.parametrize("records", [40, None])
def test_the_refusal_of_a_batch_is_as_its_schema_says_and_tells_how_many_records_it_held(records: int | None) -> None:
    batch = UnreadableBatch("report-filed", 1, 7, 1_767_225_600_000, records)

    tree = json.loads(encode_refused(Refusal(RefusalReason.UNDECODABLE, "", "harbor"), batch))

    assert not list(validator("safeclock.event-refused.v1").iter_errors(tree))
    assert (tree["time"], tree["id"]) == ("2026-01-01T00:00:00.000Z", "report-filed/1/7")
    assert tree["data"].get("records") == records

"""What an error expects is what the contract declares, and never what came in."""

import json

import pytest

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.expectations import expectation
from streams.contract.events.schema.envelope import encode_structured
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS
from streams.domain.vocabulary import Automation, Channel, Ground, Harm, Outcome, RefusalReason, Restriction
from tests.support.events.examples import accepted_events

FIELDS = sorted(
    {
        name
        for event in accepted_events()
        for name in (*json.loads(encode_structured(event)), *json.loads(encode_structured(event))["data"])
    }
    - {"type"}
)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("harm", Harm),
        ("channel", Channel),
        ("outcome", Outcome),
        ("restrictions", Restriction),
        ("ground", Ground),
        ("automation", Automation),
    ],
)
def test_the_closed_words_of_a_field_are_reported(field: str, words: type[Harm]) -> None:
    text = expectation(RefusalReason.BAD_VALUE, field)

    assert ", ".join(words) in text


@pytest.mark.parametrize("field", FIELDS)
def test_of_every_field_of_the_contract_something_is_expected(field: str) -> None:
    reason = RefusalReason.BAD_TIME if "time" in field or field == "complete_through" else RefusalReason.BAD_VALUE

    assert expectation(reason, field)


@pytest.mark.parametrize(
    "reason", [reason for reason in RefusalReason if reason not in {RefusalReason.INTERNAL, RefusalReason.BAD_VALUE}]
)
def test_every_reason_but_a_fault_of_ours_expects_something(reason: RefusalReason) -> None:
    assert expectation(reason, "")


def test_a_field_that_differs_by_type_names_the_types() -> None:
    text = expectation(RefusalReason.BAD_VALUE, "reason")

    assert "in safeclock.report-amended.v1: one of triage, error" in text
    assert "in paused: one of information_requested, obstructed" in text


@pytest.mark.parametrize("field", FIELDS)
def test_a_refused_value_is_not_what_is_expected(field: str) -> None:
    decode = EventDecoder(Registry.accepting_all()).decode_line
    for event in accepted_events():
        line = json.loads(encode_structured(event))
        holder = line if field in line else line["data"]
        if field not in holder:
            continue
        holder[field] = "a secret!"
        refused = decode(json.dumps(line).encode(), MAX_TIMESTAMP_MS)

        assert isinstance(refused, Refusal)
        assert "a secret!" not in expectation(refused.reason, refused.field)

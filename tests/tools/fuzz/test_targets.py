"""What the fuzzer looks for, tried on a few thousand inputs each time; `make fuzz` goes on from there."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from streams.contract.events.decoder import Refusal
from streams.contract.events.schema.envelope import encode_structured
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import FILING, REJECTED_EXAMPLES, RejectedExample, build_event
from tests.support.kafka.batch_mutations import RecordContent, mutated_batch
from tests.support.kafka.record_batches import valid_batch
from tests.support.paths import ROOT
from tests.tools.fuzz import record_batches
from tests.tools.fuzz.seeds import dictionary_words, mutated_inputs, seed_inputs
from tests.tools.fuzz.targets import TARGETS, Record, _hides_input, _matches_schema

COUNTS = {"batches": 10_000, "decoder": 20_000, "ledger": 600, "pack": 2_000, "registry": 5_000}


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_no_seed_and_no_mutation_of_it_breaks_a_promise(target: str) -> None:
    beginning = seed_inputs(target)

    for data in [*beginning, *mutated_inputs(beginning, COUNTS[target], seed=11)]:
        TARGETS[target](data)


@pytest.mark.parametrize("spoilt", REJECTED_EXAMPLES, ids=lambda spoilt: spoilt.sentence)
def test_the_decoder_fuzzer_would_find_an_event_that_is_not_by_its_schema(spoilt: RejectedExample) -> None:
    with pytest.raises((AssertionError, KeyError, TypeError)):
        _matches_schema(json.dumps(spoilt.tree).encode())


@pytest.mark.parametrize(
    "telling",
    [
        Refusal(RefusalReason.BAD_VALUE, "an invented name", "harbor"),
        Refusal(RefusalReason.BAD_VALUE, "harm", "an invented name"),
    ],
)
def test_the_decoder_fuzzer_would_find_a_refusal_that_tells_what_came_in(telling: Refusal) -> None:
    record = Record("report-filed", b"key", encode_structured(build_event(FILING)))

    with pytest.raises(AssertionError, match=r"^expected"):
        _hides_input(telling, record)


def test_the_batches_would_find_that_one_which_follows_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = mutated_batch(Random(1), [RecordContent(b"k", b"v")])
    monkeypatch.setattr(
        record_batches, "valid_batch", lambda base, *numbers: valid_batch(base, *numbers)[: -1 if base else None]
    )

    with pytest.raises(AssertionError, match=r"^expected"):
        record_batches.fuzz_record_batch(b"\0" + spoilt)


def test_the_words_of_the_contract_are_among_those_that_are_tried() -> None:
    assert {"grooming", "restricted", "trusted_flagger", "complete_through", "DE"} <= set(dictionary_words())


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_half_a_minute_of_guided_fuzzing_breaks_no_promise(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed here")
    command = [sys.executable, "-m", "tests.tools.fuzz", target, "--seconds=30", f"--corpus={tmp_path}"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)

    assert done.returncode == 0, done.stderr[-3_000:]
    assert "cov:" in done.stderr
    assert not list(tmp_path.glob("broken-*"))

"""The rule gives what was worked out for ten inputs, every word and every number."""

from pathlib import Path

import pytest

from tests.support.verdict_vectors import differences, read_vectors

VECTORS = read_vectors(Path(__file__).with_name("vectors.json"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_rule_gives_the_words_and_numbers_of_a_worked_input(vector: dict[str, object]) -> None:
    assert list(differences(vector)) == []


def test_a_number_that_differs_is_found() -> None:
    expected = {**VECTORS[0]["expected"][0], "p": 0.5, "verdict": "slower"}

    found = list(differences({**VECTORS[0], "expected": [expected]}))

    assert [one.field for one in found] == ["verdict", "p"]

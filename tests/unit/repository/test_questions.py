"""The questions that a new reader must be able to answer have answers that exist."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT

_QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text("utf-8"))["question"]


@pytest.mark.parametrize("question", _QUESTIONS, ids=lambda question: question["text"])
def test_the_answer_to_a_question_is_defined_where_the_list_says(question: dict[str, str]) -> None:
    module = ast.parse((ROOT / question["answer"]).read_text("utf-8"))

    defined = {
        name
        for node in ast.walk(module)
        for name in (getattr(node, "name", None), getattr(getattr(node, "target", None), "id", None))
        if name
    }

    assert set(question["names"]) <= defined

"""The product speaks the words of docs/glossary.md: none of those that it replaces, in names or in sentences."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FAST_PATH = "streams/domain/ledger/fast_path"
PRODUCT = sorted(
    path
    for path in (*(path for top in ("streams", "producers", "dashboards") for path in (ROOT / top).rglob("*.py")),)
    if FAST_PATH not in path.as_posix()  # a second implementation, which a compiled one replaces
)
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
NOT_USED = frozenset(
    (
        *(
            "agenda",
            "appraise",
            "appraisal",
            "appraiser",
            "books",
            "deed",
            "deeds",
            "desk",
            "enrol",
            "enrolled",
            "fate",
        ),
        *(
            "fates",
            "forgotten",
            "glimpse",
            "lens",
            "manner",
            "regime",
            "regimes",
            "roster",
            "sealed",
            "shelf",
            "soften",
        ),
        *("softened", "surroundings", "told", "trade", "tripwire", "tripwires", "unsettled", "voice"),
    )
)
PHRASES = re.compile(
    r"\b(made anew|at the door|turned away|held against|tells? of|told of|cries wolf|published median)\b", re.IGNORECASE
)
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def names(path: Path) -> Iterator[str]:
    """Yield every name that a module defines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass
    yield path.stem


def prose(path: Path) -> str:
    """Return the strings and the comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return "\n".join(token.string for token in tokens if token.type in {tokenize.STRING, tokenize.COMMENT})


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_has_a_word_that_the_glossary_replaces(path: Path) -> None:
    found = {name for name in names(path) if NOT_USED & {part.lower() for part in PART.findall(name)}}

    assert found == set()


@pytest.mark.parametrize("path", [*PRODUCT, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_has_a_phrase_that_plain_english_replaces(path: Path) -> None:
    text = prose(path) if path.suffix == ".py" else path.read_text(encoding="utf-8")

    assert PHRASES.findall(text) == []


def test_the_glossary_lists_the_words_that_are_not_used() -> None:
    table = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").split("## Words that are not used")[1]
    listed = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE))))

    assert listed - {"not", "used"} <= NOT_USED

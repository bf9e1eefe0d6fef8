"""The page on verdicts shows a declaration that is right, and explains every word."""

import re

from streams.contract.declarations.file import parse_declaration
from streams.contract.packs.file import load_rulebook
from streams.contract.registry.registry import Registry
from streams.domain.clocks.definition import group_by_id
from streams.domain.duration_bins import DAY
from streams.domain.verdict.decision import Verdict
from tests.support.paths import QUALITY_PACK, ROOT

PAGE = (ROOT / "docs/verdict.md").read_text(encoding="utf-8")


def test_the_declaration_of_the_page_is_right_and_its_guards_are_clocks_of_the_shipped_pack() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    rulebook = load_rulebook([QUALITY_PACK], Registry.accepting_all(), 0)

    found = parse_declaration(text.encode(), "page", Registry.accepting_all(), rulebook)

    clocks = group_by_id(rulebook.clocks)
    assert all(terms.clock in clocks for terms in found.guards.values())
    assert found.rule(clocks).guards["reversed"].ripe_after == 58 * DAY
    assert found.excludes_season


def test_the_page_explains_every_verdict() -> None:
    explained = re.findall(
        r"^\| ([a-z ,]+) \| .*$", PAGE.partition("## Read the verdict")[2].partition("\n## ")[0], re.MULTILINE
    )

    assert [word for word in explained if word != "verdict"] == [verdict.value for verdict in Verdict]

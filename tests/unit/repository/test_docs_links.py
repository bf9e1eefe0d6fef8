"""What `make docs` does with links that lead out of docs/; the site itself is built by CI."""

import logging
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.paths import ROOT

HOOKS = runpy.run_path(str(ROOT / "deploy/docs_links.py"))


def rewritten(markdown: str, repository: str | None = None, docs: Path = ROOT / "docs") -> str:
    config = {"docs_dir": str(docs), "repo_url": repository}
    page = SimpleNamespace(file=SimpleNamespace(src_uri="README.md"))
    text: str = HOOKS["on_page_markdown"](markdown, page=page, config=config, files=None)
    return text


def test_a_link_to_another_page_is_left_to_mkdocs() -> None:
    assert rewritten("[what](glossary.md#times)") == "[what](glossary.md#times)"


def test_a_link_out_of_the_documents_is_text_where_the_repository_is_unknown() -> None:
    assert rewritten("see [`README`](../README.md), [schemas](schemas)") == "see `README`, schemas"


def test_a_link_out_of_the_documents_leads_to_the_repository() -> None:
    linked = rewritten("[a](../README.md#see-it) [b](schemas)", "https://git.example/safeclock/")

    assert linked == (
        "[a](https://git.example/safeclock/blob/main/README.md#see-it) [b](https://git.example/safeclock/tree/main/docs/schemas)"
    )


@pytest.mark.parametrize(
    "markdown", ["`[a](../gone)`", "```\n[a](../gone)\n```", "[a](https://git.example/b)", "[a](#b)"]
)
def test_code_and_links_to_other_sites_and_within_a_page_stay(markdown: str) -> None:
    assert rewritten(markdown) == markdown


def test_a_link_to_nothing_is_a_warning_which_ends_a_strict_build(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mkdocs"):
        rewritten("[a](../gone.md)")

    assert "found the link ../gone.md" in caplog.text


def test_a_link_to_a_folder_with_an_index_leads_to_the_index(tmp_path: Path) -> None:
    index = tmp_path / "adr" / "README.md"
    index.parent.mkdir()
    index.touch()

    assert rewritten("[why](adr)", docs=tmp_path) == "[why](adr/README.md)"


def test_the_decisions_are_added_to_the_navigation_after_their_index(tmp_path: Path) -> None:
    (tmp_path / "adr").mkdir()
    for name in ("0002-b.md", "README.md", "0001-a.md"):
        (tmp_path / "adr" / name).touch()
    config: dict[str, Any] = {"docs_dir": str(tmp_path), "nav": ["README.md"]}

    added = HOOKS["on_config"](config)["nav"]

    assert added == ["README.md", {"Decisions": ["adr/README.md", "adr/0001-a.md", "adr/0002-b.md"]}]

# ruff: noqa: INP001 - as runtime_lock.py beside it
"""Hooks of MkDocs for `make docs`: links that lead out of docs/, and the decisions in the navigation.

The pages are read in the repository, too, where a link may lead to any file or folder. In the site such a link leads to
the repository, if the site knows its address, and is plain text otherwise. Its target must exist all the same. A link
to a folder with a README leads to that page.
"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[1]
_INDEX: Final = "README.md"
_CODE: Final = r"```.*?```|`[^`\n]+`"
_LINK: Final = r"\[(?P<text>(?:`[^`\n]*`|[^\]\n`])+)\]\((?P<target>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)"
_LINK_OR_CODE: Final = re.compile(f"{_LINK}|{_CODE}", re.DOTALL)

log = logging.getLogger("mkdocs.hooks.docs_links")


def on_config(config: Any) -> Any:  # noqa: ANN401 - MkDocs has no types here
    """Add the decisions to the navigation: their index, then all in the order of their numbers."""
    docs = Path(config["docs_dir"])
    pages = sorted(docs.glob("adr/*.md"), key=lambda page: (page.name != _INDEX, page.name))
    config["nav"] = [*config["nav"], {"Decisions": [str(page.relative_to(docs)) for page in pages]}]
    return config


def on_page_markdown(markdown: str, *, page: Any, config: Mapping[str, Any], **_: object) -> str:  # noqa: ANN401 - as above
    """Rewrite the links of a page that lead to no page of the site."""
    docs = Path(config["docs_dir"])
    return _LINK_OR_CODE.sub(lambda found: _link(found, docs / page.file.src_uri, docs, config["repo_url"]), markdown)


def _link(found: re.Match[str], page: Path, docs: Path, repository: str | None) -> str:
    if found["target"] is None:
        return found[0]
    target = (page.parent / found["target"]).resolve()
    if target.is_relative_to(docs):
        if (target / _INDEX).exists():
            return f"[{found['text']}]({found['target'].rstrip('/')}/{_INDEX})"
        if not target.is_dir():
            return found[0]  # MkDocs checks it
    if not target.exists():
        log.warning("%s: expected a file or folder of the repository, found the link %s", page, found["target"])
    if not repository:
        return found["text"]
    kind = "tree" if target.is_dir() else "blob"
    return f"[{found['text']}]({repository.rstrip('/')}/{kind}/main/{target.relative_to(_ROOT)}{found['anchor'] or ''})"

"""What the documents tell somebody to run can be run: every command and every flag in them is one of ours."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import safeclock
from safeclock import main
from tests.support.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
CALL = re.compile(r"(?:^|[\s/`])safeclock (?!import )(?P<rest>[a-z][^`|#&;>\n]*)", re.MULTILINE)


def documented_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after `safeclock` of every call in the code of a page."""
    for code in CODE.findall(page.read_text(encoding="utf-8")):
        yield from (call["rest"].replace("[", " ").split() for call in CALL.finditer(code))


def imported(page: Path) -> Iterator[str]:
    """Yield every name that the code of a page imports from the library."""
    for code in CODE.findall(page.read_text(encoding="utf-8")):
        for names in re.findall(r"from safeclock import ([\w, ]+)", code):
            yield from names.split(", ")


def command_options(command: click.Command) -> set[str]:
    return {"--help", *(flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_document_is_one_of_ours(page: Path) -> None:
    for words in documented_commands(page):
        command: click.Command = main
        for word in words:
            if isinstance(command, click.Group):
                found = command.get_command(click.Context(main), word)
                assert found is not None, f"expected a command of ours, found safeclock {' '.join(words)}"
                command = found
        unknown = {word for word in words if word.startswith("--")} - command_options(command)
        assert not unknown, f"{command.name} has no {unknown}"


def test_every_name_that_a_document_imports_is_in_the_library() -> None:
    named = {name for page in PAGES for name in imported(page)}

    assert named
    assert named <= set(safeclock.__all__)


def test_calls_are_found_in_the_documents() -> None:
    assert sum(len(list(documented_commands(page))) for page in PAGES) > 40

"""A variable that nothing reads is told of, by whatever command is run; those of our other processes are none of these."""

import re

from click.testing import CliRunner

from safeclock import main
from tests.support.paths import ROOT

PAGES = [ROOT / "docker-compose.yml", ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]


def logged_warnings(**variables: str) -> list[str]:
    listed = CliRunner(env=variables).invoke(main, ["clocks", "list"])
    assert listed.exit_code == 0
    return listed.stderr.splitlines()


def test_a_mistyped_variable_is_reported_with_the_one_that_may_be_meant_and_without_its_value() -> None:
    assert logged_warnings(SAFECLOCK_REGISTERY="hush", SAFECLOCK_ELSEWHERE="hush") == [
        "Warning: SAFECLOCK_ELSEWHERE: nothing reads a variable of this name",
        "Warning: SAFECLOCK_REGISTERY: expected SAFECLOCK_REGISTRY; nothing reads a variable of this name",
    ]


def test_every_variable_that_a_document_names_is_known() -> None:
    named = {
        name for page in PAGES for name in re.findall(r"\bSAFECLOCK_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))
    }

    assert len(named) > 30
    assert logged_warnings(**dict.fromkeys(named, "")) == []

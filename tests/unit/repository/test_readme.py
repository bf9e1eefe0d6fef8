import re
from typing import get_args

import pytest

from streams.contract.events.schema.envelope import AnyEvent
from streams.contract.metrics import all_metrics
from streams.contract.metrics.metric import Metric
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
TERMINAL_COLUMNS = 80


def _first_cells(page: str, heading: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    section = text.split(f"# {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)


def test_the_event_table_names_every_type_that_is_accepted() -> None:
    types = [str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)]

    assert _first_cells("docs/events.md", "Event types") == types


def test_the_metric_table_names_metrics_of_the_catalogue() -> None:
    declared = {
        item.name
        for group in vars(all_metrics).values()
        if isinstance(group, tuple)
        for item in group
        if isinstance(item, Metric)
    }

    first = _first_cells("docs/README.md", "Metrics to know first")

    assert len(first) == 10
    assert set(first) <= declared


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_linked_exists(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8"))

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_caveat_is_before_the_first_command() -> None:
    assert README.index("a report that was never published cannot be seen") < README.index("make demo")


def test_the_output_of_the_demo_fits_a_terminal() -> None:
    output = next(block for block in re.findall(r"```\n(.*?)```", README, re.DOTALL) if "┏" in block)

    assert max(len(line) for line in output.splitlines()) <= TERMINAL_COLUMNS

import re
from pathlib import Path
from typing import get_args

from streams.contract.events.schema.envelope import AnyEvent
from streams.contract.metrics import catalogue
from streams.contract.metrics.metric import Metric

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _first_cells(heading: str) -> list[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)


def test_the_event_table_names_every_type_that_is_accepted() -> None:
    types = [str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)]

    assert _first_cells("Events") == types


def test_the_metric_table_names_metrics_of_the_catalogue() -> None:
    declared = {
        item.name
        for group in vars(catalogue).values()
        if isinstance(group, tuple)
        for item in group
        if isinstance(item, Metric)
    }

    assert _first_cells("Metrics")
    assert set(_first_cells("Metrics")) <= declared


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_caveat_stands_before_the_first_command() -> None:
    assert README.index("a report that was never published cannot be seen") < README.index("make demo")

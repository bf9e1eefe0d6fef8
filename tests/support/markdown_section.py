"""Tables in Markdown, and figures that a program writes between two marks of a page."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


class SectionMarkers(NamedTuple):
    """Two lines of a page, between which figures are written."""

    begin: str
    end: str


def replace_section(page: Path, markers: SectionMarkers, text: str) -> None:
    """Put the figures in their place on a page; raises ValueError when the page has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(markers.begin)
    _, end, after = rest.partition(markers.end)
    if not (begin and end):
        raise ValueError(
            f"{page.name}: expected the marks {markers.begin.strip()} and {markers.end.strip()}, found none"
        )
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in Markdown, one line an element."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]

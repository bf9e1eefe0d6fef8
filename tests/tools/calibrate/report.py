"""The figures on paper: one table for each line, between its two marks in docs/statistics.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.markdown_section import SectionMarkers, replace_section, table
from tests.support.paths import ROOT
from tests.tools.calibrate.figures import Figure, Figures
from tests.tools.calibrate.line import Line, Row

PAGE: Final = ROOT / "docs/statistics.md"


def markers(line: Line) -> SectionMarkers:
    """Return the two lines between which the table of a line stands."""
    return SectionMarkers(
        f"<!-- calibration {line.name}: written by `python -m tests.tools.calibrate --write` -->\n",
        f"<!-- end of calibration {line.name} -->\n",
    )


def line_text(line: Line, results: Sequence[tuple[Row, Figures]], runs: int, seed: int) -> str:
    """Return the table of a line, with its runs and its seed."""
    rows = [
        (*row.labels, *(figures.get(outcome, Figure()).text() for outcome in line.columns.values()))
        for row, figures in results
    ]
    head = f"**{line.title}.**\n{runs:,} runs a row, seed {seed}."
    return "\n".join([head, "", *table((*line.row_heads, *line.columns), rows), ""])


def write_line(line: Line, text: str, page: Path = PAGE) -> None:
    """Put the table of a line in its place on the page; raises ValueError when the page has none."""
    replace_section(page, markers(line), text)

"""Print declarations, what they could find, and their verdicts."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console

from streams.batch.clocks_output import format_limit
from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.evaluation import DeclarationVerdicts
from streams.contract.outputs.formatting import format_count
from streams.contract.outputs.verdict_report import SEASON_REMARK, remarks
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import HOUR
from streams.domain.verdict.comparison.filed_weeks import Window
from streams.domain.verdict.declared_cells import CellName
from streams.domain.verdict.planning import Outlook
from streams.domain.verdict.sentences import CAVEAT
from streams.edge.terminal import WrappingTable, indent

_FEW_CELLS = 10
"""More cells than this leave little power to each, since the correction is shared among all of them."""


def print_verdicts(verdicts: Iterable[DeclarationVerdicts], terminal: Console) -> None:
    """Print every declaration with one sentence for each cell, and what a reader must know of them."""
    for found in verdicts:
        declaration = found.declaration
        seen = "" if found.first_seen is None else f", first seen {format_timestamp(found.first_seen.at)}"
        terminal.print(f"{declaration.name}, {found.standing}{seen}: {declaration.question}")
        for cell in found.cells:
            word = "exploratory" if cell.verdict is None else cell.verdict.value
            terminal.print(indent(f"{cell.cell.title}: {word}"))
            terminal.print(indent(f"  {cell.sentence}"))
        for remark in remarks(found):
            terminal.print(indent(f"note: {remark}"))
    terminal.print(CAVEAT)


def print_list(declarations: Iterable[Declaration], terminal: Console) -> None:
    """Print one row for each declaration."""
    table = WrappingTable(title_justify="left")
    for heading in ("declaration", "question", "baseline", "current", "decided on", "cells"):
        table.add_column(heading, justify="right" if heading == "cells" else "left")
    for one in declarations:
        windows = (format_window(window) for window in (one.baseline, one.current))
        table.add_row(one.name, one.question, *windows, one.decide.isoformat(), str(len(one.cells)))
    terminal.print(table)


def explain(declaration: Declaration) -> Iterator[str]:
    """Yield what a declaration compares, when it decides, and how, one sentence a line."""
    yield f"{declaration.name}: {declaration.question}"
    yield f"declared by {declaration.by}; the file says on {declaration.declared}"
    yield f"SHA-256 of the file: {declaration.sha256}"
    yield (
        f"speed: the mean wait of {declaration.clock} up to {format_limit(declaration.horizon)}, of reports filed from"
        f" {format_window(declaration.current)}, against {format_window(declaration.baseline)}"
    )
    yield f"decided on {declaration.decide}, at a false discovery rate of {declaration.level:g} over all cells"
    yield f"a change of less than {100 * declaration.least:g} % of the mean wait is not called one"
    yield f'"no clear change" excludes a change of {100 * declaration.same:g} % of the mean wait'
    for name, terms in declaration.guards.items():
        direction = "fewer" if terms.more_is_better else "more"
        yield (
            f"guard {name}: not {100 * terms.margin:g} points {direction} reports with {terms.clock} within"
            f" {format_limit(terms.within)}"
        )
    yield f"{format_count(len(declaration.cells), 'cell')}: {', '.join(cell.title for cell in declaration.cells)}"
    if not declaration.excludes_season:
        yield f"note: {SEASON_REMARK}"


def advice(declaration: Declaration) -> Iterator[str]:
    """Yield what the author of a declaration may want to change before it is declared."""
    if len(declaration.cells) > _FEW_CELLS:
        yield (
            f"{format_count(len(declaration.cells), 'cell')}: the more cells, the larger a change must be to be found;"
            " declare few"
        )
    if not declaration.excludes_season:
        yield f"{SEASON_REMARK}; choose the same weeks a year before"


def print_outlooks(outlooks: Sequence[tuple[CellName, Outlook | None]], terminal: Console) -> None:
    """Print for each cell the change that a comparison would find with 80 %, judged by the reports at hand."""
    table = WrappingTable(title="What a comparison of one cell could find, judged by these files", title_justify="left")
    for heading in ("cell", "weeks used", "reports", "mean wait", "change that is found with 80 %"):
        table.add_column(heading, justify="left" if heading in {"cell", "weeks used"} else "right")
    for cell, outlook in outlooks:
        if outlook is None:
            table.add_row(cell.title, "too few reports or weeks, or published on closing", "", "", "")
            continue
        part = outlook.detectable / outlook.mean_wait if outlook.mean_wait else 0.0
        table.add_row(
            cell.title,
            format_window(outlook.window),
            f"{outlook.reports:,}",
            f"{outlook.mean_wait / HOUR:.1f} h",
            f"{outlook.detectable / HOUR:.1f} h ({100 * part:.0f} %)",
        )
    terminal.print(table)


def format_window(window: Window) -> str:
    """Return the first and the last day of a window."""
    return f"{window.first_day} to {window.last_day}"

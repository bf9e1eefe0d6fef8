"""A table of refused lines for a terminal."""

from collections.abc import Iterable

from streams.edge.files.refusal_groups import RefusedLines
from streams.edge.terminal import WrappingTable


def refusal_table(title: str, groups: Iterable[RefusedLines]) -> WrappingTable:
    """Return a table of refused lines by reason and field, without their content."""
    table = WrappingTable(title=title, title_justify="left")
    table.add_column("reason")
    table.add_column("field")
    table.add_column("lines", justify="right")
    table.add_column("first at")
    for group in groups:
        table.add_row(
            group.reason, group.field or "the whole event", f"{group.count:,}", group.first or "several lines"
        )
    return table

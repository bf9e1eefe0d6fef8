"""What became of an order to publish, in words for a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from producers.publisher.files import Order, Published
from producers.publisher.refusals import RefusalGroup


def announce(order: Order, console: Console) -> None:
    """Say, before anything is sent, to whom and where."""
    settings = order.settings
    who = f" as {settings.access.username}" if settings.access.username else ""
    console.print(f"{settings.bootstrap}{who}: {', '.join(order.registry.source_topics())}")


def render(published: Published, console: Console) -> None:
    """Say what was refused, what was acknowledged, and how to go on."""
    if published.refused:
        console.print(refusal_table("refused before they left", published.refused))
    lines = f"{published.events:,} events and {published.heartbeats:,} heartbeats"
    if not published.sent:
        console.print(f"{lines} are good; nothing was sent")
        return
    console.print(f"{published.acknowledged:,} lines acknowledged, of {lines}")
    if published.resume_from is not None:
        console.print(f"stopped early: {published.cause}. Resume with --from-line {published.resume_from}")


def refusal_table(title: str, groups: Iterable[RefusalGroup]) -> Table:
    """Return what was refused, by reason and field; never what was refused."""
    table = Table(title=title, title_justify="left")
    table.add_column("reason")
    table.add_column("field")
    table.add_column("lines", justify="right")
    table.add_column("first at")
    for group in groups:
        table.add_row(
            group.reason, group.field or "the whole event", f"{group.count:,}", group.first or "several lines"
        )
    return table

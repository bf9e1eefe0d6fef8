"""What became of an order to publish, in words for a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as Bar

from producers.publisher.upload.line_upload import Progress, no_progress
from producers.publisher.upload.request import Order, Published
from streams.edge.files.input_file import is_rereadable
from streams.edge.files.refusal_groups import explanation_lines
from streams.edge.files.refusal_table import refusal_table
from streams.edge.terminal import console

_NOT_ACCEPTED: Final = "acknowledged is not accepted: `safeclock status --platform ID` tells what became of them"
_UNOPENED: Final = (
    "too_old: recorded more than 14 days late, or in no span of history that the registry has open; the operator opens one"
    " ([[platforms.history]]), and use the registry that says so"
)


def announce(order: Order, out: Console | None = None) -> None:
    """Say, before anything is sent, to whom and where; on standard error unless told otherwise."""
    settings = order.settings
    who = f" as {settings.access.username}" if settings.access.username else ""
    topics = ", ".join(order.registry.source_topics())
    (out or console(stderr=True)).print(f"{settings.bootstrap}{who}: {topics}", soft_wrap=True)


def tell(published: Published, out: Console | None = None) -> None:
    """Say what was refused, what was acknowledged, and how to go on; on standard error unless told otherwise."""
    out = out or console(stderr=True)
    if published.refused:
        out.print(refusal_table("refused before they left", published.refused))
        out.print(*explanation_lines(published.refused), sep="\n")
    lines = f"{published.events:,} events and {published.heartbeats:,} heartbeats"
    if published.withheld:
        beats = f"{published.withheld:,} heartbeat{'s' * (published.withheld > 1)}"
        out.print(f"{beats} held back: a line of the same platform is left out, and when it happened is not known")
    if published.unopened:
        out.print(_UNOPENED, markup=False, soft_wrap=True)
    if not published.sent:
        out.print(f"{lines} are good; nothing was sent")
        return
    out.print(f"{published.acknowledged:,} lines acknowledged by the broker, of {lines}")
    out.print(_NOT_ACCEPTED, soft_wrap=True)
    if published.resume_from is not None:
        out.print(f"stopped early: {published.cause}. Resume with --from-line {published.resume_from}")


@contextmanager
def progressing(order: Order) -> Iterator[Progress]:
    """Show on a terminal how far the files of `order` are, while the callback that this gives is called."""
    out = console(stderr=True)
    known = out.is_terminal and bool(order.paths) and all(map(is_rereadable, order.paths))
    if not known:
        yield no_progress
        return
    total = sum(path.stat().st_size for path in order.paths)
    with Bar(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=out, transient=True) as bar:
        task = bar.add_task("publishing", total=total)
        yield lambda size, lines: bar.update(task, completed=size, description=f"{lines:,} acknowledged")

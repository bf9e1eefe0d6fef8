"""Prints the target, the progress and the result of an upload."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as Bar

from producers.publisher.upload.line_upload import ProgressCallback, ignore_progress
from producers.publisher.upload.request import UploadRequest, UploadResult
from streams.contract.outputs.formatting import format_count
from streams.edge.files.input_file import is_rereadable
from streams.edge.files.refusal_groups import explanation_lines
from streams.edge.files.refusal_table import refusal_table
from streams.edge.terminal import console

_ACKNOWLEDGED_HINT: Final = (
    "acknowledged does not mean accepted: `safeclock status --platform ID` shows what was accepted"
)
_CLOSED_HISTORY_HINT: Final = (
    "too_old: recorded more than 14 days late, or in no open span of history; ask the operator to open a span"
    " ([[platforms.history]] in the registry), then publish with the new registry"
)


def print_target(request: UploadRequest, out: Console | None = None) -> None:
    """Print broker, user and topics before anything is sent; to standard error by default."""
    settings = request.settings
    user = f" as {settings.access.username}" if settings.access.username else ""
    topics = ", ".join(request.registry.source_topics())
    (out or console(stderr=True)).print(f"{settings.bootstrap}{user}: {topics}", soft_wrap=True)


def print_result(result: UploadResult, out: Console | None = None) -> None:
    """Print what was refused, what was acknowledged, and how to continue; to standard error by default."""
    out = out or console(stderr=True)
    if result.refusal_groups:
        out.print(refusal_table("refused before sending", result.refusal_groups))
        out.print(*explanation_lines(result.refusal_groups), sep="\n")
    lines = f"{format_count(result.events, 'event')} and {format_count(result.heartbeats, 'heartbeat')}"
    if result.withheld_heartbeats:
        heartbeats = format_count(result.withheld_heartbeats, "heartbeat")
        out.print(f"{heartbeats} not sent: a line of the same platform was refused, and its time is not known")
    if result.has_closed_history:
        out.print(_CLOSED_HISTORY_HINT, markup=False, soft_wrap=True)
    if not result.is_sent:
        out.print(f"valid: {lines}; nothing was sent")
        return
    out.print(f"{format_count(result.acknowledged, 'line')} acknowledged by the broker, of {lines}")
    out.print(_ACKNOWLEDGED_HINT, soft_wrap=True)
    if result.resume_from_line is not None:
        out.print(f"stopped early: {result.stop_cause}. Resume with --from-line {result.resume_from_line}")


@contextmanager
def show_progress(request: UploadRequest) -> Iterator[ProgressCallback]:
    """Show a progress bar on a terminal; yields the callback that updates the bar."""
    out = console(stderr=True)
    has_known_size = out.is_terminal and bool(request.paths) and all(map(is_rereadable, request.paths))
    if not has_known_size:
        yield ignore_progress
        return
    total = sum(path.stat().st_size for path in request.paths)
    with Bar(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=out, transient=True) as bar:
        task = bar.add_task("publishing", total=total)
        yield lambda size, lines: bar.update(task, completed=size, description=f"{lines:,} acknowledged")

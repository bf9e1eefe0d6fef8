"""Print the result of a check on a terminal of eighty columns."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console

from streams.batch.check.check import CheckedFiles
from streams.batch.check.summary import ClockSummary, PlatformSummary
from streams.contract.outputs.formatting import format_closed_only_median, format_count, format_percent, format_quantile
from streams.contract.timestamps import format_timestamp
from streams.edge.files.refusal_groups import explanation_lines
from streams.edge.files.refusal_table import refusal_table
from streams.edge.terminal import WrappingTable, console, indent

_CLOCK_HEADINGS: Final = ("counted", "stopped", "closed only", "open, too", "logged at close")
_CLOCK_LEGEND: Final = (
    "closed only: median time of closed reports, as transparency reports publish it; open, too: with open reports; "
    "logged at close: the share of reports first logged when they were closed"
)


def print_check(checked: CheckedFiles, out: Console | None = None) -> None:
    """Print the refusals, then a summary and the warnings of every platform; to standard output by default."""
    out = out or console()
    refused = sum(group.count for group in checked.refused)
    out.print(
        f"{format_count(checked.events, 'event')} and {format_count(checked.heartbeats, 'heartbeat')} accepted, "
        f"{format_count(refused, 'line')} refused"
    )
    if checked.refused:
        out.print(refusal_table("refused", checked.refused))
        out.print(*explanation_lines(checked.refused), sep="\n")
    for platform in checked.platforms:
        _print_platform(platform, out)
    if checked.platforms:
        out.print(_CLOCK_LEGEND, style="dim")


def _print_platform(platform: PlatformSummary, out: Console) -> None:
    out.print()
    out.print(f"{platform.platform}: {format_count(platform.filed, 'report')} filed{_format_span(platform)}")
    for line in _summary_lines(platform):
        out.print(indent(line))
    out.print(indent(_clock_table(platform.clocks)))
    for warning in platform.warnings:
        out.print(indent(f"! {warning}"))


def _format_span(platform: PlatformSummary) -> str:
    if platform.first_at is None or platform.last_at is None:
        return ""
    return f", {format_timestamp(platform.first_at)[:16]} to {format_timestamp(platform.last_at)[:16]}"


def _summary_lines(platform: PlatformSummary) -> Iterable[str]:
    """Yield the numbers of reports by state, orphans and duplicates, and the shares of doubtful values."""
    yield ", ".join(f"{state} {count:,}" for state, count in platform.states.items()) or "no report"
    yield f"orphans {platform.orphans:,}, duplicates {platform.duplicates:,}"
    shares = {
        "no jurisdiction": platform.unknown_jurisdiction,
        "harm `other`": platform.other_harm,
        "whole hours": platform.whole_hours,
        "0 seconds": platform.zero_durations,
    }
    yield ", ".join(f"{name} {format_percent(share)}" for name, share in shares.items())


def _clock_table(clocks: Iterable[ClockSummary]) -> WrappingTable:
    table = WrappingTable(box=None, pad_edge=False)
    table.add_column("clock")
    for heading in _CLOCK_HEADINGS:
        table.add_column(heading, justify="right")
    for clock in clocks:
        table.add_row(*_clock_cells(clock))
    return table


def _clock_cells(clock: ClockSummary) -> tuple[str, ...]:
    return (
        clock.clock,
        f"{clock.reports:,}",
        f"{clock.stopped:,}",
        format_closed_only_median(clock.closed_only_median_seconds, clock.stopped),
        format_quantile(clock.median_seconds.value, is_reached=clock.median_reached),
        format_percent(clock.share_logged_at_close),
    )

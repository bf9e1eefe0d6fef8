"""What a check found, as tables for a terminal."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from producers.conformance.check import Checked
from producers.conformance.understood import ClockSeen, Platform
from producers.publisher.talk import refusal_table
from streams.contract.instants import format_ms

_SCALES: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def tell(checked: Checked, console: Console | None = None) -> None:
    """Print the refusals, then what was understood, then what is doubtful; on standard output unless told otherwise."""
    console = Console() if console is None else console
    refused = sum(group.count for group in checked.refused)
    console.print(
        f"{checked.events:,} events and {checked.heartbeats:,} heartbeats accepted, {refused:,} lines refused"
    )
    if checked.refused:
        console.print(refusal_table("refused", checked.refused))
    if checked.platforms:
        console.print(_reports(checked.platforms))
        console.print(_clocks(checked.platforms))
    for platform in checked.platforms:
        for warning in platform.warnings:
            console.print(f"{platform.platform}: {warning}")


def _reports(platforms: Iterable[Platform]) -> Table:
    table = Table(title="reports, as they were understood", title_justify="left")
    for heading in ("platform", "from", "to"):
        table.add_column(heading)
    for heading in ("filed", "orphans", "duplicates", "no jurisdiction", "`other`", "whole hours", "0 seconds"):
        table.add_column(heading, justify="right")
    table.add_column("states")
    for platform in platforms:
        shares = (
            platform.unknown_jurisdiction,
            platform.other_harm,
            platform.whole_hours,
            platform.zero_durations,
        )
        table.add_row(
            platform.platform,
            *("" if at is None else format_ms(at)[:16] for at in (platform.first, platform.last)),
            *(f"{count:,}" for count in (platform.filed, platform.orphans, platform.duplicates)),
            *(f"{share:.0%}" for share in shares),
            ", ".join(f"{state} {count:,}" for state, count in platform.states.items()),
        )
    return table


def _clocks(platforms: Iterable[Platform]) -> Table:
    table = Table(title="median times", title_justify="left")
    table.add_column("platform")
    table.add_column("clock")
    for heading in ("reports", "stopped", "closed reports only", "open ones counted", "told only at closing"):
        table.add_column(heading, justify="right")
    for platform in platforms:
        for clock in platform.clocks:
            table.add_row(platform.platform, *_clock(clock))
    return table


def _clock(clock: ClockSeen) -> tuple[str, ...]:
    return (
        clock.clock,
        f"{clock.reports:,}",
        f"{clock.stopped:,}",
        _duration(clock.closed_only_median_seconds) if clock.stopped else "none stopped",
        _duration(clock.median_seconds.value),
        f"{clock.told_only_at_closing:.0%}",
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "not reached"
    scale, unit = next(((scale, unit) for scale, unit in _SCALES if seconds >= scale), (1.0, "s"))
    return f"{seconds / scale:.1f} {unit}"

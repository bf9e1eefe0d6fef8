"""Formats the ranking as a table for a terminal, or as plain lines for a file or a pipe."""

from collections.abc import Iterable, Sequence

from dashboards.demo.ranking import RankingRow
from dashboards.demo.truth_checks import format_ordinal
from streams.contract.outputs.formatting import CAVEAT, NOT_MEASURABLE, format_duration, format_quantile, format_share
from streams.domain.duration_bins import SECOND
from streams.domain.survival import Interval
from streams.edge.terminal import WrappingTable

_HEADINGS = (
    "closed-only\nmedian",
    "rank",
    "median, open\ncounted",
    "acted on\nwithin 24 h",
    "rank",
    "decided\nwithin 24 h",
    "open",
    "oldest\nopen",
)


def ranking_table(rows: Sequence[RankingRow], as_of: int, stale_reasons: Iterable[str]) -> WrappingTable:
    """Return the table; it is dimmed and lists the reasons if the figures are stale."""
    reasons = list(stale_reasons)
    table = WrappingTable(
        title="Closed-only figures, as transparency reports print them, beside figures that count open reports",
        caption="\n".join((CAVEAT, *reasons)),
        title_justify="left",
        caption_justify="left",
        style="dim" if reasons else "",
        row_styles=["dim"] if reasons else [""],
    )
    table.add_column("platform")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row.platform, *_cells(row, as_of))
    return table


def ranking_lines(rows: Sequence[RankingRow], as_of: int) -> Iterable[str]:
    """Yield the caveat and one line for each platform."""
    yield CAVEAT
    for row in rows:
        closed_only, rank, median, acted, by_action, decided, open_reports, oldest = _cells(row, as_of)
        yield (
            f"{row.platform}: closed-only median {closed_only} ({rank}); with {open_reports} open, oldest {oldest}: median "
            f"{median}, acted on within 24 h {acted} ({by_action}), decided {decided}"
        )


def _cells(row: RankingRow, as_of: int) -> tuple[str, ...]:
    return (
        "none" if row.closed_only_median is None else format_duration(row.closed_only_median),
        _format_rank(row.closed_only_rank),
        _format_median(row.median, is_reached=row.median_reached) if row.is_measurable else NOT_MEASURABLE,
        _format_share(row.acted_share),
        _format_rank(row.acted_rank),
        _format_share(row.decided_share),
        f"{row.open_reports:,}",
        "-" if row.oldest_open is None else format_duration(as_of / SECOND - row.oldest_open),
    )


def _format_rank(rank: int | None) -> str:
    return "-" if rank is None else format_ordinal(rank)


def _format_median(median: Interval, *, is_reached: bool | None) -> str:
    if median.value is None or median.low is None or median.high is None:
        return format_quantile(median.value, is_reached=is_reached)
    return f"{format_duration(median.value)} ({format_duration(median.low)} to {format_duration(median.high)})"


def _format_share(interval: Interval) -> str:
    return format_share({"share": interval.value, "low": interval.low, "high": interval.high})

"""The standings as a live table, or as plain lines where nobody watches a terminal."""

from collections.abc import Iterable, Sequence

from dashboards.demo.ranking import Standing
from dashboards.demo.truth_checks import ordinal
from streams.contract.formatting import CAVEAT, NOT_MEASURABLE, format_duration, format_quantile, format_share
from streams.domain.grid import SECOND
from streams.domain.survival import Interval
from streams.edge.terminal import WrappingTable

_HEADINGS = (
    "published\nmedian",
    "rank",
    "median, those\nwaiting counted",
    "acted on\nwithin 24 h",
    "rank",
    "decided\nwithin 24 h",
    "open",
    "oldest\nopen",
)


def table(standings: Sequence[Standing], as_of: int, grey: Iterable[str]) -> WrappingTable:
    """Return the table; it is greyed when there are reasons to."""
    reasons = list(grey)
    shown = WrappingTable(
        title="As a transparency report would print it, beside the same platforms counting those still waiting",
        caption="\n".join((CAVEAT, *reasons)),
        title_justify="left",
        caption_justify="left",
        style="dim" if reasons else "",
        row_styles=["dim"] if reasons else [""],
    )
    shown.add_column("platform")
    for heading in _HEADINGS:
        shown.add_column(heading, justify="right")
    for one in standings:
        shown.add_row(one.platform, *_cells(one, as_of))
    return shown


def lines(standings: Sequence[Standing], as_of: int) -> Iterable[str]:
    """Yield the caveat and one line for each platform."""
    yield CAVEAT
    for one in standings:
        published, rank, median, acted, by_action, decided, waiting, oldest = _cells(one, as_of)
        yield (
            f"{one.platform}: published median {published} ({rank}); with {waiting} open, oldest {oldest}: median "
            f"{median}, acted on within 24 h {acted} ({by_action}), decided {decided}"
        )


def _cells(one: Standing, as_of: int) -> tuple[str, ...]:
    return (
        "none" if one.published is None else format_duration(one.published),
        _rank(one.published_rank),
        _median(one.median, reached=one.reached) if one.measurable else NOT_MEASURABLE,
        _share(one.acted),
        _rank(one.acted_rank),
        _share(one.decided),
        f"{one.open:,}",
        "-" if one.oldest_open is None else format_duration(as_of / SECOND - one.oldest_open),
    )


def _rank(rank: int | None) -> str:
    return "-" if rank is None else ordinal(rank)


def _median(median: Interval, *, reached: bool | None) -> str:
    if median.value is None or median.low is None or median.high is None:
        return format_quantile(median.value, is_reached=reached)
    return f"{format_duration(median.value)} ({format_duration(median.low)} to {format_duration(median.high)})"


def _share(one: Interval) -> str:
    return format_share({"share": one.value, "low": one.low, "high": one.high})

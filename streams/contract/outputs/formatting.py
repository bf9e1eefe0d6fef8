"""Format figures for people: durations, shares, and the caveat that is shown beside the first figures."""

from collections.abc import Mapping
from typing import Final

from streams.domain.duration_bins import EDGES, SECOND

CAVEAT: Final = (
    "Figures are what platforms declare, checked for plausibility; a report that was never published cannot be seen."
)
NOT_REACHED: Final = "not reached"
NOT_MEASURABLE: Final = "not measurable"
NOT_KNOWN: Final = "not known"
NONE_STOPPED: Final = "none stopped"

_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def format_duration(seconds: float) -> str:
    """Return a duration in the largest unit that it reaches, such as `2.0 h`."""
    scale, unit = next(((scale, unit) for scale, unit in _UNITS if seconds >= scale), _UNITS[-1])
    return f"{seconds / scale:.1f} {unit}"


def format_count(count: int, noun: str) -> str:
    """Return a count with its noun, such as `1 report` and `2,000 reports`; the plural is regular."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_quantile(seconds: float | None, *, is_reached: bool | None) -> str:
    """Return a quantile as a duration; "not reached" if `is_reached` is False, "not known" if it is None."""
    if seconds is not None:
        return format_duration(seconds)
    return NOT_REACHED if is_reached is False else NOT_KNOWN


def format_closed_only_median(seconds: float | None, stopped: int) -> str:
    """Return the median of the reports that `stopped`; None: no stops, or beyond the last duration bin."""
    if seconds is not None:
        return format_duration(seconds)
    return f"over {format_duration(EDGES[-1] / SECOND)}" if stopped else NONE_STOPPED


def format_percent(share: float | None) -> str:
    """Return a share in whole per cent; "not known" for None."""
    return NOT_KNOWN if share is None else f"{share:.0%}"


def format_share(interval: Mapping[str, float | None]) -> str:
    """Return a share with its interval in per cent; "not known" for None."""
    value, low, high = (interval[name] for name in ("share", "low", "high"))
    if value is None:
        return NOT_KNOWN
    return f"{value:.1%}" if low is None or high is None else f"{value:.1%} ({low:.1%} to {high:.1%})"

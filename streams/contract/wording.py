"""How figures are worded for people: durations, shares, and the caveat that stands beside the first of them."""

from collections.abc import Mapping
from typing import Final

CAVEAT: Final = (
    "Figures are what platforms declare, checked for plausibility; a report that was never published cannot be seen."
)
NOT_REACHED: Final = "not reached"
NOT_MEASURABLE: Final = "not measurable"
NOT_KNOWN: Final = "not known"

_SCALES: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def duration(seconds: float | None) -> str:
    """Return a duration in the unit that suits it; "not reached" for None."""
    if seconds is None:
        return NOT_REACHED
    scale, unit = next(((scale, unit) for scale, unit in _SCALES if seconds >= scale), _SCALES[-1])
    return f"{seconds / scale:.1f} {unit}"


def share(interval: Mapping[str, float | None]) -> str:
    """Return a share with its interval in per cent; "not known" for None."""
    value, low, high = (interval[name] for name in ("share", "low", "high"))
    if value is None:
        return NOT_KNOWN
    return f"{value:.1%}" if low is None or high is None else f"{value:.1%} ({low:.1%} to {high:.1%})"

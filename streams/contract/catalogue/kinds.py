"""What the metrics of a board have in common, and with how many clocks their budgets reckon."""

from typing import Final

from streams.contract.metric import PLATFORM, Kind, Label, Metric, Process

CLOCKS_RECKONED: Final = 18
"""With how many clocks budgets reckon: the three standard ones and a pack of fifteen. More cost more."""


def count(name: str, text: str, *labels: Label, budget: int = 1) -> Metric:
    """Return a product counter by platform, "as it happened", that starts at zero."""
    return Metric(
        f"safeclock_{name}_total", Kind.COUNTER, text, Process.BOARD, (PLATFORM, *labels), budget=budget, zeros=True
    )


def gauge(name: str, text: str, *labels: Label, budget: int = 1, zeros: bool = False) -> Metric:
    """Return a product gauge, "as corrected"."""
    return Metric(f"safeclock_{name}", Kind.GAUGE, text, Process.BOARD, labels, budget=budget, zeros=zeros)

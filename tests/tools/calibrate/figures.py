"""Count what trials come to, and give every figure its 95 % Monte-Carlo interval."""

from math import sqrt
from typing import Final

from streams.domain.survival import wilson
from tests.tools.calibrate.rule_trial import Outcomes

_Z: Final = 1.959963984540054


class Figure:
    """The share of the trials in which something holds, or the mean of a number; trials without it do not count."""

    def __init__(self) -> None:
        """Begin without trials."""
        self.trials = 0
        self.total = 0.0
        self.squares = 0.0
        self.is_share = True

    def add(self, value: float) -> None:
        """Add the value of one trial; a truth value makes a share."""
        self.is_share = self.is_share and isinstance(value, bool)
        self.trials += 1
        self.total += value
        self.squares += value * value

    def merge(self, other: "Figure") -> None:
        """Add the trials of another figure."""
        self.is_share = self.is_share and other.is_share
        self.trials += other.trials
        self.total += other.total
        self.squares += other.squares

    @property
    def value(self) -> float:
        """The share or the mean; there must be a trial."""
        return self.total / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """The limits of the 95 % interval: Wilson's (1927) of a share, the normal one of a mean."""
        if self.is_share:
            _, low, high = wilson(self.total, self.trials)
            assert low is not None, "a figure has trials"
            assert high is not None, "a figure has trials"
            return low, high
        variance = max(self.squares / self.trials - self.value**2, 0.0)
        half = _Z * sqrt(variance / self.trials)
        return self.value - half, self.value + half

    def text(self) -> str:
        """Return the figure with its interval: a share in percent, a mean in its own unit; "-" without trials."""
        if not self.trials:
            return "-"
        scale = 100 if self.is_share else 1
        value, low, high = (_short(scale * number) for number in (self.value, *self.interval))
        return f"{value} ({low} to {high})"


Figures = dict[str, Figure]


def add_outcomes(figures: Figures, outcomes: Outcomes) -> None:
    """Add one trial to the figures of a row."""
    for name, value in outcomes.items():
        figure = figures.setdefault(name, Figure())
        if value is not None:
            figure.add(value)


def merge_figures(figures: Figures, others: Figures) -> None:
    """Add the trials of other figures of the same row."""
    for name, other in others.items():
        figures.setdefault(name, Figure()).merge(other)


def _short(number: float) -> str:
    """Return a number with one decimal; two below 1."""
    text = f"{number:.1f}" if abs(number) >= 1 else f"{number:.2f}"
    return text.removeprefix("-") if float(text) == 0 else text

"""Recording rules: what alerts and dashboards share, computed once."""

from typing import Final, NamedTuple

from dashboards.promql import select

REACHED: Final = "safeclock_deadline_reached_total"
MISSED: Final = "safeclock_deadline_missed_total"
CORRECTED: Final = "safeclock_deadline_corrected_total"


class Recording(NamedTuple):
    """A recording rule: the series `record` is computed by `expr`."""

    record: str
    expr: str


class Window(NamedTuple):
    """A burn-rate window: `long` shows that it matters, `short` that it still goes on; misses burn at `factor`."""

    factor: float
    long: str
    short: str


OBJECTIVE: Final = 0.9
"""Share of reports that should be answered within the clock's limit. A yardstick of ours, no law."""

SLOW: Final = Window(factor=3, long="3d", short="6h")
"""Human-scale window: three times the misses that the objective allows, over three days and still in six hours."""

THRESHOLD: Final = round(SLOW.factor * (1 - OBJECTIVE), 6)
"""Share of missed deadlines above which a platform is slow; below 1, else it could never be passed."""

_HANDOVER: Final = "5m"
"""Within this time a board that is left alone has read what another one had shown."""

_LEVEL: Final = "platform_clock"
_CORRECTED: Final = f"{_LEVEL}_counted:{CORRECTED.removesuffix('_total')}:max"


def counted(name: str) -> str:
    """Return the name of the recorded series of a counter of deadlines."""
    return f"{_LEVEL}:{name.removesuffix('_total')}:max"


def growth(name: str, window: str) -> str:
    """Return the name of the recorded increase of a counter of deadlines over `window`."""
    return f"{_LEVEL}:{name.removesuffix('_total')}:increase{window}"


def ratio(window: str) -> str:
    """Return the name of the recorded share of missed among reached deadlines over `window`."""
    return f"{_LEVEL}:safeclock_deadline_missed_per_reached:ratio_increase{window}"


def _deduplicated() -> tuple[Recording, ...]:
    # One value whichever board is scraped, before any increase: a board that restarts under another name would
    # otherwise begin a series of its own.
    return (
        Recording(counted(REACHED), f"max by (platform, clock) ({_lately(REACHED)})"),
        Recording(counted(MISSED), f"max by (platform, clock) ({_lately(MISSED)})"),
        Recording(_CORRECTED, f"max by (platform, clock, counted) ({_lately(CORRECTED)})"),
    )


def _lately(name: str) -> str:
    # What a board said that is gone stands until the other one, scraped a moment earlier, has come as far: a value
    # that falls is a reset to `increase`, and everything would be counted once more.
    return f"max_over_time({select(name, timing='live')}[{_HANDOVER}])"


def _over(window: str) -> tuple[Recording, ...]:
    return (
        Recording(growth(REACHED, window), _net("reached", REACHED, window)),
        Recording(growth(MISSED, window), _net("missed", MISSED, window)),
        Recording(ratio(window), f"{growth(MISSED, window)} / ({growth(REACHED, window)} > 0)"),
    )


def _net(word: str, name: str, window: str) -> str:
    """Return the increase of a counter less what was taken back meanwhile, never below zero."""
    back = f'{_CORRECTED}{{counted="{word}"}}'
    grown = f"increase({counted(name)}[{window}])"
    return f"clamp_min({grown} - ignoring (counted) increase({back}[{window}]), 0)"


RECORDINGS: Final = (*_deduplicated(), *_over(SLOW.short), *_over(SLOW.long))

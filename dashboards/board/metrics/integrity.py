"""The metrics of tripwires: what every platform's recent reports look like."""

from dashboards.board.samples import Values
from streams.contract.registry.registry import Registry
from streams.domain.clocks import Clock
from streams.domain.tripwires.days import Days
from streams.domain.tripwires.lens import PROMPT, Lens
from streams.domain.tripwires.seen import Recent
from streams.domain.tripwires.table import ratios

RATIO = "safeclock_tripwire_ratio"
TRIPPED = "safeclock_tripwire_tripped"


def days_of(registry: Registry, clocks: tuple[Clock, ...]) -> Days:
    """Return days that hold the platforms of a registry to their cadences."""

    def lens_of(name: str) -> Lens:
        platform = registry.platform(name)
        return Lens(clocks, PROMPT if platform is None else max(PROMPT, platform.cadence_ms))

    return Days(lens_of)


def tripped(platform: str, recent: Recent) -> Values:
    """Return how far each tripwire is from being tripped, those left out that have too few reports."""
    found = ratios(recent)
    return {
        RATIO: {(platform, name): ratio for name, ratio in found.items()},
        TRIPPED: {(platform, name): float(ratio > 1) for name, ratio in found.items()},
    }

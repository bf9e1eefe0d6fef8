"""Computes the metrics of the integrity checks."""

from dashboards.board.samples import Samples
from streams.contract.registry.classifiers import classifiers
from streams.contract.registry.registry import Registry
from streams.domain.clocks.definition import Clock
from streams.domain.integrity.checks import ratios
from streams.domain.integrity.counts import CheckInput
from streams.domain.integrity.window import DailyCounts

CHECK_RATIO = "safeclock_integrity_check_ratio"
CHECK_FAILED = "safeclock_integrity_check_failed"


def daily_counts(registry: Registry, clocks: tuple[Clock, ...]) -> DailyCounts:
    """Return empty daily counts whose classifiers know the cadences of a registry's platforms."""
    return DailyCounts(classifiers(registry, clocks))


def integrity_samples(platform: str, check_input: CheckInput) -> Samples:
    """Return the ratio of each check to its threshold; checks with too few reports are left out."""
    ratio_by_check = ratios(check_input)
    return {
        CHECK_RATIO: {(platform, name): ratio for name, ratio in ratio_by_check.items()},
        CHECK_FAILED: {(platform, name): float(ratio > 1) for name, ratio in ratio_by_check.items()},
    }

"""A small part of what `python -m tests.tools.integrity_rates` measures."""

import pytest

from streams.domain.integrity.checks import CHECK_NAMES, ratios
from tests.tools.integrity_rates.gaming_platforms import GAMING_STRATEGIES
from tests.tools.integrity_rates.simulated_platforms import honest_platform, window_counts

SHORT = 7
"""Weeks of history: the window and a little more than half of what it is compared with."""


def test_every_integrity_check_has_its_gamer() -> None:
    assert set(GAMING_STRATEGIES) == set(CHECK_NAMES)


@pytest.mark.parametrize("trick", GAMING_STRATEGIES)
def test_a_gamer_is_caught_by_the_integrity_check_named_for_the_trick_and_by_no_other(trick: str) -> None:
    platform = honest_platform(seed=10_003, per_day=90, weeks=SHORT)

    found = ratios(window_counts(platform, GAMING_STRATEGIES[trick]))

    assert {name for name, ratio in found.items() if ratio > 1} == {trick}


def test_the_platform_that_learns_these_tricks_trips_nothing_before() -> None:
    found = ratios(window_counts(honest_platform(seed=10_003, per_day=90, weeks=SHORT)))

    assert set(found) == set(CHECK_NAMES)
    assert max(found.values()) < 1


@pytest.mark.parametrize("seed", range(20_000, 20_008))
def test_honest_platforms_of_all_kinds_trip_nothing(seed: int) -> None:
    found = ratios(window_counts(honest_platform(seed, weeks=SHORT)))

    assert [name for name, ratio in found.items() if ratio > 1] == []

"""One simulated history, shared by the tests that only look at it."""

from typing import Any

import pytest

from producers.simulation.ground_truth import ground_truth
from producers.simulation.model.config import SimulationConfig
from producers.simulation.published_events import PublishedEvent
from producers.simulation.traffic import simulate_history


@pytest.fixture(scope="session")
def plan() -> SimulationConfig:
    return SimulationConfig(seed=7, weeks=13, reports=12_000)


@pytest.fixture(scope="session")
def history(plan: SimulationConfig) -> list[PublishedEvent]:
    return list(simulate_history(plan))


@pytest.fixture(scope="session", name="ground_truth")
def _ground_truth(plan: SimulationConfig) -> dict[str, Any]:
    return ground_truth(plan)

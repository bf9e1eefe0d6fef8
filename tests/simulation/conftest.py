"""One simulated history, shared by the tests that only look at it."""

from typing import Any

import pytest

from producers.simulation.ground_truth import truth
from producers.simulation.model.config import Plan
from producers.simulation.published_events import Told
from producers.simulation.traffic import simulate


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(seed=7, weeks=13, reports=12_000)


@pytest.fixture(scope="session")
def history(plan: Plan) -> list[Told]:
    return list(simulate(plan))


@pytest.fixture(scope="session")
def key(plan: Plan) -> dict[str, Any]:
    return truth(plan)

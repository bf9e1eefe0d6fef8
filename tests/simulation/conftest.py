"""One simulated history, shared by the tests that only look at it."""

from typing import Any

import pytest

from producers.simulation.plan import Plan
from producers.simulation.told import Told
from producers.simulation.traffic import simulate
from producers.simulation.truth import truth


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(seed=7, weeks=13, reports=12_000)


@pytest.fixture(scope="session")
def history(plan: Plan) -> list[Told]:
    return list(simulate(plan))


@pytest.fixture(scope="session")
def key(plan: Plan) -> dict[str, Any]:
    return truth(plan)

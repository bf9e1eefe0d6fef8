"""One report's life is possible: in order, closed by one decision with its item, and undone where it was a mistake."""

from collections.abc import Iterator

import pytest

from producers.simulation.model.arrivals import TimeSlice, simulate_arrivals
from producers.simulation.model.config import DEFAULT_START_MS, SimulationConfig
from producers.simulation.model.platform_models import PLATFORM_MODELS
from producers.simulation.model.report_model import SimulatedReport
from producers.simulation.model.steps import MergeStep, RetractStep, is_final_restriction
from streams.contract.events.schema.action_data import AppealFiled, Merged, Paused, Resumed
from streams.contract.events.schema.event_data import ReportFiled
from streams.domain.duration_bins import DAY

PLAN = SimulationConfig(seed=5, weeks=4, reports=24_000)


def simulated_reports() -> Iterator[SimulatedReport]:
    for profile in PLATFORM_MODELS:
        for day in range(20):
            yield from simulate_arrivals(
                PLAN, profile, TimeSlice(DEFAULT_START_MS + day * DAY, DEFAULT_START_MS + (day + 1) * DAY)
            )


@pytest.fixture(scope="module", name="everybody")
def all_reports() -> list[SimulatedReport]:
    return list(simulated_reports())


def test_a_life_begins_with_its_filing_and_nothing_happens_before(everybody: list[SimulatedReport]) -> None:
    assert all(isinstance(life.steps[0].data, ReportFiled) for life in everybody)
    assert all(step.occurred_at >= life.filed_at for life in everybody for step in life.steps)


def test_an_action_is_a_decision_and_a_decision_follows_an_ending(everybody: list[SimulatedReport]) -> None:
    for life in everybody:
        if life.acted_at is not None:
            assert life.decided_at is not None
            assert life.decided_at <= life.acted_at
        if life.decided_at is not None:
            assert life.ended_at is not None
            assert life.ended_at <= life.decided_at


def test_the_first_final_restriction_is_the_action(everybody: list[SimulatedReport]) -> None:
    for life in everybody:
        restricted = [step.occurred_at for step in life.steps if is_final_restriction(step.data)]
        assert life.acted_at == min(restricted, default=None)


def test_a_pause_ends_before_the_report_does(everybody: list[SimulatedReport]) -> None:
    paused = [life for life in everybody if any(isinstance(step.data, Paused) for step in life.steps)]

    assert paused
    for life in paused:
        resumed = next(step.occurred_at for step in life.steps if isinstance(step.data, Resumed))
        assert life.ended_at is not None
        assert resumed < life.ended_at


def test_reports_merged_with_another_share_its_ending(everybody: list[SimulatedReport]) -> None:
    numbered: dict[str, list[SimulatedReport]] = {}
    for life in everybody:
        numbered.setdefault(life.number, []).append(life)
    merged = [
        (life, step.data.merged_into) for life in everybody for step in life.steps if isinstance(step.data, MergeStep)
    ]

    assert len(merged) > 50
    for life, into in merged:
        targets = [target for target in numbered[into] if target.label == life.label]
        assert any(target.ended_at == life.ended_at or not target.is_genuine for target in targets)


def test_nobody_reports_what_is_gone(everybody: list[SimulatedReport]) -> None:
    for life in everybody:
        if any(isinstance(step.data, MergeStep) for step in life.steps) and life.acted_at is not None:
            assert life.filed_at < life.acted_at


def test_a_report_filed_by_mistake_is_taken_back_and_counts_for_nothing(everybody: list[SimulatedReport]) -> None:
    mistakes = [life for life in everybody if not life.is_genuine]

    assert 0 < len(mistakes) < 0.005 * len(everybody)
    assert all(
        [step.data for step in life.steps][1:] == [RetractStep(0, life.steps[1].data.reason)]
        for life in mistakes
        if isinstance(life.steps[1].data, RetractStep)
    )
    assert all(life.ended_at is None for life in mistakes)


def test_a_retraction_names_an_earlier_step(everybody: list[SimulatedReport]) -> None:
    retractions = [
        (life.steps[step.data.step_index], step)
        for life in everybody
        for step in life.steps
        if isinstance(step.data, RetractStep)
    ]

    assert retractions
    assert all(
        target.occurred_at <= step.occurred_at and not isinstance(target.data, RetractStep | Merged)
        for target, step in retractions
    )


def test_some_decisions_are_appealed(everybody: list[SimulatedReport]) -> None:
    appealed = sum(isinstance(step.data, AppealFiled) for life in everybody for step in life.steps)

    assert 0.003 < appealed / len(everybody) < 0.03


def test_a_report_on_an_item_in_twenty_is_one_of_several(everybody: list[SimulatedReport]) -> None:
    # A second report on the same item has the same label and ends in the same millisecond.
    together: dict[tuple[object, int], int] = {}
    for life in everybody:
        if life.ended_at is not None:
            together[life.label, life.ended_at] = together.get((life.label, life.ended_at), 0) + 1

    clustered = sum(size for size in together.values() if size > 1)

    assert 0.04 < clustered / sum(together.values()) < 0.25
    assert max(together.values()) > 10

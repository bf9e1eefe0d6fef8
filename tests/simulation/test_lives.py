"""One report's life is possible: in order, closed by one decision with its item, and undone where it was a mistake."""

from collections.abc import Iterator

import pytest

from producers.simulation.model.arrivals import Span, filed
from producers.simulation.model.config import START_MS, Plan
from producers.simulation.model.platform_models import PROFILES
from producers.simulation.model.report_model import Life
from producers.simulation.model.steps import Merge, Retract, is_final
from streams.contract.events.schema.action_data import AppealFiled, Merged, Paused, Resumed
from streams.contract.events.schema.event_data import ReportFiled
from streams.domain.grid import DAY

PLAN = Plan(seed=5, weeks=4, reports=24_000)


def lives() -> Iterator[Life]:
    for profile in PROFILES:
        for day in range(20):
            yield from filed(PLAN, profile, Span(START_MS + day * DAY, START_MS + (day + 1) * DAY))


@pytest.fixture(scope="module", name="everybody")
def every_life() -> list[Life]:
    return list(lives())


def test_a_life_begins_with_its_filing_and_nothing_happens_before(everybody: list[Life]) -> None:
    assert all(isinstance(life.steps[0].what, ReportFiled) for life in everybody)
    assert all(step.at >= life.at for life in everybody for step in life.steps)


def test_an_action_is_a_decision_and_a_decision_follows_an_ending(everybody: list[Life]) -> None:
    for life in everybody:
        if life.acted_at is not None:
            assert life.decided_at is not None
            assert life.decided_at <= life.acted_at
        if life.decided_at is not None:
            assert life.ended_at is not None
            assert life.ended_at <= life.decided_at


def test_the_first_final_restriction_is_the_action(everybody: list[Life]) -> None:
    for life in everybody:
        restricted = [step.at for step in life.steps if is_final(step.what)]
        assert life.acted_at == min(restricted, default=None)


def test_a_pause_ends_before_the_report_does(everybody: list[Life]) -> None:
    paused = [life for life in everybody if any(isinstance(step.what, Paused) for step in life.steps)]

    assert paused
    for life in paused:
        resumed = next(step.at for step in life.steps if isinstance(step.what, Resumed))
        assert life.ended_at is not None
        assert resumed < life.ended_at


def test_reports_merged_with_another_share_its_ending(everybody: list[Life]) -> None:
    numbered: dict[str, list[Life]] = {}
    for life in everybody:
        numbered.setdefault(life.number, []).append(life)
    merged = [(life, step.what.into) for life in everybody for step in life.steps if isinstance(step.what, Merge)]

    assert len(merged) > 50
    for life, into in merged:
        targets = [target for target in numbered[into] if target.label == life.label]
        assert any(target.ended_at == life.ended_at or not target.real for target in targets)


def test_nobody_reports_what_is_gone(everybody: list[Life]) -> None:
    for life in everybody:
        if any(isinstance(step.what, Merge) for step in life.steps) and life.acted_at is not None:
            assert life.at < life.acted_at


def test_a_report_filed_by_mistake_is_taken_back_and_counts_for_nothing(everybody: list[Life]) -> None:
    mistakes = [life for life in everybody if not life.real]

    assert 0 < len(mistakes) < 0.005 * len(everybody)
    assert all(
        [step.what for step in life.steps][1:] == [Retract(0, life.steps[1].what.reason)]
        for life in mistakes
        if isinstance(life.steps[1].what, Retract)
    )
    assert all(life.ended_at is None for life in mistakes)


def test_a_retraction_names_an_earlier_step(everybody: list[Life]) -> None:
    retractions = [
        (life.steps[step.what.step], step)
        for life in everybody
        for step in life.steps
        if isinstance(step.what, Retract)
    ]

    assert retractions
    assert all(target.at <= step.at and not isinstance(target.what, Retract | Merged) for target, step in retractions)


def test_some_decisions_are_appealed(everybody: list[Life]) -> None:
    appealed = sum(isinstance(step.what, AppealFiled) for life in everybody for step in life.steps)

    assert 0.003 < appealed / len(everybody) < 0.03


def test_a_report_on_an_item_in_twenty_is_one_of_several(everybody: list[Life]) -> None:
    # A second report on the same item has the same label and ends in the same millisecond.
    together: dict[tuple[object, int], int] = {}
    for life in everybody:
        if life.ended_at is not None:
            together[life.label, life.ended_at] = together.get((life.label, life.ended_at), 0) + 1

    clustered = sum(size for size in together.values() if size > 1)

    assert 0.04 < clustered / sum(together.values()) < 0.25
    assert max(together.values()) > 10

"""Simulates one report: everything that happens to it, published or not.

The instants at which clocks stop are kept beside the steps, so that the ground truth comes from the model and never
from a ledger.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from producers.simulation.model.label_mix import LabelMixEntry, QueueKind
from producers.simulation.model.outcome_model import SimulatedOutcome, follow_up_steps
from producers.simulation.model.platform_models import ResponseModel
from producers.simulation.model.seeded_random import SeededRandom
from producers.simulation.model.steps import (
    ACKNOWLEDGED,
    INTERIM_RESTRICTION,
    PAUSED,
    REJECTED,
    RESUMED,
    REVIEW_STARTED,
    MergeStep,
    RetractStep,
    Step,
    is_final_restriction,
)
from streams.contract.events.schema.event_data import ReportAmended
from streams.domain.duration_bins import HOUR, MINUTE, SECOND
from streams.domain.vocabulary import AmendReason, RetractReason, Severity

# The shares and medians of intermediate steps are ours: no platform publishes them.
_NOTICE_ACKNOWLEDGED_SHARE: Final = 0.95
_REVIEWED_SHARE: Final = 0.10
_PAUSED_SHARE: Final = 0.05
_INTERIM_RESTRICTION_SHARE: Final = 0.04
_AMENDED_SHARE: Final = 0.02
_MISTAKEN_REJECTION_SHARE: Final = 0.003
_MISTAKEN_FILING_SHARE: Final = 0.002
_SEVERAL_ITEMS_SHARE: Final = 0.03
_MANUAL_REVIEW_FROM_MS: Final = 30 * MINUTE


class IncomingReport(NamedTuple):
    """A report that arrives; `merged_into` is the number of the report on the same item with which it is merged."""

    number: str
    filed_at: int
    label: LabelMixEntry
    merged_into: str = ""


class SimulatedReport(NamedTuple):
    """One report with all its steps.

    `number` is unique within the platform. `ended_at` is the first true ending, `decided_at` the first decision,
    `acted_at` the first final restriction (epoch milliseconds, None for never). `is_genuine` is false for a report that
    was filed by mistake and retracted.
    """

    number: str
    label: LabelMixEntry
    filed_at: int
    steps: tuple[Step, ...]
    ended_at: int | None = None
    decided_at: int | None = None
    acted_at: int | None = None
    is_genuine: bool = True


def simulate_report(
    rng: SeededRandom, responses: ResponseModel, incoming: IncomingReport, outcome: SimulatedOutcome | None
) -> SimulatedReport:
    """Return the steps of the report `incoming` that ends with `outcome`."""
    number, at, label, _ = incoming
    filed = Step(at, label.report_data)
    if rng.draw_bool(_SEVERAL_ITEMS_SHARE):
        filed = Step(at, replace(label.report_data, items=2 + rng.draw_count(1.0)))
    if rng.draw_bool(_MISTAKEN_FILING_SHARE):
        retraction = Step(at + int(rng.draw_log_normal(HOUR, 1.0)), RetractStep(0, RetractReason.DUPLICATE))
        return SimulatedReport(number, label, at, (filed, retraction), is_genuine=False)
    steps = [filed, *_intermediate_steps(rng, responses, incoming, outcome)]
    if outcome is None:
        return SimulatedReport(number, label, at, tuple(steps))
    if rng.draw_bool(_MISTAKEN_REJECTION_SHARE):
        steps += _mistaken_rejection(at, outcome.ended_at, len(steps))
    later = follow_up_steps(rng, outcome)
    steps.append(Step(outcome.ended_at, outcome.action))
    steps += later
    if outcome.is_restricted:
        return SimulatedReport(number, label, at, tuple(steps), outcome.ended_at, outcome.ended_at, outcome.ended_at)
    acted_later = next((step.occurred_at for step in later if is_final_restriction(step.data)), None)
    return SimulatedReport(
        number,
        label,
        at,
        tuple(steps),
        outcome.ended_at,
        outcome.ended_at if outcome.is_decided else acted_later,
        acted_later,
    )


def _intermediate_steps(
    rng: SeededRandom, responses: ResponseModel, incoming: IncomingReport, outcome: SimulatedOutcome | None
) -> list[Step]:
    """Return the steps between the filing and the ending, in no particular order."""
    at, queue = incoming.filed_at, incoming.label.queue
    steps: list[Step] = []
    is_notice = queue is QueueKind.NOTICE or queue is QueueKind.FLAGGER
    if is_notice and rng.draw_bool(_NOTICE_ACKNOWLEDGED_SHARE):
        steps.append(Step(at + int(rng.draw_log_normal(45 * SECOND, 1.0)), ACKNOWLEDGED))
    elif not is_notice and responses.acknowledged_share and rng.draw_bool(responses.acknowledged_share):
        steps.append(Step(at + int(rng.draw_log_normal(4 * SECOND, 0.5)), ACKNOWLEDGED))
    if incoming.merged_into:
        steps.append(Step(at + int(rng.draw_log_normal(20 * SECOND, 0.5)), MergeStep(incoming.merged_into)))
    if rng.draw_bool(_AMENDED_SHARE):
        severity = Severity.HIGH if incoming.label.report_data.severity is Severity.CRITICAL else Severity.CRITICAL
        amended = ReportAmended(severity=severity, reason=AmendReason.TRIAGE)
        steps.append(Step(at + int(rng.draw_log_normal(5 * MINUTE, 1.0)), amended))
    if outcome is None:
        return steps
    if outcome.ended_at - at > _MANUAL_REVIEW_FROM_MS:
        steps += _review_steps(rng, at, outcome, is_notice=is_notice)
    return [step for step in steps if step.occurred_at < outcome.ended_at]


def _review_steps(rng: SeededRandom, filed_at: int, outcome: SimulatedOutcome, *, is_notice: bool) -> list[Step]:
    """Return the steps of a report that waits for manual review."""
    duration = outcome.ended_at - filed_at
    steps: list[Step] = []
    if rng.draw_bool(_REVIEWED_SHARE):
        steps.append(Step(filed_at + duration * 8 // 10, REVIEW_STARTED))
    if is_notice and rng.draw_bool(_PAUSED_SHARE):
        steps += [Step(filed_at + duration * 2 // 10, PAUSED), Step(filed_at + duration * 6 // 10, RESUMED)]
    if outcome.is_restricted and rng.draw_bool(_INTERIM_RESTRICTION_SHARE):
        steps.append(Step(filed_at + duration // 20, INTERIM_RESTRICTION))
    return steps


def _mistaken_rejection(filed_at: int, ended_at: int, step_index: int) -> list[Step]:
    """Return a mistaken rejection, which is the step `step_index`, and its retraction before the true ending."""
    third = (ended_at - filed_at) // 3
    return [Step(filed_at + third, REJECTED), Step(filed_at + 2 * third, RetractStep(step_index, RetractReason.ERROR))]

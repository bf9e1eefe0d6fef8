"""Simulates how a report ends and after how long; this part of the model is calibrated."""

from typing import Final, NamedTuple

from producers.simulation.model.label_mix import LabelMixEntry
from producers.simulation.model.platform_models import ResponseModel
from producers.simulation.model.seasonality import hour_of_week, slowdown_by_hour
from producers.simulation.model.seeded_random import SeededRandom
from producers.simulation.model.steps import (
    APPEALED_BY_REPORTER,
    APPEALED_BY_SUBJECT,
    AUTO_REJECTED,
    ESCALATED,
    EXPIRED,
    FAST_RESTRICTIONS,
    OTHER_ENDINGS,
    REJECTED,
    REOPENED,
    SLOW_RESTRICTIONS,
    UNRESTRICTED_DECISIONS,
    Step,
    is_final_restriction,
)
from streams.contract.events.schema.action_data import (
    ActionTaken,
    AppealFiled,
    AppealRejected,
    AppealUpheld,
    NoViolation,
    Reversed,
)
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND
from streams.domain.vocabulary import Reversal

EXPIRES_AFTER_MS: Final = 10 * DAY
"""How long after its filing an undecided report expires, if it expires; the value is ours."""

_AUTO_REJECT_MS: Final = 20 * SECOND


class SimulatedOutcome(NamedTuple):
    """How a report ends: at `ended_at`, epoch milliseconds, with `action`."""

    ended_at: int
    action: ActionTaken

    @property
    def is_restricted(self) -> bool:
        """Whether the item is removed afterwards, so that nobody can report it again."""
        return is_final_restriction(self.action)

    @property
    def is_decided(self) -> bool:
        """Whether the outcome is a decision, including that the item is already restricted or unavailable."""
        return self.is_restricted or isinstance(self.action, UNRESTRICTED_DECISIONS)


def draw_outcome(
    rng: SeededRandom, responses: ResponseModel, label: LabelMixEntry, filed_at: int, week_factor: float
) -> SimulatedOutcome | None:
    """Return how a report filed at `filed_at` ends, None if it is never answered.

    `week_factor` multiplies all durations of the platform in that week.
    """
    if not rng.draw_bool(responses.answered_share):
        return None
    mixture = responses.durations[label.queue]
    is_fast = rng.draw_bool(mixture.fast_share)
    duration = label.duration_factor * week_factor
    if is_fast:
        duration *= rng.draw_log_normal(mixture.fast_ms, mixture.fast_sigma)
    else:
        duration *= (
            rng.draw_log_normal(mixture.slow_ms, mixture.slow_sigma) * slowdown_by_hour()[hour_of_week(filed_at)]
        )
    if duration > responses.max_duration_ms:
        return None
    if rng.draw_bool(responses.restricted_share):
        return SimulatedOutcome(
            filed_at + _round_duration(duration), rng.pick(FAST_RESTRICTIONS if is_fast else SLOW_RESTRICTIONS)
        )
    return _draw_unrestricted(rng, responses, filed_at, duration)


def _draw_unrestricted(rng: SeededRandom, responses: ResponseModel, filed_at: int, duration: float) -> SimulatedOutcome:
    if responses.auto_rejected_share and rng.draw_bool(responses.auto_rejected_share):
        return SimulatedOutcome(filed_at + _round_duration(rng.draw_log_normal(_AUTO_REJECT_MS, 0.6)), AUTO_REJECTED)
    ending = rng.pick(OTHER_ENDINGS)
    if ending is EXPIRED:
        return SimulatedOutcome(filed_at + EXPIRES_AFTER_MS, EXPIRED)
    return SimulatedOutcome(filed_at + _round_duration(duration), ending)


def _round_duration(duration: float) -> int:
    return max(SECOND, int(duration))


_ESCALATED_SHARE: Final = 0.02
_SUBJECT_APPEAL_SHARE: Final = 0.015
_REPORTER_APPEAL_SHARE: Final = 0.02
_REOPENED_SHARE: Final = 0.007
_UPHELD_SHARE: Final = 0.3
_FOLLOW_UP_SHARE: Final = max(_ESCALATED_SHARE + _SUBJECT_APPEAL_SHARE, _REPORTER_APPEAL_SHARE + _REOPENED_SHARE)


def follow_up_steps(rng: SeededRandom, outcome: SimulatedOutcome) -> list[Step]:
    """Return the steps after a report has ended, in order; the list is nearly always empty."""
    draw = rng.uniform()
    if draw >= _FOLLOW_UP_SHARE:
        return []
    if outcome.is_restricted:
        if draw < _ESCALATED_SHARE:
            return [Step(outcome.ended_at + MINUTE, ESCALATED)]
        if draw < _ESCALATED_SHARE + _SUBJECT_APPEAL_SHARE:
            return _appeal_steps(rng, outcome.ended_at, APPEALED_BY_SUBJECT, Reversal.RESTRICTION)
    elif isinstance(outcome.action, NoViolation):
        if draw < _REPORTER_APPEAL_SHARE:
            return _appeal_steps(rng, outcome.ended_at, APPEALED_BY_REPORTER, Reversal.NO_VIOLATION)
        if draw < _REPORTER_APPEAL_SHARE + _REOPENED_SHARE:
            return _reopening_steps(rng, outcome.ended_at)
    return []


def _appeal_steps(rng: SeededRandom, ended_at: int, appeal: AppealFiled, reversal: Reversal) -> list[Step]:
    filed = ended_at + int(rng.draw_log_normal(DAY, 1.0))
    decided = filed + int(rng.draw_log_normal(3 * DAY, 0.8))
    if not rng.draw_bool(_UPHELD_SHARE):
        return [Step(filed, appeal), Step(decided, AppealRejected())]
    steps = [Step(filed, appeal), Step(decided, AppealUpheld()), Step(decided, Reversed(of=reversal))]
    if reversal is Reversal.NO_VIOLATION:
        steps.append(Step(decided + MINUTE, rng.pick(SLOW_RESTRICTIONS)))
    return steps


def _reopening_steps(rng: SeededRandom, ended_at: int) -> list[Step]:
    reopened = ended_at + int(rng.draw_log_normal(12 * HOUR, 1.0))
    ended = reopened + int(rng.draw_log_normal(4 * HOUR, 1.0))
    ending = rng.pick(SLOW_RESTRICTIONS) if rng.draw_bool(0.5) else REJECTED
    return [Step(reopened, REOPENED), Step(ended, ending)]

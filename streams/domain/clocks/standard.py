"""The three standard clocks.

They are Safeclock's own definitions and not a law. Their limit of 24 hours is Safeclock's own yardstick, and has not
been reviewed as a legal duty.
"""

from typing import Final

from streams.domain.clocks.definition import FINAL_RESTRICTION_ACTIONS, PARTIAL_RESTRICTION_ACTIONS, AfterReopen, Clock
from streams.domain.duration_bins import HOUR
from streams.domain.events import ActionKind
from streams.domain.vocabulary import Outcome


def _actions_of(*outcomes: Outcome) -> frozenset[ActionKind]:
    return frozenset(ActionKind(outcome) for outcome in outcomes)


_OTHER_DECISIONS: Final = _actions_of(Outcome.NO_VIOLATION, Outcome.ALREADY_RESTRICTED, Outcome.UNAVAILABLE)
_ENDINGS_WITHOUT_DECISION: Final = _actions_of(
    Outcome.OUT_OF_SCOPE, Outcome.INVALIDATED, Outcome.WITHDRAWN, Outcome.EXPIRED
)
_ACKNOWLEDGING_ACTIONS: Final = _actions_of(
    Outcome.ACKNOWLEDGED, Outcome.REVIEW_STARTED, Outcome.VALIDATED, Outcome.ESCALATED
)

STANDARD_PACK: Final = "standard@1"

STANDARD_CLOCKS: Final = (
    Clock(
        id="time_to_acknowledge",
        version="1",
        stops=_ACKNOWLEDGING_ACTIONS | PARTIAL_RESTRICTION_ACTIONS | FINAL_RESTRICTION_ACTIONS | _OTHER_DECISIONS,
        competes=_ENDINGS_WITHOUT_DECISION,
        limit=24 * HOUR,
    ),
    Clock(
        id="time_to_decision",
        version="1",
        stops=FINAL_RESTRICTION_ACTIONS | _OTHER_DECISIONS,
        competes=_ENDINGS_WITHOUT_DECISION,
        limit=24 * HOUR,
    ),
    Clock(
        id="time_to_action",
        version="1",
        stops=FINAL_RESTRICTION_ACTIONS,
        competes=_OTHER_DECISIONS | _ENDINGS_WITHOUT_DECISION,
        after_reopen=AfterReopen.RESTART,
        limit=24 * HOUR,
    ),
)
"""The clocks that always exist. Pages show decision and action side by side."""

"""The standard clocks.

Nothing here is a law. The three clocks are Safeclock's own definitions; their limit of 24 hours is a yardstick that
nobody has reviewed as a legal duty.
"""

from typing import Final

from streams.domain.clocks.definition import FINAL_RESTRICTIONS, PARTIAL_RESTRICTIONS, AfterReopen, Clock
from streams.domain.duration_bins import HOUR
from streams.domain.events import Deed
from streams.domain.vocabulary import Outcome


def _plain(*outcomes: Outcome) -> frozenset[Deed]:
    return frozenset(Deed(outcome) for outcome in outcomes)


_DECIDED_OTHERWISE: Final = _plain(Outcome.NO_VIOLATION, Outcome.ALREADY_RESTRICTED, Outcome.UNAVAILABLE)
_UNDECIDED: Final = _plain(Outcome.OUT_OF_SCOPE, Outcome.INVALIDATED, Outcome.WITHDRAWN, Outcome.EXPIRED)
_SEEN: Final = _plain(Outcome.ACKNOWLEDGED, Outcome.REVIEW_STARTED, Outcome.VALIDATED, Outcome.ESCALATED)

STANDARD_PACK: Final = "standard@1"

STANDARD: Final = (
    Clock(
        id="time_to_acknowledge",
        version="1",
        stops=_SEEN | PARTIAL_RESTRICTIONS | FINAL_RESTRICTIONS | _DECIDED_OTHERWISE,
        competes=_UNDECIDED,
        limit=24 * HOUR,
    ),
    Clock(
        id="time_to_decision",
        version="1",
        stops=FINAL_RESTRICTIONS | _DECIDED_OTHERWISE,
        competes=_UNDECIDED,
        limit=24 * HOUR,
    ),
    Clock(
        id="time_to_action",
        version="1",
        stops=FINAL_RESTRICTIONS,
        competes=_DECIDED_OTHERWISE | _UNDECIDED,
        after_reopen=AfterReopen.RESTART,
        limit=24 * HOUR,
    ),
)
"""The clocks that exist from the first day. Decision and action are always shown side by side."""

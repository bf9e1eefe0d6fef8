"""How many events are kept of a report, and which: docs/definitions.md §1.

What is kept follows from the set of a report's events, retractions among them: the first in a fixed order. The order
in which they arrive cannot matter.
"""

from typing import Final

from streams.domain.clocks.report_state import ACKNOWLEDGING, ENDINGS
from streams.domain.events import AMENDMENT, DEEDS, FIRST_DEED, Deed
from streams.domain.reports.row import Entry
from streams.domain.vocabulary import Outcome

MAX_ENTRIES: Final = 1_152
"""How many events are kept of a report: a thousand decisions on single items, and all that a long case has beside them."""

_DECISIVE, _OTHER, _REPEATED = range(3)
"""What is kept first, second, last."""


def within_limit(entries: list[Entry]) -> tuple[list[Entry], Entry | None]:
    """Return the entries that are kept and, where they are one too many, the one that is not."""
    if len(entries) <= MAX_ENTRIES:
        return entries, None
    excess = max(entries, key=lambda entry: (_importance(entry), entry))
    return [entry for entry in entries if entry is not excess], excess


def is_repeat(entry: Entry) -> bool:
    """Return whether an event is an acknowledgement: it changes nothing when there are very many before it."""
    return _importance(entry) == _REPEATED


def _importance(entry: Entry) -> int:
    if entry.code < FIRST_DEED:
        return _OTHER if entry.code == AMENDMENT else _DECISIVE
    deed = DEEDS[entry.code - FIRST_DEED]
    if deed.outcome in ACKNOWLEDGING:
        return _REPEATED
    return _DECISIVE if _decides(deed) and not entry.number else _OTHER


def _decides(deed: Deed) -> bool:
    return deed.final or deed.outcome in ENDINGS or deed.outcome in {Outcome.REOPENED, Outcome.REVERSED}

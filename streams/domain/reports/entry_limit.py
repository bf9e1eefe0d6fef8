"""Limit how many events a report keeps: docs/definitions.md §1, Many events.

The kept events are the first in a fixed order of the set of events, retractions included. The order of arrival does not
matter.
"""

from typing import Final

from streams.domain.clocks.state_machine import ACKNOWLEDGING_OUTCOMES, CLOSING_OUTCOMES
from streams.domain.events import ACTION_KINDS, AMENDMENT_CODE, FIRST_ACTION_CODE, ActionKind
from streams.domain.reports.report_row import Entry
from streams.domain.vocabulary import Outcome

MAX_ENTRIES: Final = 1_152
"""How many events a report keeps: decisions on a thousand single items, and the other events of a long case."""

_KEPT_FIRST, _KEPT_SECOND, _KEPT_LAST = range(3)
"""The three classes in which events are kept."""


def limit_entries(entries: list[Entry]) -> tuple[list[Entry], Entry | None]:
    """Return the entries that are kept, and the one that is not; at most one entry may be over the limit."""
    if len(entries) <= MAX_ENTRIES:
        return entries, None
    excess = max(entries, key=lambda entry: (_retention_class(entry), entry))
    return [entry for entry in entries if entry is not excess], excess


def is_acknowledgement(entry: Entry) -> bool:
    """Return whether an event is an acknowledgement, which is folded where a report does not keep it."""
    return _retention_class(entry) == _KEPT_LAST


def _retention_class(entry: Entry) -> int:
    if entry.code < FIRST_ACTION_CODE:
        return _KEPT_SECOND if entry.code == AMENDMENT_CODE else _KEPT_FIRST
    action = ACTION_KINDS[entry.code - FIRST_ACTION_CODE]
    if action.outcome in ACKNOWLEDGING_OUTCOMES:
        return _KEPT_LAST
    return _KEPT_FIRST if _changes_state(action) and not entry.number else _KEPT_SECOND


def _changes_state(action: ActionKind) -> bool:
    return (
        action.is_final or action.outcome in CLOSING_OUTCOMES or action.outcome in {Outcome.REOPENED, Outcome.REVERSED}
    )

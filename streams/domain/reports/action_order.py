"""Order the actions of a report: docs/definitions.md §2.

Many tools record whole seconds, so several actions of a report can have the same instant. Their order follows from
their content, and never from ids or tokens, which differ between two reports with equal histories.
"""

from collections.abc import Iterable
from itertools import groupby, pairwise
from operator import attrgetter

from streams.domain.clocks.state_machine import ReportStateMachine
from streams.domain.events import ACTION_KINDS, FIRST_ACTION_CODE
from streams.domain.reports.report_row import Entry


def order_actions(actions: list[Entry]) -> list[Entry]:
    """Return the actions of a report in the order in which they count; `actions` must be sorted by `row.rank_of`."""
    if all(first.at < second.at for first, second in pairwise(actions)):
        return actions
    state_machine, ordered = ReportStateMachine(), list[Entry]()
    for _, simultaneous in groupby(actions, attrgetter("at")):
        ordered += _order_one_instant(state_machine, simultaneous)
    return ordered


def _order_one_instant(state_machine: ReportStateMachine, actions: Iterable[Entry]) -> list[Entry]:
    """Order actions step by step: next is the first action that has an effect, or the first if none has one.

    The actions must be sorted by code. Every action in the result has been applied to `state_machine`.
    """
    remaining = {code: list(equal)[::-1] for code, equal in groupby(actions, attrgetter("code"))}
    ordered = []
    while remaining:
        code = next(
            (code for code in remaining if state_machine.has_effect(ACTION_KINDS[code - FIRST_ACTION_CODE])),
            next(iter(remaining)),
        )
        state_machine.apply(ACTION_KINDS[code - FIRST_ACTION_CODE])
        ordered.append(remaining[code].pop())
        if not remaining[code]:
            del remaining[code]
    return ordered

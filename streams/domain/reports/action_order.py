"""The order of the actions of one instant: docs/definitions.md §2.

Tools often stamp whole seconds, so several actions on a report can bear the same instant. Their order must follow from
what they say, and from nothing that differs between two equal stories, such as ids and report tokens.
"""

from collections.abc import Iterable
from itertools import groupby, pairwise
from operator import attrgetter

from streams.domain.clocks.report_state import ReportStateMachine
from streams.domain.events import ACTION_KINDS, FIRST_ACTION_CODE
from streams.domain.reports.row import Entry


def order_actions(actions: list[Entry]) -> list[Entry]:
    """Return the actions of a report in the order in which they count; `actions` are sorted by `report.RANK`."""
    if all(first.at < second.at for first, second in pairwise(actions)):
        return actions
    state_machine, ordered = ReportStateMachine(), list[Entry]()
    for _, of_one_instant in groupby(actions, attrgetter("at")):
        ordered += _order_one_instant(state_machine, of_one_instant)
    return ordered


def _order_one_instant(state_machine: ReportStateMachine, actions: Iterable[Entry]) -> list[Entry]:
    """Take again and again the first action that has an effect, or the first when none has one."""
    waiting = {code: list(equal)[::-1] for code, equal in groupby(actions, attrgetter("code"))}
    ordered = []
    while waiting:
        code = next(
            (code for code in waiting if state_machine.has_effect(ACTION_KINDS[code - FIRST_ACTION_CODE])),
            next(iter(waiting)),
        )
        state_machine.apply(ACTION_KINDS[code - FIRST_ACTION_CODE])
        ordered.append(waiting[code].pop())
        if not waiting[code]:
            del waiting[code]
    return ordered

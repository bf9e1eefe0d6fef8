"""Which of a report's events stand, and in which order its actions count: docs/definitions.md §1 and §2."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.domain.duration_bins import MINUTE
from streams.domain.events import FIRST_ACTION_CODE, RETRACTION_CODE, TEST_FILING_CODE
from streams.domain.reports.action_order import order_actions
from streams.domain.reports.row import HISTORY_OFFSET_MS, Entry, has_downgrade, rank_of

MAX_CLOCK_SKEW: Final = 2 * MINUTE
"""How far before its filing an action may lie: clocks of servers differ. It then counts as done at once."""


class ResolvedReport(NamedTuple):
    """What stands of a row.

    `deeds` are the standing actions in order, none before the filing. The numbers count entries that do not stand
    (`conflicts`, `bad_times`) or that stand with a remark; `softened` tells whether a standing amendment made the
    report look less grave than its filing does.
    """

    filing: Entry | None
    actions: list[Entry]
    is_orphan: bool
    conflicts: int
    bad_times: int
    skewed: int
    is_downgraded: bool = False


def resolve(entries: Iterable[Entry]) -> ResolvedReport:
    """Return what stands of a report's entries."""
    ranked = _rank_history_last(sorted(entries, key=rank_of))
    winners = _first_per_id(ranked)
    effective = _without_retracted(ranked, winners)
    filings = [entry for entry in effective if entry.code <= TEST_FILING_CODE]
    actions = [entry for entry in effective if entry.code >= FIRST_ACTION_CODE]
    conflicts = len(ranked) - len(winners)
    if not filings:
        return ResolvedReport(None, actions, bool(effective), conflicts, 0, 0)
    filing = filings[0]
    timely = [entry for entry in actions if entry.at >= filing.at - MAX_CLOCK_SKEW]
    return ResolvedReport(
        filing=filing,
        actions=[entry if entry.at >= filing.at else entry._replace(at=filing.at) for entry in order_actions(timely)],
        is_orphan=False,
        conflicts=conflicts + len(filings) - 1,
        bad_times=len(actions) - len(timely),
        skewed=sum(entry.at < filing.at for entry in timely),
        is_downgraded=has_downgrade(effective, filing.encoded_labels),
    )


def _rank_history_last(ranked: list[Entry]) -> list[Entry]:
    """Return entries by rank, filings of history last where there is a live filing: that one stands."""
    if len({entry.delay < HISTORY_OFFSET_MS for entry in ranked if entry.code <= TEST_FILING_CODE}) < len(
        (True, False)
    ):
        return ranked
    return sorted(ranked, key=lambda entry: entry.delay >= HISTORY_OFFSET_MS)


def _first_per_id(ranked: Iterable[Entry]) -> dict[int, Entry]:
    """Return the standing entry of each id: the first by rank."""
    winners: dict[int, Entry] = {}
    for entry in ranked:
        winners.setdefault(entry.id, entry)
    return winners


def _without_retracted(ranked: Iterable[Entry], first_per_id: dict[int, Entry]) -> list[Entry]:
    """Return the standing entries that no retraction takes back.

    Of retractions with one id and one instant all count: only ids could tell which of them is the first.
    """
    retracted = {
        entry.number for entry in ranked if entry.code == RETRACTION_CODE and entry[:2] == first_per_id[entry.id][:2]
    }
    return [entry for entry in first_per_id.values() if entry.code != RETRACTION_CODE and entry.id not in retracted]

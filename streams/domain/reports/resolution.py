"""Find the effective events of a report, and the order of its actions: docs/definitions.md §1 and §2."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.domain.duration_bins import MINUTE
from streams.domain.events import FIRST_ACTION_CODE, RETRACTION_CODE, TEST_FILING_CODE
from streams.domain.reports.action_order import order_actions
from streams.domain.reports.report_row import HISTORY_OFFSET_MS, Entry, has_downgrade, rank_of

MAX_CLOCK_SKEW: Final = 2 * MINUTE
"""How long before its filing an action may occur, since servers' clocks differ; it counts as if at the filing."""


class ResolvedReport(NamedTuple):
    """The effective events of a report.

    `actions` are the effective actions in order, none before the filing. `conflicts` and `bad_times` count entries that
    are not effective, `skewed` counts effective ones. `is_downgraded`: an effective amendment is laxer than the filing.
    """

    filing: Entry | None
    actions: list[Entry]
    is_orphan: bool
    conflicts: int
    bad_times: int
    skewed: int
    is_downgraded: bool = False


def resolve(entries: Iterable[Entry]) -> ResolvedReport:
    """Return the effective events among a report's entries."""
    ranked = _rank_history_last(sorted(entries, key=rank_of))
    first_per_id = _first_per_id(ranked)
    effective = _without_retracted(ranked, first_per_id)
    filings = [entry for entry in effective if entry.code <= TEST_FILING_CODE]
    actions = [entry for entry in effective if entry.code >= FIRST_ACTION_CODE]
    conflicts = len(ranked) - len(first_per_id)
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
    """Return entries by rank, but filings of history last if there is a live filing, which is effective before them."""
    if len({entry.log_delay < HISTORY_OFFSET_MS for entry in ranked if entry.code <= TEST_FILING_CODE}) < len(
        (True, False)
    ):
        return ranked
    return sorted(ranked, key=lambda entry: entry.log_delay >= HISTORY_OFFSET_MS)


def _first_per_id(ranked: Iterable[Entry]) -> dict[int, Entry]:
    """Return the first entry of each id, by rank: of entries in conflict, this one is effective."""
    first: dict[int, Entry] = {}
    for entry in ranked:
        first.setdefault(entry.id, entry)
    return first


def _without_retracted(ranked: Iterable[Entry], first_per_id: dict[int, Entry]) -> list[Entry]:
    """Return the entries that no effective retraction names; retractions themselves are left out.

    If several retractions share one id and one instant, all of them count: only ids could decide between them.
    """
    retracted = {
        entry.number for entry in ranked if entry.code == RETRACTION_CODE and entry[:2] == first_per_id[entry.id][:2]
    }
    return [entry for entry in first_per_id.values() if entry.code != RETRACTION_CODE and entry.id not in retracted]

"""Which of a report's events stand, and in which order its actions count: docs/definitions.md §1 and §2."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.domain.duration_bins import MINUTE
from streams.domain.events import FIRST_DEED, RETRACTION, TEST_FILING
from streams.domain.reports.action_order import in_order
from streams.domain.reports.row import HISTORY, RANK, Entry, softened

SKEW: Final = 2 * MINUTE
"""How far before its filing an action may lie: clocks of servers differ. It then counts as done at once."""


class Reading(NamedTuple):
    """What stands of a row.

    `deeds` are the standing actions in order, none before the filing. The numbers count entries that do not stand
    (`conflicts`, `bad_times`) or that stand with a remark; `softened` tells whether a standing amendment made the
    report look less grave than its filing does.
    """

    filing: Entry | None
    deeds: list[Entry]
    waiting: bool
    conflicts: int
    bad_times: int
    skewed: int
    softened: bool = False


def read(entries: Iterable[Entry]) -> Reading:
    """Return what stands of a report's entries."""
    ranked = _live_first(sorted(entries, key=RANK))
    winners = _winners(ranked)
    standing = _unretracted(ranked, winners)
    filings = [entry for entry in standing if entry.code <= TEST_FILING]
    deeds = [entry for entry in standing if entry.code >= FIRST_DEED]
    conflicts = len(ranked) - len(winners)
    if not filings:
        return Reading(None, deeds, bool(standing), conflicts, 0, 0)
    filing = filings[0]
    timely = [entry for entry in deeds if entry.at >= filing.at - SKEW]
    return Reading(
        filing=filing,
        deeds=[entry if entry.at >= filing.at else entry._replace(at=filing.at) for entry in in_order(timely)],
        waiting=False,
        conflicts=conflicts + len(filings) - 1,
        bad_times=len(deeds) - len(timely),
        skewed=sum(entry.at < filing.at for entry in timely),
        softened=softened(standing, filing.labels),
    )


def _live_first(ranked: list[Entry]) -> list[Entry]:
    """Return entries by rank, filings of history last where there is a live filing: that one stands."""
    if len({entry.delay < HISTORY for entry in ranked if entry.code <= TEST_FILING}) < len((True, False)):
        return ranked
    return sorted(ranked, key=lambda entry: entry.delay >= HISTORY)


def _winners(ranked: Iterable[Entry]) -> dict[int, Entry]:
    """Return the standing entry of each id: the first by rank."""
    winners: dict[int, Entry] = {}
    for entry in ranked:
        winners.setdefault(entry.id, entry)
    return winners


def _unretracted(ranked: Iterable[Entry], winners: dict[int, Entry]) -> list[Entry]:
    """Return the standing entries that no retraction takes back.

    Of retractions with one id and one instant all count: only ids could tell which of them is the first.
    """
    retracted = {entry.number for entry in ranked if entry.code == RETRACTION and entry[:2] == winners[entry.id][:2]}
    return [entry for entry in winners.values() if entry.code != RETRACTION and entry.id not in retracted]

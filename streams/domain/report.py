"""A report's row: the set of its events, and which of them stand.

A row is its entries in canonical order, and how many seconds the platform was allowed to tell a filing late when the
row began (a later registry must not change what was counted). Everything else about the report is read from the
entries, so the order in which they came cannot matter.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.domain.clocks import DEEDS
from streams.domain.events import Action, Amendment, Event, Filing, Retraction
from streams.domain.grid import MINUTE
from streams.domain.softening import relabelling, softens

FILING: Final = 0
TEST_FILING: Final = 1
AMENDMENT: Final = 2
RETRACTION: Final = 3
FIRST_DEED: Final = 4
"""Codes of entries; from FIRST_DEED on, the place of the deed in `clocks.DEEDS`."""

SKEW: Final = 2 * MINUTE
"""How far before its filing an action may lie: clocks of servers differ. It then counts as done at once."""

CAP: Final = 64
"""How many entries a report may hold, so that a row stays small whatever a publisher sends."""

CODES: Final = {deed: FIRST_DEED + place for place, deed in enumerate(DEEDS)}
"""The code of every deed."""


class Entry(NamedTuple):
    """One event of a report, in canonical order by its first fields.

    `number` is the items of a filing or an action, the id that a retraction takes back, or what an amendment says of
    harm and severity (`softening.relabelling`). `delay` is how long after `at` we were told; `labels` are a filing's.
    """

    at: int
    content: int
    id: int
    code: int
    number: int = 0
    delay: int = 0
    labels: str = ""

    @property
    def told(self) -> int:
        """When we were told, in epoch milliseconds."""
        return self.at + self.delay


class Row(NamedTuple):
    """What is stored of a report.

    `rests` is written for a report to which nothing happens any more until it is forgotten: the day on which we were
    told of its last entry, before which its memory cannot begin, so that whoever restores it need not read the entries.
    0 for every other, for which it says nothing.
    """

    allowance: int
    entries: list[Entry]
    rests: int = 0


def entry_of(event: Event) -> Entry:
    """Return the entry that keeps `event`.

    Raises TypeError for a heartbeat, which is no part of any report.
    """
    number, labels = 0, ""
    if isinstance(event, Action):
        code, number = CODES[event.deed], event.items
    elif isinstance(event, Filing):
        code, number, labels = TEST_FILING if event.test else FILING, event.items, event.attributes
    elif isinstance(event, Amendment):
        code, number = AMENDMENT, relabelling(event.harm, event.severity)
    elif isinstance(event, Retraction):
        code, number = RETRACTION, event.retracts
    else:
        raise TypeError("expected an event of a report, got a heartbeat")
    # What Entry(…) does, at a third of its cost: this is called for every event.
    return tuple.__new__(Entry, (event.at, event.content, event.id, code, number, event.told - event.at, labels))


def insert(entries: list[Entry], entry: Entry) -> list[Entry] | None:
    """Return `entries` with `entry` in its place, or None when an equal event is there already.

    An equal event that was told earlier replaces the later copy, since `told` is the earliest of them.
    """
    place = bisect_left(entries, entry[:4])
    if place < len(entries) and entries[place][:4] == entry[:4]:
        if entry.delay >= entries[place].delay:
            return None
        return [*entries[:place], entry, *entries[place + 1 :]]
    return [*entries[:place], entry, *entries[place:]]


def is_plain(entries: list[Entry]) -> bool:
    """Return whether entries with the codes of a filing and actions have an id each, and every action decides it all."""
    if len(entries) == 1:
        return True
    whole = entries[0].number == 1 or not any(entry.number for entry in entries[1:])
    return whole and len({entry.id for entry in entries}) == len(entries)


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


def softened(entries: Iterable[Entry], labels: str) -> bool:
    """Return whether one of these entries is an amendment that makes a report with these labels look less grave."""
    return any(entry.code == AMENDMENT and softens(labels, entry.number) for entry in entries)


def _winners(entries: Iterable[Entry]) -> dict[int, Entry]:
    """Return the standing entry of each id: the first in canonical order."""
    winners: dict[int, Entry] = {}
    for entry in entries:
        winners.setdefault(entry.id, entry)
    return winners


def _unretracted(winners: dict[int, Entry]) -> list[Entry]:
    retracted = {entry.number for entry in winners.values() if entry.code == RETRACTION}
    return [entry for entry in winners.values() if entry.code != RETRACTION and entry.id not in retracted]


def read(entries: list[Entry]) -> Reading:
    """Return what stands of a report's entries, by the rules of docs/ledger.md §1."""
    winners = _winners(entries)
    standing = _unretracted(winners)
    filings = [entry for entry in standing if entry.code <= TEST_FILING]
    deeds = [entry for entry in standing if entry.code >= FIRST_DEED]
    conflicts = len(entries) - len(winners)
    if not filings:
        return Reading(None, deeds, bool(standing), conflicts, 0, 0)
    filing = filings[0]
    timely = [entry for entry in deeds if entry.at >= filing.at - SKEW]
    return Reading(
        filing=filing,
        deeds=[entry if entry.at >= filing.at else entry._replace(at=filing.at) for entry in timely],
        waiting=False,
        conflicts=conflicts + len(filings) - 1,
        bad_times=len(deeds) - len(timely),
        skewed=sum(entry.at < filing.at for entry in timely),
        softened=softened(standing, filing.labels),
    )

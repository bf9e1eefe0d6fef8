"""A report's row: the set of its events.

A row is its entries in canonical order, and how many seconds the platform was allowed to tell a filing late when the
row began (a later registry must not change what was counted). Everything else about the report is read from the
entries, so the order in which they came cannot matter.
"""

from bisect import bisect_left
from collections.abc import Iterable
from operator import itemgetter
from typing import Final, NamedTuple

from streams.domain.events import (
    ACTION_CODES,
    AMENDMENT_CODE,
    FILING_CODE,
    RETRACTION_CODE,
    TEST_FILING_CODE,
    Action,
    Amendment,
    Event,
    Filing,
    Retraction,
)
from streams.domain.labels import encode_amendment, is_downgrade

MAX_SIMPLE_ENTRIES: Final = 64
"""How many entries a plain report may hold: every sequence of plain entries is compiled once and remembered."""

HISTORY_OFFSET_MS: Final = 1 << 50
"""What is added to the delay, in milliseconds, of a filing of audited history: it was told after every limit."""


class Entry(NamedTuple):
    """One event of a report. Entries are kept in the order of their first six fields.

    `number` is the items of a filing or an action, the id that a retraction takes back, or what an amendment says of
    harm and severity (`softening.relabelling`). `labels` are a filing's. `delay` is how long after `at` we were told,
    and `HISTORY` more for a filing of audited history.
    """

    at: int
    code: int
    number: int
    encoded_labels: str
    content: int
    id: int
    delay: int = 0

    @property
    def logged_at(self) -> int:
        """When we were told, in epoch milliseconds; of history, when its platform recorded it."""
        delay = self.delay  # `recorded_delay` is not called: this is asked of most events
        return self.at + (delay if delay < HISTORY_OFFSET_MS else delay - HISTORY_OFFSET_MS)


def without_history_offset(log_delay: int) -> int:
    """Return an entry's delay without the mark of history."""
    return log_delay if log_delay < HISTORY_OFFSET_MS else log_delay - HISTORY_OFFSET_MS


rank_of: Final = itemgetter(0, 1, 2, 3, 6)
"""What decides between events of a report: nothing in it depends on an id or a token, except of a retraction."""


class ReportRow(NamedTuple):
    """What is stored of a report.

    `rests` is written for a report to which nothing happens any more until it is forgotten: the day on which we were
    told of its last entry, before which its memory cannot begin, so that whoever restores it need not read the entries.
    0 for every other, for which it says nothing.
    """

    allowance_s: int
    entries: list[Entry]
    closed_on_day: int = 0


class UnpackedReport:
    """A report whose row is unpacked; the quick way through a ledger knows more of the reports that go it.

    `allowance` and `entries` are those of its row. `is_open` tells that it is known to be open, so that it had better
    stay unpacked, `is_final` that it is known to have ended with all its clocks: it is only to be forgotten.
    """

    __slots__ = ("allowance_s", "entries", "is_final", "is_open")

    def __init__(self, allowance: int, entries: list[Entry]) -> None:
        self.allowance_s = allowance
        self.entries = entries
        self.is_open = self.is_final = False

    @property
    def row(self) -> ReportRow:
        """What is stored of it."""
        return ReportRow(self.allowance_s, self.entries)


def entry_from_event(event: Event) -> Entry:
    """Return the entry that keeps `event`.

    Raises TypeError for a heartbeat, which is no part of any report.
    """
    number, labels, delay = 0, "", event.logged_at - event.at
    if isinstance(event, Action):
        code, number = ACTION_CODES[event.kind_number], event.items
    elif isinstance(event, Filing):
        code, number, labels = TEST_FILING_CODE if event.is_test else FILING_CODE, event.items, event.encoded_labels
        delay += HISTORY_OFFSET_MS * event.is_history
    elif isinstance(event, Amendment):
        code, number = AMENDMENT_CODE, encode_amendment(event.harm, event.severity)
    elif isinstance(event, Retraction):
        code, number = RETRACTION_CODE, event.retracted_id
    else:
        raise TypeError("expected an event of a report, got a heartbeat")
    # What Entry(…) does, at a third of its cost: this is called for every event.
    return tuple.__new__(Entry, (event.at, code, number, labels, event.content, event.id, delay))


def insert_entry(entries: list[Entry], entry: Entry) -> list[Entry] | None:
    """Return `entries` with `entry` in its place, or None when an equal event is there already.

    An equal event that was told earlier replaces the later copy, since `told` is the earliest of them.
    """
    place = bisect_left(entries, entry[:6])
    if place < len(entries) and entries[place][:6] == entry[:6]:
        if entry.delay >= entries[place].delay:
            return None
        return [*entries[:place], entry, *entries[place + 1 :]]
    return [*entries[:place], entry, *entries[place:]]


def is_simple(entries: list[Entry]) -> bool:
    """Return whether entries with the codes of a filing and actions are those of a plain report.

    That is: few, with an id each, each later than the one before, and every action decides all items.
    """
    count = len(entries)
    if count == 1:
        return True
    return (
        count <= MAX_SIMPLE_ENTRIES
        and (entries[0].number == 1 or not any(entry.number for entry in entries[1:]))
        and len({entry.id for entry in entries}) == count
        and len({entry.at for entry in entries}) == count  # they are in order
    )


def has_downgrade(entries: Iterable[Entry], labels: str) -> bool:
    """Return whether one of these entries is an amendment that makes a report with these labels look less grave."""
    return any(entry.code == AMENDMENT_CODE and is_downgrade(labels, entry.number) for entry in entries)

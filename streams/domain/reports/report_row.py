"""A report's row: the set of its events, in canonical order.

Everything else about a report follows from its entries, so the order of arrival does not matter. The row also stores
the allowance for late filings, as it was when the row was created: a later registry must not change what was counted.
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
"""How many entries a simple report may have; the timeline of every sequence of their codes is cached."""

HISTORY_OFFSET_MS: Final = 1 << 50
"""Added to the delay, in milliseconds, of a filing of history, so that every limit has passed before it is logged."""


class Entry(NamedTuple):
    """One event of a report. A row keeps entries in the order of their first six fields.

    `at`: when the event occurred, epoch ms. `code`: what the event is (`events`). `number`: the items of a filing or an
    action, the digest of the id that a retraction names, or an amendment's labels (`labels.encode_amendment`).
    `encoded_labels`: those of a filing. `content` and `id`: digests. `log_delay`: from `at` to logged-at in milliseconds,
    plus HISTORY_OFFSET_MS for a filing of history.
    """

    at: int
    code: int
    number: int
    encoded_labels: str
    content: int
    id: int
    log_delay: int = 0

    @property
    def logged_at(self) -> int:
        """When the event was logged, in epoch milliseconds; for history, when the platform recorded it."""
        delay = self.log_delay  # `without_history_offset` is not called, to save time for most events
        return self.at + (delay if delay < HISTORY_OFFSET_MS else delay - HISTORY_OFFSET_MS)


def without_history_offset(log_delay: int) -> int:
    """Return an entry's delay in milliseconds, without the offset of history."""
    return log_delay if log_delay < HISTORY_OFFSET_MS else log_delay - HISTORY_OFFSET_MS


rank_of: Final = itemgetter(0, 1, 2, 3, 6)
"""The rank of an entry: docs/definitions.md §1. Only a retraction's rank contains an id: the one that it names."""


class ReportRow(NamedTuple):
    """The stored form of a report.

    `closed_on_day` is 0 unless the report and all its clocks have ended. Then it is the day (since 1970) on which the
    last entry was logged, so that a restored report can be scheduled for its eviction without reading its entries.
    """

    allowance_s: int
    entries: list[Entry]
    closed_on_day: int = 0


class UnpackedReport:
    """A report whose row is unpacked.

    `allowance_s` and `entries` are those of its row. `is_open`: the report is known to be open, so it stays in the
    cache. `is_final`: the report and all its clocks are known to have ended, so only its eviction is due.
    """

    __slots__ = ("allowance_s", "entries", "is_final", "is_open")

    def __init__(self, allowance_s: int, entries: list[Entry]) -> None:
        self.allowance_s = allowance_s
        self.entries = entries
        self.is_open = self.is_final = False

    @property
    def row(self) -> ReportRow:
        """The stored form of the report."""
        return ReportRow(self.allowance_s, self.entries)


def entry_from_event(event: Event) -> Entry:
    """Return the entry for `event`.

    Raises TypeError for a heartbeat, which belongs to no report.
    """
    number, labels, delay = 0, "", event.logged_at - event.at
    if isinstance(event, Action):
        code, number = ACTION_CODES[event.kind], event.items
    elif isinstance(event, Filing):
        code, number, labels = TEST_FILING_CODE if event.is_test else FILING_CODE, event.items, event.encoded_labels
        delay += HISTORY_OFFSET_MS * event.is_history
    elif isinstance(event, Amendment):
        code, number = AMENDMENT_CODE, encode_amendment(event.harm, event.severity)
    elif isinstance(event, Retraction):
        code, number = RETRACTION_CODE, event.retracted_id
    else:
        raise TypeError("expected an event of a report, got a heartbeat")
    # `tuple.__new__` costs a third of `Entry(…)`, and every event needs it.
    return tuple.__new__(Entry, (event.at, code, number, labels, event.content, event.id, delay))


def insert_entry(entries: list[Entry], entry: Entry) -> list[Entry] | None:
    """Return `entries` with `entry` inserted, or None if they contain an equal event that was logged no later.

    A copy that was logged earlier replaces the later copy: of equal copies, the earliest logged-at counts.
    """
    place = bisect_left(entries, entry[:6])
    if place < len(entries) and entries[place][:6] == entry[:6]:
        if entry.log_delay >= entries[place].log_delay:
            return None
        return [*entries[:place], entry, *entries[place + 1 :]]
    return [*entries[:place], entry, *entries[place:]]


def is_simple(entries: list[Entry]) -> bool:
    """Return whether the entries of a filing, actions and amendments are those of a simple report.

    A report is simple if its entries are few, have distinct ids and instants, and every action decides all items.
    """
    count = len(entries)
    if count == 1:
        return True
    return (
        count <= MAX_SIMPLE_ENTRIES
        and (entries[0].number == 1 or not any(entry.number for entry in entries[1:]))
        and len({entry.id for entry in entries}) == count
        and len({entry.at for entry in entries}) == count  # entries are sorted, so each is later than the one before
    )


def has_downgrade(entries: Iterable[Entry], labels: str) -> bool:
    """Return whether one of these entries is an amendment that is laxer than `labels` (encoded)."""
    return any(entry.code == AMENDMENT_CODE and is_downgrade(labels, entry.number) for entry in entries)

"""The shelf: every remembered report of a partition, packed, and the open ones at hand.

Closed reports are remembered for months, so they are kept as the bytes that are stored. Open ones are those to which
something happens next; some of them stay unpacked.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from streams.domain.duration_bins import DAY
from streams.domain.ledger.config import RowCodec
from streams.domain.ledger.platform_state import Desk
from streams.domain.reports.row import Row, UnpackedReport

REPORTS_AT_HAND: Final = 4_096
"""How many open reports are kept unpacked, some 1,000 bytes each."""

MAX_UNPACKED_ENTRIES: Final = 500_000
"""How many entries changed reports may hold before they are packed, some 200 bytes each: a report may hold many."""

Kept = dict[bytes, bytes | UnpackedReport]
"""Reports by key, packed or at hand."""


def platform_of(key: bytes) -> str:
    """Return the platform of a report's or a cohort's key, or of a platform's name."""
    return key.partition(b"|")[0].decode()


class Shelf:
    """Reports by key; `find` gives them packed or unpacked, `report` unpacked; `put` keeps one that is not here yet.

    `from_row` makes a report at hand of a row.
    """

    __slots__ = (
        *("_at_hand", "_changed", "_codec", "_faults", "_prepared", "_reports"),
        *("_unpacked", "find", "keep", "from_row"),
    )

    def __init__(
        self, codec: RowCodec, from_row: Callable[[Desk, Row], UnpackedReport], faults: dict[str, Exception]
    ) -> None:
        self._codec = codec
        self.from_row = from_row
        self._faults = faults
        # Of a dict the first of many keys that went is found by passing all of them.
        self._at_hand: OrderedDict[bytes, None] = OrderedDict()
        self._changed: dict[bytes, object] = {}
        self._prepared: dict[bytes, bytes | None] = {}
        self._unpacked = 0
        self.adopt({})

    def __len__(self) -> int:
        return len(self._reports)

    def report(self, desk: Desk, found: bytes | UnpackedReport) -> UnpackedReport:
        """Return what was found as a report at hand."""
        return found if isinstance(found, UnpackedReport) else self.from_row(desk, self.row(found))

    def row(self, stored: bytes) -> Row:
        """Return the row of a packed report."""
        return self._codec.unpack_row(stored)

    def put(self, key: bytes, report: UnpackedReport) -> None:
        """Keep a report that changed."""
        self._reports[key] = report
        self._changed[key] = None
        self._unpacked += len(report.entries)

    @property
    def is_crowded(self) -> bool:
        """Whether so many entries changed that their reports had better be packed (`prepare`)."""
        return self._unpacked > MAX_UNPACKED_ENTRIES

    def note(self, changed: Mapping[bytes, UnpackedReport]) -> None:
        """Take note of kept reports that changed."""
        self._changed.update(changed)

    def drop(self, key: bytes) -> None:
        """Let go of a report."""
        del self._reports[key]
        self._changed[key] = None

    def adopt(self, reports: Kept) -> None:
        """Keep these reports and no others: those that were stored, which is no change."""
        self._reports = reports
        self.find = reports.get
        self.keep = reports.__setitem__

    def stored(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield every packed report: its key, its `rests`, and what is stored."""
        rests = self._codec.closed_on_day
        for key, found in self._reports.items():
            if isinstance(found, bytes):
                yield key, rests(found), found

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call, None for one that is gone."""
        self.prepare()
        changes, self._prepared = self._prepared, {}
        return changes

    def prepare(self) -> None:
        """Pack the rows that changed, and what is closed for good."""
        changes, reports, pack = self._prepared, self._reports, self._codec.pack_row
        for key in self._changed:
            report = reports.get(key)
            if not isinstance(report, UnpackedReport):
                changes[b"r|" + key] = report
                continue
            entries = report.entries
            rests = entries[-1].told // DAY if report.is_final else 0
            try:
                changes[b"r|" + key] = stored = pack(Row(report.allowance, entries, rests))
            except Exception as fault:  # noqa: BLE001 - it concerns the report's platform alone
                self._faults.setdefault(platform_of(key), fault)
                continue
            if report.is_open:
                self._at_hand[key] = None
            else:
                reports[key] = stored
        self._changed.clear()
        self._unpacked = 0
        self._make_room()

    def _make_room(self) -> None:
        """Pack the open reports that have been at hand for longest."""
        while len(self._at_hand) > REPORTS_AT_HAND:
            key, _ = self._at_hand.popitem(last=False)
            report = self._reports.get(key)
            if isinstance(report, UnpackedReport):
                self._reports[key] = self._codec.pack_row(report.row)

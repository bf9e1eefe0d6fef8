"""The shelf: every remembered report of a partition, packed, and the open ones at hand.

Closed reports are remembered for months, so they are kept as the bytes that are stored. Open ones are those to which
something happens next; some of them stay unpacked.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from streams.domain.duration_bins import DAY
from streams.domain.ledger.config import RowCodec
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.reports.row import ReportRow, UnpackedReport

MAX_CACHED_REPORTS: Final = 4_096
"""How many open reports are kept unpacked, some 1,000 bytes each."""

MAX_CHANGED_ENTRIES: Final = 500_000
"""How many entries changed reports may hold before they are packed, some 200 bytes each: a report may hold many."""

Reports = dict[bytes, bytes | UnpackedReport]
"""Reports by key, packed or at hand."""


def platform_of(key: bytes) -> str:
    """Return the platform of a report's or a cohort's key, or of a platform's name."""
    return key.partition(b"|")[0].decode()


class ReportStore:
    """Reports by key; `find` gives them packed or unpacked, `report` unpacked; `put` keeps one that is not here yet.

    `from_row` makes a report at hand of a row.
    """

    __slots__ = (
        *("_cached", "_changed", "_changed_entries", "_codec", "_faults", "_packed_changes", "_reports"),
        *("find", "from_row", "put"),
    )

    def __init__(
        self,
        codec: RowCodec,
        from_row: Callable[[PlatformState, ReportRow], UnpackedReport],
        faults: dict[str, Exception],
    ) -> None:
        self._codec = codec
        self.from_row = from_row
        self._faults = faults
        # Of a dict the first of many keys that went is found by passing all of them.
        self._cached: OrderedDict[bytes, None] = OrderedDict()
        self._changed: dict[bytes, object] = {}
        self._packed_changes: dict[bytes, bytes | None] = {}
        self._changed_entries = 0
        self.replace_all({})

    def __len__(self) -> int:
        return len(self._reports)

    def unpack(self, platform: PlatformState, found: bytes | UnpackedReport) -> UnpackedReport:
        """Return what was found as a report at hand."""
        return found if isinstance(found, UnpackedReport) else self.from_row(platform, self.unpack_row(found))

    def unpack_row(self, stored: bytes) -> ReportRow:
        """Return the row of a packed report."""
        return self._codec.unpack_row(stored)

    def put_changed(self, key: bytes, report: UnpackedReport) -> None:
        """Keep a report that changed."""
        self._reports[key] = report
        self._changed[key] = None
        self._changed_entries += len(report.entries)

    @property
    def is_full(self) -> bool:
        """Whether so many entries changed that their reports had better be packed (`prepare`)."""
        return self._changed_entries > MAX_CHANGED_ENTRIES

    def mark_changed(self, changed: Mapping[bytes, UnpackedReport]) -> None:
        """Take note of kept reports that changed."""
        self._changed.update(changed)

    def delete(self, key: bytes) -> None:
        """Let go of a report."""
        del self._reports[key]
        self._changed[key] = None

    def replace_all(self, reports: Reports) -> None:
        """Keep these reports and no others: those that were stored, which is no change."""
        self._reports = reports
        self.find = reports.get
        self.put = reports.__setitem__

    def packed_reports(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield every packed report: its key, its `rests`, and what is stored."""
        rests = self._codec.closed_on_day
        for key, found in self._reports.items():
            if isinstance(found, bytes):
                yield key, rests(found), found

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call, None for one that is gone."""
        self.pack_changes()
        changes, self._packed_changes = self._packed_changes, {}
        return changes

    def pack_changes(self) -> None:
        """Pack the rows that changed, and what is closed for good."""
        changes, reports, pack = self._packed_changes, self._reports, self._codec.pack_row
        for key in self._changed:
            report = reports.get(key)
            if not isinstance(report, UnpackedReport):
                changes[b"r|" + key] = report
                continue
            entries = report.entries
            rests = entries[-1].logged_at // DAY if report.is_final else 0
            try:
                changes[b"r|" + key] = stored = pack(ReportRow(report.allowance_s, entries, rests))
            except Exception as fault:  # noqa: BLE001 - it concerns the report's platform alone
                self._faults.setdefault(platform_of(key), fault)
                continue
            if report.is_open:
                self._cached[key] = None
            else:
                reports[key] = stored
        self._changed.clear()
        self._changed_entries = 0
        self._shrink_cache()

    def _shrink_cache(self) -> None:
        """Pack the open reports that have been at hand for longest."""
        while len(self._cached) > MAX_CACHED_REPORTS:
            key, _ = self._cached.popitem(last=False)
            report = self._reports.get(key)
            if isinstance(report, UnpackedReport):
                self._reports[key] = self._codec.pack_row(report.row)

"""Hold every retained report of a partition: packed, or unpacked while it is likely to change.

Closed reports are retained for months, so their rows stay packed as they are stored. Open reports are likely to change
again, so a limited number of them is cached unpacked.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from streams.domain.duration_bins import DAY
from streams.domain.ledger.config import RowCodec
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.reports.report_row import ReportRow, UnpackedReport

MAX_CACHED_REPORTS: Final = 4_096
"""How many open reports are cached unpacked, about 1,000 bytes each."""

MAX_CHANGED_ENTRIES: Final = 500_000
"""How many entries changed reports may have together before they are packed, about 200 bytes each."""

Reports = dict[bytes, bytes | UnpackedReport]
"""Reports by key, packed or unpacked."""


def platform_of(key: bytes) -> str:
    """Return the platform of a report's key, a cohort's name or a platform's name, as bytes."""
    return key.partition(b"|")[0].decode()


class ReportStore:
    """Reports by key.

    `find` returns a report packed or unpacked, or None. `put` stores a report without marking it as changed. `from_row`
    creates an unpacked report from a row. `faults` receives the first exception of each platform.
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
        # Popping the oldest key of a plain dict is slow after many deletions; an OrderedDict does it in constant time.
        self._cached: OrderedDict[bytes, None] = OrderedDict()
        self._changed: dict[bytes, object] = {}
        self._packed_changes: dict[bytes, bytes | None] = {}
        self._changed_entries = 0
        self.replace_all({})

    def __len__(self) -> int:
        return len(self._reports)

    def unpack(self, platform: PlatformState, found: bytes | UnpackedReport) -> UnpackedReport:
        """Return what `find` returned as an unpacked report."""
        return found if isinstance(found, UnpackedReport) else self.from_row(platform, self.unpack_row(found))

    def unpack_row(self, stored: bytes) -> ReportRow:
        """Return the row of a packed report."""
        return self._codec.unpack_row(stored)

    def put_changed(self, key: bytes, report: UnpackedReport) -> None:
        """Store a report and mark it as changed."""
        self._reports[key] = report
        self._changed[key] = None
        self._changed_entries += len(report.entries)

    @property
    def is_full(self) -> bool:
        """Whether changed reports hold so many entries that the caller should call `pack_changes`."""
        return self._changed_entries > MAX_CHANGED_ENTRIES

    def mark_changed(self, changed: Mapping[bytes, UnpackedReport]) -> None:
        """Mark stored reports as changed."""
        self._changed.update(changed)

    def delete(self, key: bytes) -> None:
        """Remove a report."""
        del self._reports[key]
        self._changed[key] = None

    def replace_all(self, reports: Reports) -> None:
        """Hold these restored reports and no others; none of them is marked as changed."""
        self._reports = reports
        self.find = reports.get
        self.put = reports.__setitem__

    def packed_reports(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield the key, the `closed_on_day` and the stored row of every packed report."""
        closed_on_day = self._codec.closed_on_day
        for key, found in self._reports.items():
            if isinstance(found, bytes):
                yield key, closed_on_day(found), found

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return and clear the rows that changed since the last call, None for a row that was removed."""
        self.pack_changes()
        changes, self._packed_changes = self._packed_changes, {}
        return changes

    def pack_changes(self) -> None:
        """Pack the changed reports; closed ones stay packed, open ones join the cache."""
        changes, reports, pack = self._packed_changes, self._reports, self._codec.pack_row
        for key in self._changed:
            report = reports.get(key)
            if not isinstance(report, UnpackedReport):
                changes[b"r|" + key] = report
                continue
            entries = report.entries
            closed_on_day = entries[-1].logged_at // DAY if report.is_final else 0
            try:
                changes[b"r|" + key] = stored = pack(ReportRow(report.allowance_s, entries, closed_on_day))
            except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
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
        """Pack the open reports that have been in the cache longest."""
        while len(self._cached) > MAX_CACHED_REPORTS:
            key, _ = self._cached.popitem(last=False)
            report = self._reports.get(key)
            if isinstance(report, UnpackedReport):
                self._reports[key] = self._codec.pack_row(report.row)

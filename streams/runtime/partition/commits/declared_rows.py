"""Record when each declaration of a verdict was first seen: a row that is written once, and then says when.

The log time of the row is when a declaration was made, whatever its file says. A row is first written without an
instant. The commit after it adds the broker's timestamp of that first row, so compaction, a restart, a backup and a
second worker change nothing.
"""

import logging
from collections.abc import Mapping
from typing import Final

from streams.contract.outputs.measures import (
    DECLARATION_PREFIX,
    DeclarationRecord,
    decode_declaration,
    encode_declaration,
)

log = logging.getLogger(__name__)

PARTITION: Final = 0
"""The partition that keeps these rows."""


class DeclaredRows:
    """The rows of a worker's declarations, `declarations`: ids by SHA-256.

    `are_stamped_by_records`: the timestamps of source records are log time (demo and audited history), so the first
    record that is read says when a declaration was seen, and the row says that this is a demo.
    """

    def __init__(self, declarations: Mapping[str, str], *, are_stamped_by_records: bool) -> None:
        self._records = {sha256: DeclarationRecord(name) for sha256, name in declarations.items()}
        self._are_stamped_by_records = are_stamped_by_records
        self._unwritten: set[str] = set()
        self._unconfirmed: set[str] = set()

    def start(self, stored: Mapping[bytes, bytes]) -> None:
        """Keep the instants of stored rows; declarations without one are to be written."""
        for sha256 in self._records:
            row = stored.get(DECLARATION_PREFIX + sha256.encode())
            record = None if row is None else decode_declaration(row)
            if record is not None and record.first_seen:
                self._records[sha256] = record
            else:
                self._unwritten.add(sha256)

    @property
    def needs_record(self) -> bool:
        """Whether the next source record that is read has to be observed."""
        return self._are_stamped_by_records and bool(self._unwritten)

    def observe_record(self, timestamp: int) -> None:
        """Take the timestamp of a source record (epoch ms) as the instant of declarations without one."""
        for sha256 in self._unwritten:
            record = self._records[sha256]
            self._records[sha256] = DeclarationRecord(record.id, record.first_seen or timestamp, is_demo=True)

    @property
    def has_rows(self) -> bool:
        """Whether a commit has to be made for these rows."""
        return any(not self._are_stamped_by_records or self._records[one].first_seen for one in self._unwritten)

    def drain_rows(self) -> dict[bytes, bytes]:
        """Return the rows to commit."""
        if not self.has_rows:
            return {}
        written, self._unwritten = self._unwritten, set()
        self._unconfirmed = {sha256 for sha256 in written if not self._records[sha256].first_seen}
        return {DECLARATION_PREFIX + one.encode(): encode_declaration(self._records[one]) for one in written}

    def confirm(self, append_time: int | None) -> None:
        """Take the broker's timestamp of the commit (epoch ms) as the instant of the rows that it wrote."""
        if append_time is None:
            if self._unconfirmed:
                log.warning("declarations stay exploratory: expected a changelog that the broker stamps, found none")
            self._unconfirmed = set()
            return
        for sha256 in self._unconfirmed:
            self._records[sha256] = DeclarationRecord(self._records[sha256].id, append_time)
            self._unwritten.add(sha256)
        self._unconfirmed = set()

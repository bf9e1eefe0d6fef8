"""What a remembered report costs: resident memory of a fresh process before and after it is fed.

Run as a process that reads events, one a line: `python -m tests.tools.bench.memory < FILE`. The file is decoded once before,
so that neither the decoder's caches nor a batch of events are counted; everything else that stays is: rows, keys,
queues, cohorts and counters, the reports that are kept at hand, and what the allocator does not give back.
"""

import gc
import json
import os
import sys
from pathlib import Path
from typing import BinaryIO

from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.ledger import Ledger
from tests.tools.bench.ledger_speed import decode_lines


def resident_bytes() -> int:
    """Return the bytes of memory that this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def bytes_per_report(lines: BinaryIO) -> None:
    """Feed a ledger and tell how much memory each report that it remembers has taken."""
    for _ in decode_lines(lines):
        pass
    lines.seek(0)
    ledger = Ledger(LedgerConfig(), MessagePackCodec())
    before = resident_bytes()
    for count, events in enumerate(decode_lines(lines)):
        for event in events:
            ledger.apply(event)
        ledger.advance(events[-1].logged_at)
        if count % 5 == 0:
            ledger.drain_changes()
    ledger.drain_changes()
    measured = {"reports": ledger.reports, "bytes": resident_bytes() - before}
    print(json.dumps(measured), flush=True)  # noqa: T201 - for the parent process


if __name__ == "__main__":
    bytes_per_report(sys.stdin.buffer)

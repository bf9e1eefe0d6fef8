"""The ledger by itself: decoded events applied, time moved on every 2,000 of them, changes taken every 20,000.

Run as a process that reads events, one a line: `python -m tests.tools.bench.ledger_speed < FILE`. Decoding is not timed.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO, Final

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS
from streams.domain.events import Event
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.ledger import Ledger
from streams.runtime.worker import _tune_garbage_collector
from tests.tools.bench import timed_run
from tests.tools.bench.decision_counts import counts_of_events, counts_of_ledger

ADVANCE_EVERY: Final = 2_000
DRAIN_EVERY: Final = 20_000


def decode_lines(lines: Iterable[bytes]) -> Iterator[list[Event]]:
    """Yield the events in `lines` in parts; raises ValueError for a line that is refused."""
    decode = EventDecoder(Registry.accepting_all()).decode_line
    rest = iter(lines)
    while part := list(islice(rest, ADVANCE_EVERY)):
        events = [decode(line.rstrip(), MAX_TIMESTAMP_MS) for line in part]
        if any(isinstance(event, Refusal) for event in events):
            raise ValueError("expected lines that are accepted, found one that is refused")
        yield [event for event in events if not isinstance(event, Refusal)]


def time_ledger(lines: BinaryIO) -> None:
    """Feed a ledger and tell what it took; the garbage collector is set as it is in a worker."""
    _tune_garbage_collector()
    ledger = Ledger(LedgerConfig(), MessagePackCodec())
    taken = timed_run.TimedRun(0, 0.0, 0.0)
    for events in decode_lines(lines):
        watch = timed_run.Stopwatch()
        for event in events:
            ledger.apply(event)
        ledger.advance(events[-1].logged_at)
        if taken.records // DRAIN_EVERY < (taken.records + len(events)) // DRAIN_EVERY:
            ledger.drain_changes()
        taken += watch.stop(len(events))
    lines.seek(0)
    expected = counts_of_events([event for events in decode_lines(lines) for event in events])
    timed_run.check_totals("ledger alone", counts_of_ledger(ledger.counters().values()), expected)
    timed_run.print_result(taken, True)  # noqa: FBT003 - the totals are right


if __name__ == "__main__":
    time_ledger(sys.stdin.buffer)

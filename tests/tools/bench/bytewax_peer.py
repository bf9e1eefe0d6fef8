"""The same join in Bytewax, one worker, recovery off: state is kept in memory and nothing is written.

Run as a process: `python -m tests.tools.bench.bytewax_peer BOOTSTRAP PREFIX RECORDS`.
"""

import json
import sys
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from streams.contract.timestamps import parse_timestamp
from tests.support.simulation import workload_topics
from tests.support.simulation.reference_join import JoinTotals, Times, add_event
from tests.tools.bench import timed_run

_Keyed = tuple[str, tuple[str, int]]


class BytewaxPeer:
    """A dataflow that counts what it reads up to the end of its topics."""

    def __init__(self, records: int) -> None:
        self.totals = JoinTotals()
        self._records_left = records
        self._stopwatch: timed_run.Stopwatch | None = None
        self.timed_run: timed_run.TimedRun | None = None
        self._records = records

    def flow(self, bootstrap: str, prefix: str) -> Dataflow:
        """Return the dataflow: read, decode, keep the times of each report."""
        flow = Dataflow("bench")
        source = KafkaSource([bootstrap], workload_topics.topic_names(prefix), tail=False, batch_size=2_000)
        events = op.flat_map_batch("decode", op.input("read", flow, source), self._decode)
        kept: list[Any] = []
        op.output(
            "nowhere", op.flat_map("drop", op.stateful_map("join", events, self._join), _discard), TestingSink(kept)
        )
        return flow

    def _decode(self, batch: list[Any]) -> list[_Keyed]:
        self._stopwatch = self._stopwatch or timed_run.Stopwatch()
        events = [(message.key.decode(), json.loads(message.value)) for message in batch]
        return [(key, (event["type"], parse_timestamp(event["time"]))) for key, event in events]

    def _join(self, known: Times | None, event: tuple[str, int]) -> tuple[Times, None]:
        before = known or (None, None)
        after = add_event(self.totals, before, *event)
        self._records_left -= 1
        if not self._records_left and self._stopwatch is not None:
            self.timed_run = self._stopwatch.stop(self._records)
        return after or before, None


def _discard(_: object) -> tuple[()]:
    return ()


def _run(bootstrap: str, prefix: str, records: int) -> None:
    peer = BytewaxPeer(records)
    run_main(peer.flow(bootstrap, prefix))
    if peer.timed_run is None:
        raise RuntimeError("expected to read every record, the topics ended before")
    timed_run.print_result(peer.timed_run, peer.totals.as_json())


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""Safeclock's worker as a contestant: what it has applied is read from its page, what it counted from `measures`."""

import time
from pathlib import Path
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from streams.contract.outputs.measures import COUNTERS_PREFIX, decode_counters
from streams.contract.topics import MEASURES
from tests.support.simulation import workload_topics
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.decision_counts import counts_of_ledger
from tests.tools.bench.peers.peer_process import Progress
from tests.tools.bench.worker_process import BenchProcess

_APPLIED: Final = "safeclock_worker_records_applied_total"
_POLL_SECONDS: Final = 0.05


class MeasuresReader:
    """The counters that a worker commits from now on, as a board reads them."""

    def __init__(self, bootstrap: str, application: str) -> None:
        workload_topics.create_output_topics(bootstrap, application)
        self._rows: dict[tuple[int, bytes], bytes] = {}
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        pairs = [TopicPartition(MEASURES, partition) for partition in range(PARTITIONS)]
        self._consumer.assign(pairs)
        for pair, end in self._consumer.end_offsets(pairs).items():
            self._consumer.seek(pair, end)

    def totals(self) -> object:
        """Return what was committed up to now."""
        # A poll brings five hundred records: one a look would fall behind the worker, and be what is measured.
        while polled := self._consumer.poll(timeout_ms=0):
            for pair, records in polled.items():
                for record in records:
                    if record.key.startswith(COUNTERS_PREFIX):
                        self._rows[pair.partition, record.key] = record.value
        return counts_of_ledger(decode_counters(value) for value in self._rows.values() if value)


class SafeclockPeer:
    """A worker with its defaults; `measures` outlives it, so that another one may go on."""

    def __init__(self, bootstrap: str, application: str, folder: Path, measures: MeasuresReader) -> None:
        environment = {
            "SAFECLOCK_BOOTSTRAP": bootstrap,
            "SAFECLOCK_APPLICATION": application,
            "SAFECLOCK_RECORD_TIME": "create",
        }
        self._process = BenchProcess("worker", environment, folder / "worker.log")
        self._measures = measures
        self._last_progress = Progress(0, None)

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def progress(self) -> Progress | None:
        """Return what is new."""
        self._process.raise_if_ended()
        time.sleep(_POLL_SECONDS)  # as seldom as the others speak: to be looked at costs the worker's time, and ours
        # The page says what is committed, so that the totals read after it are not older.
        word = Progress(int(self._process.counter_total(_APPLIED)), self._measures.totals())
        if word == self._last_progress:
            return None
        self._last_progress = word
        return word

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()

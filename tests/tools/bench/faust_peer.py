"""The same join in Faust as its documentation advises: JSON events one at a time, one table write for each report.

Run as a process: `python -m tests.tools.bench.faust_peer BOOTSTRAP PREFIX RECORDS`.
"""

import asyncio
import logging
import os
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import faust

from streams.contract.timestamps import parse_timestamp
from tests.support.simulation import workload_topics
from tests.support.simulation.reference_join import JoinTotals, Times, add_event
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench import timed_run


class FaustPeer:
    """A Faust app that counts until it has seen so many records."""

    def __init__(self, bootstrap: str, names: tuple[str, ...], records: int) -> None:
        self.totals = JoinTotals()
        self.finished = asyncio.get_running_loop().create_future()
        self.records = records
        self.app = faust.App(
            f"bench-{uuid.uuid4().hex[:8]}",
            broker=f"kafka://{bootstrap}",
            store="memory://",
            datadir=Path(tempfile.mkdtemp(prefix="safeclock-bench-")),
            web_enabled=False,
            topic_partitions=PARTITIONS,
            topic_replication_factor=1,
            topic_disable_leader=True,
            table_standby_replicas=0,
            consumer_auto_offset_reset="earliest",
            broker_rebalance_timeout=6.0,  # the embedded broker waits half of it before anything begins
            broker_session_timeout=6.0,
            broker_heartbeat_interval=1.5,
        )
        self.events = self.app.topic(*names, key_type=bytes, key_serializer="raw", value_serializer="json")
        self.reports = self.app.Table("reports", partitions=PARTITIONS, key_type=bytes)
        self.app.agent(self.events)(self.join)

    async def join(self, stream: Any) -> None:  # noqa: ANN401 - Faust's own
        """Count each event as it comes."""
        watch: timed_run.Stopwatch | None = None
        seen = 0
        async for key, event in stream.items():
            watch = watch or timed_run.Stopwatch()
            seen += 1
            known: Times = tuple(self.reports.get(key, (None, None)))
            after = add_event(self.totals, known, event["type"], parse_timestamp(event["time"]))
            if after is not None:
                self.reports[key] = after
            if seen == self.records:
                self.finished.set_result(watch.stop(seen))


async def _run(bootstrap: str, prefix: str, records: int) -> None:
    peer = FaustPeer(bootstrap, workload_topics.topic_names(prefix), records)
    await peer.app.start()
    timed_run.print_result(await peer.finished, peer.totals.as_json())
    os._exit(0)  # what was measured is told; leaving the group takes seconds and says nothing


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3])))

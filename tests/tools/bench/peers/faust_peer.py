"""The join in Faust as its documentation advises: one agent, JSON values, two tables with their changelogs.

Run as a process: `python -m tests.tools.bench.peers.faust_peer BOOTSTRAP APPLICATION FOLDER PREFIX`.
"""

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import faust

from streams.contract.timestamps import parse_timestamp
from tests.support.simulation.reference_join import Times, group_of, merge_times, totals_of_groups
from tests.support.simulation.workload import PARTITIONS
from tests.support.simulation.workload_topics import topic_names
from tests.tools.bench.peers.progress_output import ProgressWriter
from tests.tools.bench.peers.session_timeout import SESSION_SECONDS


class FaustCounts:
    """The counting itself, on two tables: the times of each report, and how many reports each group has.

    Faust writes what a table changes to the partition of the event that is being handled, so that the groups of every
    partition need keys of their own.
    """

    def __init__(self, reports: MutableMapping[str, Any], groups: MutableMapping[str, int]) -> None:
        self._reports = reports
        self._groups = groups

    def add_event(self, partition: int, key: str, event: dict[str, Any]) -> None:
        """Count one event."""
        known: Times = tuple(self._reports.get(key, (None, None)))
        after = merge_times(known, event["type"], parse_timestamp(event["time"]))
        if after is None:
            return
        self._reports[key] = after
        for times, sign in ((known, -1), (after, 1)):
            group = group_of(times)
            if group is not None:
                name = f"{partition}|{group}"
                self._groups[name] = self._groups.get(name, 0) + sign

    def totals(self) -> dict[str, object]:
        """Return the totals over all partitions."""
        groups: dict[str, int] = {}
        for name, count in list(self._groups.items()):
            group = name.partition("|")[2]
            groups[group] = groups.get(group, 0) + count
        return totals_of_groups(groups)


def create(bootstrap: str, application: str, folder: Path, prefix: str) -> faust.App:
    """Return the app, with Faust's defaults but for its names and places, the session and the partitions."""
    app = faust.App(
        application,
        broker=f"kafka://{bootstrap}",
        store="memory://",
        datadir=folder,
        web_enabled=False,
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=SESSION_SECONDS,
    )
    events = app.topic(*topic_names(prefix), key_type=str, value_serializer="json")
    counts = FaustCounts(app.Table("reports", key_type=str), app.Table("groups", key_type=str))
    teller = ProgressWriter(counts.totals)

    async def join(stream: Any) -> None:  # noqa: ANN401 - Faust's own
        async for event in stream.events():
            teller.records_read += 1
            counts.add_event(event.message.partition, event.key, event.value)

    app.agent(events)(join)
    return app


async def _run(app: faust.App) -> None:
    await app.start()
    await asyncio.Event().wait()  # until the process is killed


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(_run(create(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])))

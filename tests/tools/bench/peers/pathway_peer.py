"""The join in Pathway as its documentation advises: tables grouped and joined, persisted to the file system.

Run as a process, with an interpreter that has Pathway: `python -m tests.tools.bench.peers.pathway_peer BOOTSTRAP APPLICATION
FOLDER TOPIC...`; with one argument, a file of events, it reads that and ends.
"""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pathway as pw

from streams.contract.timestamps import parse_timestamp
from tests.support.simulation.reference_join import ACTED, FILED, UNANSWERED, bucket_of, totals_of_groups
from tests.tools.bench.peers.progress_output import ProgressWriter
from tests.tools.bench.peers.session_timeout import SESSION_SECONDS


class Event(pw.Schema):  # type: ignore[misc]  # not installed where types are checked
    """What is read of an event; the subject is the report's token, a heartbeat has none."""

    type: str
    source: str
    subject: str | None = pw.column_definition(default_value=None)
    time: str


def group_events(events: pw.Table) -> pw.Table:
    """Return a table of one row: how many events were read, and the groups of reports with their counts."""
    timed = events.select(
        pw.this.type, pw.this.source, pw.this.subject, at=pw.apply_with_type(parse_timestamp, int, pw.this.time)
    )
    filed = _first(timed, FILED)
    acted = _first(timed, ACTED)
    joined = filed.join_left(acted, filed.source == acted.source, filed.subject == acted.subject)
    grouped = joined.select(group=pw.apply_with_type(_group, str, filed.at, acted.at))
    counted = grouped.groupby(pw.this.group).reduce(pw.this.group, reports=pw.reducers.count())
    pairs = counted.reduce(
        groups=pw.reducers.sorted_tuple(pw.make_tuple(pw.this.group, pw.this.reports)),
    )
    seen = events.reduce(seen=pw.reducers.count())
    return seen.join(pairs).select(pw.left.seen, pw.right.groups)


def _first(events: pw.Table, kind: str) -> pw.Table:
    of_kind = events.filter(pw.this.type == kind)
    return of_kind.groupby(pw.this.source, pw.this.subject).reduce(
        pw.this.source, pw.this.subject, at=pw.reducers.min(pw.this.at)
    )


def _group(filed: int, acted: int | None) -> str:
    return UNANSWERED if acted is None else str(bucket_of(acted - filed))


def _write_progress(groups: pw.Table, tell: Callable[[int, dict[str, int]], None]) -> None:
    def changed(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ANN401, ARG001, FBT001
        if is_addition:
            tell(row["seen"], dict(row["groups"]))

    pw.io.subscribe(groups, on_change=changed)


def _run_stream(bootstrap: str, application: str, folder: str, topics: Sequence[str]) -> None:
    latest: list[dict[str, int]] = [{}]
    teller = ProgressWriter(lambda: totals_of_groups(latest[0]))

    def tell(seen: int, groups: dict[str, int]) -> None:
        latest[0], teller.records_read = groups, seen

    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": application,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": str(int(SESSION_SECONDS * 1000)),
    }
    # Its documentation asks for a limit wherever a backlog may wait; with the default of one commit in 1.5 s the limit
    # would be one of speed as well.
    limits = {"max_backlog_size": 10_000, "autocommit_duration_ms": 100}
    read = (pw.io.kafka.read(settings, topic=one, format="json", schema=Event, name=one, **limits) for one in topics)
    _write_progress(group_events(pw.Table.concat_reindex(*read)), tell)
    backend = pw.persistence.Backend.filesystem(folder)
    pw.run(persistence_config=pw.persistence.Config(backend), monitoring_level=pw.MonitoringLevel.NONE)


def _read_file(file: str) -> None:
    said: list[dict[str, object]] = []
    events = pw.io.jsonlines.read(file, schema=Event, mode="static")
    _write_progress(
        group_events(events), lambda seen, groups: said.append({"seen": seen, "totals": totals_of_groups(groups)})
    )
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    print(json.dumps(said[-1]))  # noqa: T201 - for the parent process


if __name__ == "__main__":
    if len(sys.argv) == 2:
        _read_file(sys.argv[1])
    else:
        _run_stream(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])

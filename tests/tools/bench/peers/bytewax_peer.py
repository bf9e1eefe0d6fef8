"""The join in Bytewax as its documentation advises, one worker, with recovery: snapshots in SQLite.

Run as a process:
`python -m bytewax.run "tests.tools.bench.peers.bytewax_peer:flow('BOOTSTRAP', 'PREFIX')" -r FOLDER -s SECONDS -b 0`,
after `python -m bytewax.recovery FOLDER 1`.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink

from streams.contract.timestamps import parse_timestamp
from tests.support.simulation.reference_join import Times, group_of, merge_times, totals_of_groups
from tests.support.simulation.workload_topics import topic_names
from tests.tools.bench.peers.progress_output import ProgressWriter

Keyed = tuple[str, tuple[str, int]]
GroupChange = tuple[str | None, str | None]
"""The group that a report leaves and the one that it joins."""

_ALL: Final = "all"


def flow(bootstrap: str, prefix: str) -> Dataflow:
    """Return the dataflow that reads the topics of `prefix` and tells what it comes to."""
    latest: dict[str, int] = {}
    teller = ProgressWriter(lambda: totals_of_groups(dict(latest)))

    def saw(messages: list[Any]) -> list[Any]:
        teller.records_read += len(messages)
        return messages

    return connect(KafkaSource([bootstrap], topic_names(prefix)), saw, latest.update)


def connect(
    source: Any,  # noqa: ANN401 - Bytewax ships no types
    on_record: Callable[[list[Any]], list[Any]],
    report_totals: Callable[[dict[str, int]], None],
) -> Dataflow:
    """Return the dataflow from `source`: decode, keep the times of each report, count the reports of each group."""

    def report(keyed: tuple[str, dict[str, int]]) -> tuple[()]:
        report_totals(keyed[1])
        return ()

    whole = Dataflow("bench")
    messages = op.flat_map_batch("see", op.input("read", whole, source), on_record)
    moves = op.stateful_flat_map("join", op.map("decode", messages, _decoded), _join)
    groups = op.stateful_map("count", op.map("together", moves, _as_single_key), _count)
    op.output("nowhere", op.flat_map("tell", groups, report), TestingSink([]))
    return whole


def _decoded(message: Any) -> Keyed:  # noqa: ANN401 - Bytewax's own
    event = json.loads(message.value)
    return message.key.decode(), (event["type"], parse_timestamp(event["time"]))


def _join(known: Times | None, event: tuple[str, int]) -> tuple[Times | None, list[GroupChange]]:
    before = known or (None, None)
    after = merge_times(before, *event)
    if after is None:
        return known, []
    move = group_of(before), group_of(after)
    return after, [move] if move[0] != move[1] else []


def _as_single_key(keyed: tuple[str, GroupChange]) -> tuple[str, GroupChange]:
    return _ALL, keyed[1]


def _count(groups: dict[str, int] | None, move: GroupChange) -> tuple[dict[str, int], dict[str, int]]:
    counted = dict(groups or {})
    for group, sign in zip(move, (-1, 1), strict=True):
        if group is not None:
            counted[group] = counted.get(group, 0) + sign
    return counted, counted

"""The join in Quix Streams as its documentation advises: two topics made one, state in RocksDB with changelog topics.

State is reached by the key of a record alone, so the totals take a second key, by way of a repartition topic. Exactly
once, which its documentation advises where correct outputs are critical.

Run as a process: `python -m tests.tools.bench.peers.quix_peer BOOTSTRAP APPLICATION FOLDER PREFIX`.
"""

import sys
from pathlib import Path
from typing import Any, Final

from quixstreams import Application, State

from streams.contract.timestamps import parse_timestamp
from tests.support.simulation.reference_join import ACTED, FILED, group_of, merge_times, totals_of_groups
from tests.support.simulation.workload_topics import topic_names
from tests.tools.bench.peers.progress_output import ProgressWriter
from tests.tools.bench.peers.session_timeout import SESSION_SECONDS

GroupChange = list[str | None]
"""The group that a report leaves and the one that it joins."""

_ALL: Final = "all"


def join(event: dict[str, Any], state: State[Any, Any]) -> list[GroupChange]:
    """Take an event into its report's state; return no move or one."""
    known = (state.get("filed"), state.get("acted"))
    after = merge_times(known, event["type"], parse_timestamp(event["time"]))
    if after is None:
        return []
    state.set("filed", after[0])
    state.set("acted", after[1])
    move: GroupChange = [group_of(known), group_of(after)]
    return [move] if move[0] != move[1] else []


def count(move: GroupChange, state: State[Any, Any]) -> dict[str, int]:
    """Take a move into the state of all; return the number of reports in each group."""
    groups: dict[str, int] = state.get("groups", {})
    for group, sign in zip(move, (-1, 1), strict=True):
        if group is not None:
            groups[group] = groups.get(group, 0) + sign
    state.set("groups", groups)
    return groups


def _run(bootstrap: str, application: str, folder: Path, sources: tuple[str, ...]) -> None:
    latest: dict[str, int] = {}
    teller = ProgressWriter(lambda: totals_of_groups(dict(latest)))

    def saw(topic: str, _partition: int, _offset: int) -> None:
        teller.records_read += topic in sources

    app = Application(
        broker_address=bootstrap,
        consumer_group=application,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=folder,
        consumer_extra_config={"session.timeout.ms": int(SESSION_SECONDS * 1000)},
        on_message_processed=saw,
        loglevel="ERROR",
    )
    filed, acted = (app.dataframe(app.topic(name, key_deserializer="str")) for name in sources)
    events = filed.concat(acted)
    events = events[events["type"].isin([FILED, ACTED])]
    moves = events.apply(join, stateful=True, expand=True).group_by(lambda _: _ALL, name="totals")
    moves.apply(count, stateful=True).update(latest.update)
    app.run()


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), topic_names(sys.argv[4]))

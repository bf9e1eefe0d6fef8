"""Simulated files in which one mistake is planted throughout."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from producers.simulation.model.config import SimulationConfig
from producers.simulation.traffic import history_lines
from streams.contract.timestamps import format_timestamp, parse_timestamp

Json = dict[str, Any]
Plant = Callable[[list[Json]], Iterable[Json]]

FILED: Final = "safeclock.report-filed.v1"
ACTED: Final = "safeclock.action-taken.v1"
BEAT: Final = "safeclock.heartbeat.v1"


@cache
def simulated(plan: SimulationConfig, platform: str = "") -> tuple[bytes, ...]:
    """Return the lines of a plan, of one platform if it is named."""
    if not platform:
        return tuple(history_lines(plan))
    source = f'"/platforms/{platform}"'.encode()
    return tuple(line for line in simulated(plan) if source in line)


def planted(plan: SimulationConfig, plant: Plant, platform: str = "") -> Iterator[bytes]:
    """Return the lines of a plan, of one platform if it is named, with a mistake."""
    events = [json.loads(line) for line in simulated(plan, platform)]
    return (json.dumps(event).encode() for event in plant(events))


def changed(change: Callable[[Json], Json | None], *types: str) -> Plant:
    """Return the plant that changes every event of these types, or of all; None takes it out."""

    def plant(events: list[Json]) -> Iterator[Json]:
        for event in events:
            after = change(event) if not types or event["type"] in types else event
            if after is not None:
                yield after

    return plant


def shifted(offset: int, *names: str) -> Callable[[Json], Json]:
    """Return the change that moves the named times by `offset` milliseconds."""
    return lambda event: (
        event | {name: format_timestamp(parse_timestamp(event[name]) + offset) for name in names if name in event}
    )


def local(zone: str, *names: str) -> Callable[[Json], Json]:
    """Return the change that writes the named times as local time of a zone, labelled as UTC."""
    return lambda event: event | {name: _local(event[name], zone) for name in names if name in event}


def _local(text: str, zone: str) -> str:
    at = datetime.fromtimestamp(parse_timestamp(text) // 1000, UTC).astimezone(ZoneInfo(zone))
    return at.strftime("%Y-%m-%dT%H:%M:%S") + text[19:]


def without(*names: str) -> Callable[[Json], Json]:
    """Return the change that leaves fields of the envelope out."""
    return lambda event: {name: value for name, value in event.items() if name not in names}


def saying(**data: object) -> Callable[[Json], Json]:
    """Return the change that says something else in the data."""
    return lambda event: event | {"data": event["data"] | data}


def both(first: Plant, second: Plant) -> Plant:
    """Return the plant that does one thing and then another."""
    return lambda events: second(list(first(events)))


def rounded(unit: int) -> Callable[[Json], Json]:
    """Return the change that rounds times down to a unit, in milliseconds."""
    return lambda event: event | {"time": format_timestamp(parse_timestamp(event["time"]) // unit * unit)}

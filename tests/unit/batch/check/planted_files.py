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

JsonObject = dict[str, Any]
FileChange = Callable[[list[JsonObject]], Iterable[JsonObject]]

FILING_TYPE: Final = "safeclock.report-filed.v1"
ACTION_TYPE: Final = "safeclock.action-taken.v1"
HEARTBEAT_TYPE: Final = "safeclock.heartbeat.v1"


@cache
def simulated_lines(plan: SimulationConfig, platform: str = "") -> tuple[bytes, ...]:
    """Return the lines of a plan, of one platform if it is named."""
    if not platform:
        return tuple(history_lines(plan))
    source = f'"/platforms/{platform}"'.encode()
    return tuple(line for line in simulated_lines(plan) if source in line)


def lines_with_mistake(plan: SimulationConfig, plant: FileChange, platform: str = "") -> Iterator[bytes]:
    """Return the lines of a plan, of one platform if it is named, with a mistake."""
    events = [json.loads(line) for line in simulated_lines(plan, platform)]
    return (json.dumps(event).encode() for event in plant(events))


def change_events(change: Callable[[JsonObject], JsonObject | None], *types: str) -> FileChange:
    """Return the plant that changes every event of these types, or of all; None takes it out."""

    def plant(events: list[JsonObject]) -> Iterator[JsonObject]:
        for event in events:
            after = change(event) if not types or event["type"] in types else event
            if after is not None:
                yield after

    return plant


def shift_times(offset: int, *names: str) -> Callable[[JsonObject], JsonObject]:
    """Return the change that moves the named times by `offset` milliseconds."""
    return lambda event: (
        event | {name: format_timestamp(parse_timestamp(event[name]) + offset) for name in names if name in event}
    )


def as_local_time(zone: str, *names: str) -> Callable[[JsonObject], JsonObject]:
    """Return the change that writes the named times as local time of a zone, labelled as UTC."""
    return lambda event: event | {name: _local(event[name], zone) for name in names if name in event}


def _local(text: str, zone: str) -> str:
    at = datetime.fromtimestamp(parse_timestamp(text) // 1000, UTC).astimezone(ZoneInfo(zone))
    return at.strftime("%Y-%m-%dT%H:%M:%S") + text[19:]


def without_fields(*names: str) -> Callable[[JsonObject], JsonObject]:
    """Return the change that leaves fields of the envelope out."""
    return lambda event: {name: value for name, value in event.items() if name not in names}


def with_data(**data: object) -> Callable[[JsonObject], JsonObject]:
    """Return the change that says something else in the data."""
    return lambda event: event | {"data": event["data"] | data}


def compose(first: FileChange, second: FileChange) -> FileChange:
    """Return the plant that does one thing and then another."""
    return lambda events: second(list(first(events)))


def round_times(unit: int) -> Callable[[JsonObject], JsonObject]:
    """Return the change that rounds times down to a unit, in milliseconds."""
    return lambda event: event | {"time": format_timestamp(parse_timestamp(event["time"]) // unit * unit)}

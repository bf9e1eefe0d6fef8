"""A simulation as lines: history at once, live traffic when its time has come."""

import time
from collections.abc import Iterator
from itertools import filterfalse, takewhile
from typing import BinaryIO

from producers.simulation.pacing import Pace, paced
from producers.simulation.plan import Plan
from producers.simulation.told import Told, line
from producers.simulation.traffic import endless, simulate
from streams.contract.cloudevents import HeartbeatEvent
from streams.contract.registry import Role
from streams.domain.grid import SECOND
from streams.edge.clock import wall_clock_ms


def history(plan: Plan) -> Iterator[bytes]:
    """Yield the lines of a plan's span."""
    return (line(told) + b"\n" for told in simulate(plan) if not _told_already(told))


def _told_already(told: Told) -> bool:
    """Return whether this is the second copy of a heartbeat: a line speaks for both topics, who publishes it sends both."""
    return told.topic is Role.ACTION_TAKEN and isinstance(told.event, HeartbeatEvent)


def write_live(plan: Plan, out: BinaryIO) -> None:
    """Write a plan's span and then what is told after it, each event when the wall clock has reached it; without end."""
    events = filterfalse(_told_already, endless(plan))
    out.writelines(line(told) + b"\n" for told in takewhile(lambda told: told.at_ms < plan.end_ms, events))
    for due, told in paced(events, Pace(plan.end_ms, plan.end_ms)):
        ahead = due - wall_clock_ms()
        if ahead > 0:
            out.flush()
            time.sleep(ahead / SECOND)
        out.write(line(told) + b"\n")

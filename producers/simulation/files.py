"""A simulated history as a file of JSON lines, and its key beside it."""

from typing import BinaryIO, NamedTuple

import msgspec

from producers.simulation.plan import Plan
from producers.simulation.told import line
from producers.simulation.traffic import simulate
from producers.simulation.truth import truth
from streams.contract.cloudevents import HeartbeatEvent, ReportFiledEvent


class Written(NamedTuple):
    """How many events were written, and how many of them were filings (resent ones included) and heartbeats."""

    events: int
    filings: int
    heartbeats: int


def write_events(plan: Plan, out: BinaryIO) -> Written:
    """Write everything told in the plan's span, one event a line, in order of being told."""
    events = filings = heartbeats = 0
    for told in simulate(plan):
        out.write(line(told) + b"\n")
        events += 1
        filings += isinstance(told.event, ReportFiledEvent)
        heartbeats += isinstance(told.event, HeartbeatEvent)
    return Written(events, filings, heartbeats)


def write_truth(plan: Plan, out: BinaryIO) -> None:
    """Write what is planted and true in the plan's span, as indented JSON."""
    out.write(msgspec.json.format(msgspec.json.encode(truth(plan)), indent=2) + b"\n")

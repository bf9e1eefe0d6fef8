"""Checks all lines of files before anything is sent."""

from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from producers.publisher.routing import OutgoingEvent
from streams.contract.events.decoder import Refusal
from streams.domain.events import Heartbeat
from streams.edge.files.line_blocks import LineBlock
from streams.edge.files.refusal_groups import RefusalCounts

LineRouter = Callable[[bytes], OutgoingEvent | Heartbeat | Refusal]
"""Returns the routed event of a line, its heartbeat, or its refusal."""


@dataclass(slots=True)
class FileCheck:
    """The result of a check: number of lines of each kind, refusals, and retracted ids (digests).

    `heartbeats` are counted by platform. `incomplete_platforms` have a refused line; "" is an unknown platform.
    `checksums` has one for every block: if a second reading finds another checksum, the file has changed.
    """

    lines: int = 0
    events: int = 0
    heartbeats: Counter[str] = field(default_factory=Counter)
    refusals: RefusalCounts = field(default_factory=RefusalCounts)
    incomplete_platforms: set[str] = field(default_factory=set)
    retracted_ids: set[int] = field(default_factory=set)
    checksums: list[int] = field(default_factory=list)


def check_lines(source: Iterator[LineBlock], route: LineRouter) -> FileCheck:
    """Read and route every line, and return what was found."""
    check = FileCheck()
    for block in source:
        check.lines += len(block.lines)
        check.checksums.append(block_checksum(block))
        for index, line in block.non_blank_lines():
            _count_line(check, route(line), block.location(index), line)
    return check


def can_send_heartbeat(platform: str, incomplete_platforms: Container[str]) -> bool:
    """Return whether a heartbeat of a platform may be sent: not if a line of the platform, or of none, was refused.

    A heartbeat declares that all events up to an instant are published, and the instant of a refused line is not known.
    """
    return platform not in incomplete_platforms and "" not in incomplete_platforms


def block_checksum(block: LineBlock) -> int:
    """Return the checksum of a block's lines."""
    return crc32(b"\n".join(block.lines))


def _count_line(check: FileCheck, routed: OutgoingEvent | Heartbeat | Refusal, location: str, raw_line: bytes) -> None:
    match routed:
        case Refusal():
            check.refusals.add(routed, location, raw_line)
            check.incomplete_platforms.add(routed.platform)
        case Heartbeat():
            check.heartbeats[routed.platform] += 1
        case OutgoingEvent():
            check.events += 1
            if routed.retracts is not None:
                check.retracted_ids.add(routed.retracts)

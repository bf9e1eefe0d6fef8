"""What is in files, found without sending anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

from producers.publisher.lines import Block
from producers.publisher.refusals import Refusals
from producers.publisher.routes import Leaving, Router
from streams.contract.decode import Refusal
from streams.domain.events import Heartbeat


@dataclass(slots=True)
class Survey:
    """The lines of a source: how many of each kind, what is refused, which ids (digests) are retracted.

    `checks` has a checksum for every block: a second reading that finds another one reads another file.
    """

    lines: int = 0
    events: int = 0
    heartbeats: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    retracted: set[int] = field(default_factory=set)
    checks: list[int] = field(default_factory=list)


def survey(source: Iterator[Block], router: Router, now: int | None) -> Survey:
    """Read every line; `now`, epoch milliseconds, is when workers would be told, None for history."""
    found = Survey()
    for block in source:
        found.lines += len(block.lines)
        found.checks.append(check_of(block))
        for index, line in block.filled():
            _note(found, router.of_line(line, now), block.place(index))
    return found


def check_of(block: Block) -> int:
    """Return the checksum of a block's lines."""
    return crc32(b"\n".join(block.lines))


def _note(found: Survey, line: Leaving | Heartbeat | Refusal, place: str) -> None:
    match line:
        case Refusal():
            found.refusals.add(line, place)
        case Heartbeat():
            found.heartbeats += 1
        case Leaving():
            found.events += 1
            if line.retracts is not None:
                found.retracted.add(line.retracts)

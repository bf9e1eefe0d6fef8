"""What is in files, found without sending anything."""

from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from zlib import crc32

from producers.publisher.routing import Leaving
from streams.contract.events.decoder import Refusal
from streams.domain.events import Heartbeat
from streams.edge.files.line_blocks import LineBlock
from streams.edge.files.refusal_groups import RefusalCounts

Reader = Callable[[bytes], Leaving | Heartbeat | Refusal]
"""Says where the event in a line goes, or why it is refused."""


@dataclass(slots=True)
class Survey:
    """The lines of a source: how many of each kind, what is refused, which ids (digests) are retracted.

    `beats` counts heartbeats by platform; `gaps` are the platforms with a refused line, "" for one that is not known.
    `checks` has a checksum for every block: a second reading that finds another one reads another file.
    """

    lines: int = 0
    events: int = 0
    beats: Counter[str] = field(default_factory=Counter)
    refusals: RefusalCounts = field(default_factory=RefusalCounts)
    gaps: set[str] = field(default_factory=set)
    retracted: set[int] = field(default_factory=set)
    checks: list[int] = field(default_factory=list)


def survey(source: Iterator[LineBlock], read: Reader) -> Survey:
    """Read every line."""
    found = Survey()
    for block in source:
        found.lines += len(block.lines)
        found.checks.append(check_of(block))
        for index, line in block.non_blank_lines():
            _note(found, read(line), block.location(index), line)
    return found


def vouches(platform: str, gaps: Container[str]) -> bool:
    """Whether a heartbeat of a platform may leave: not when a line of it, or of nobody known, was left out.

    A heartbeat says that everything up to an instant was told, and when a line that cannot be read happened is not
    known.
    """
    return platform not in gaps and "" not in gaps


def check_of(block: LineBlock) -> int:
    """Return the checksum of a block's lines."""
    return crc32(b"\n".join(block.lines))


def _note(found: Survey, line: Leaving | Heartbeat | Refusal, place: str, raw: bytes) -> None:
    match line:
        case Refusal():
            found.refusals.add(line, place, raw)
            found.gaps.add(line.platform)
        case Heartbeat():
            found.beats[line.platform] += 1
        case Leaving():
            found.events += 1
            if line.retracts is not None:
                found.retracted.add(line.retracts)

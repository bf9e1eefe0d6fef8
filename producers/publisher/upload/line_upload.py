"""One pass over lines that sends them and keeps account of what arrived."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from producers.publisher.routing import Leaving, Router
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.batch_sender import BulkSender, Record, UndeliveredError, bulk_sender
from producers.publisher.upload.precheck import check_of, vouches
from producers.publisher.upload.read_ahead import ReadAhead
from streams.contract.events.decoder import Refusal
from streams.contract.events.keys import heartbeat_key
from streams.domain.events import Heartbeat
from streams.edge.clock import WallClock
from streams.edge.files.line_blocks import LineBlock
from streams.edge.files.refusal_groups import RefusalCounts

Progress = Callable[[int, int], None]
"""Called with the bytes read and the lines acknowledged so far."""


def no_progress(_size: int, _lines: int) -> None:
    """Tell nobody."""


REFUSED: Final = "a line was refused"
CHANGED: Final = "the file changed while it was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a pass treats its lines.

    `now` is when live lines are told; the records of `history` carry the time at which each line was told. `good`
    lines are known to be good and not checked again; `checks` holds the checksums of their blocks when they were read
    before, None when they were not, and `gaps` the platforms with a refused line among them, as in `Survey`. Lines
    before `from_line` are read and not sent.
    """

    now: WallClock
    history: bool
    from_line: int = 1
    skip_refused: bool = False
    good: bool = False
    checks: tuple[int, ...] | None = None
    gaps: frozenset[str] = frozenset()


class _StoppedError(Exception):
    """Ends a pass before a line that must not leave; the message is the cause."""


def _next(ahead: ReadAhead) -> LineBlock | None:
    try:
        return ahead.next()
    except OSError as error:  # what was sent before is accounted for all the same
        raise _StoppedError(f"the lines could not be read on: {error}") from error


class Pass:
    """Sends the lines of a source once; afterwards its attributes tell what happened."""

    def __init__(self, router: Router, terms: Terms, progress: Progress) -> None:
        self._router = router
        self._terms = terms
        self._progress = progress
        self._next_line = terms.from_line
        self.events = 0
        self.heartbeats = 0
        self.withheld = 0
        self._gaps = set(terms.gaps)
        self.acknowledged = 0
        self.refusals = RefusalCounts()
        self.cause = ""
        self.resume_from: int | None = None

    async def run(self, source: Iterator[LineBlock], settings: PublisherSettings, topics: tuple[str, ...]) -> None:
        """Send everything; what ends it early stands in `cause`. Raises BrokerError when it cannot begin."""
        ahead = ReadAhead(source)
        try:
            async with bulk_sender(settings, topics) as sender:
                await self._until_the_end(ahead, sender)
                await sender.settle()
                unacknowledged = sender.unacknowledged()
        finally:
            ahead.release()
        self.acknowledged = self.events + self.heartbeats - len(unacknowledged)
        if self.cause:
            self.resume_from = min(unacknowledged, default=self._next_line)

    async def _until_the_end(self, ahead: ReadAhead, sender: BulkSender) -> None:
        try:
            try:
                await self._all(ahead, sender)
            except _StoppedError as stopped:
                self.cause = str(stopped)
            await sender.finish()
        except UndeliveredError as error:
            self.cause = f"the broker did not acknowledge: {error}"
        except asyncio.CancelledError:
            self.cause = "interrupted"

    async def _all(self, ahead: ReadAhead, sender: BulkSender) -> None:
        size = count = 0
        while (block := await asyncio.to_thread(_next, ahead)) is not None:
            if not self._as_surveyed(count, block):
                raise _StoppedError(CHANGED)
            await sender.add(self._records(block, sender))
            if ahead.idle:
                await sender.send()
            size, count = size + block.bytes_read, count + 1
            if self._progress is not no_progress:
                self._progress(size, self.events + self.heartbeats - len(sender.unacknowledged()))
        if count < len(self._terms.checks or ()):
            raise _StoppedError(CHANGED)

    def _as_surveyed(self, count: int, block: LineBlock) -> bool:
        checks = self._terms.checks
        return checks is None or checks[count : count + 1] == (check_of(block),)

    def _records(self, block: LineBlock, sender: BulkSender) -> Iterator[Record]:
        history = self._terms.history
        for index, line in block.non_blank_lines():
            number = block.first_line + index
            found = self._read(line)
            if isinstance(found, Refusal):
                self._gaps.add(found.platform)
            if number < self._terms.from_line:
                continue
            if isinstance(found, Leaving):
                self.events += 1
                stamp = found.timestamp if history else None
                yield Record(found.topic, sender.partition_of(found.key), found.key, line, stamp, number)
            elif isinstance(found, Heartbeat) and not vouches(found.platform, self._gaps):
                self.withheld += 1
            elif isinstance(found, Heartbeat):
                self.heartbeats += 1
                yield from self._copies(found, line, number, sender.partitions)
            else:
                self._refuse(found, block.location(index), line)
            self._next_line = number + 1

    def _read(self, line: bytes) -> Leaving | Heartbeat | Refusal:
        read = self._router.of_good_line if self._terms.good else self._router.of_line
        return read(line, self._terms.now(), live=not self._terms.history)

    def _copies(self, beat: Heartbeat, line: bytes, number: int, partitions: int) -> Iterator[Record]:
        key, stamp = heartbeat_key(beat.platform), beat.told if self._terms.history else None
        for topic in self._router.topics(beat):
            for partition in range(partitions):
                yield Record(topic, partition, key, line, stamp, number)

    def _refuse(self, refusal: Refusal, place: str, line: bytes) -> None:
        self.refusals.add(refusal, place, line)
        if not self._terms.skip_refused:
            raise _StoppedError(REFUSED)

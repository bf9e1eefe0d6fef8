"""Sends lines once and tracks which were acknowledged."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from producers.publisher.routing import OutgoingEvent, Router
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.batch_sender import BatchSender, OutgoingRecord, UndeliveredError, open_batch_sender
from producers.publisher.upload.precheck import block_checksum, can_send_heartbeat
from producers.publisher.upload.read_ahead import ReadAhead
from streams.contract.events.decoder import Refusal
from streams.contract.events.keys import heartbeat_key
from streams.domain.events import Heartbeat
from streams.edge.clock import WallClock
from streams.edge.files.line_blocks import LineBlock
from streams.edge.files.refusal_groups import RefusalCounts

ProgressCallback = Callable[[int, int], None]
"""Called with the number of bytes read and the number of lines acknowledged so far."""


def ignore_progress(_size: int, _lines: int) -> None:
    """Do nothing: the callback for an upload without a progress bar."""


CAUSE_REFUSED: Final = "a line was refused"
CAUSE_CHANGED: Final = "the file changed while it was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """Options of an upload.

    `now` returns the log time of live lines; with `history` each record has the log time of its line as timestamp.
    Prevalidated lines are not checked again. `checksums` are those of the blocks at the first reading, None without a
    first reading. `incomplete_platforms` have a refused line, as in `FileCheck`. Lines before `from_line` are read and
    not sent.
    """

    now: WallClock
    history: bool
    from_line: int = 1
    skip_refused: bool = False
    is_prevalidated: bool = False
    checksums: tuple[int, ...] | None = None
    incomplete_platforms: frozenset[str] = frozenset()


class _StoppedError(Exception):
    """Ends an upload before a line that must not be sent; the message is the cause."""


def _next_block(read_ahead: ReadAhead) -> LineBlock | None:
    try:
        return read_ahead.next_block()
    except OSError as error:  # The upload still reports the lines that it sent before.
        raise _StoppedError(f"the next lines could not be read: {error}") from error


class LineUpload:
    """Sends the lines of a source once; its attributes hold the result."""

    def __init__(self, router: Router, options: UploadOptions, progress: ProgressCallback) -> None:
        self._router = router
        self._options = options
        self._progress = progress
        self._next_line = options.from_line
        self.events = 0
        self.heartbeats = 0
        self.withheld_heartbeats = 0
        self._incomplete_platforms = set(options.incomplete_platforms)
        self.acknowledged = 0
        self.refusals = RefusalCounts()
        self.stop_cause = ""
        self.resume_from_line: int | None = None

    async def run(self, source: Iterator[LineBlock], settings: PublisherSettings, topics: tuple[str, ...]) -> None:
        """Send all lines; `stop_cause` says why an upload stopped early. Raises BrokerError if it cannot begin."""
        read_ahead = ReadAhead(source)
        try:
            async with open_batch_sender(settings, topics) as sender:
                await self._send_until_stopped(read_ahead, sender)
                await sender.await_in_flight()
                unacknowledged = sender.unacknowledged()
        finally:
            read_ahead.stop()
        self.acknowledged = self.events + self.heartbeats - len(unacknowledged)
        if self.stop_cause:
            self.resume_from_line = min(unacknowledged, default=self._next_line)

    async def _send_until_stopped(self, read_ahead: ReadAhead, sender: BatchSender) -> None:
        try:
            try:
                await self._send_blocks(read_ahead, sender)
            except _StoppedError as stopped:
                self.stop_cause = str(stopped)
            await sender.flush()
        except UndeliveredError as error:
            self.stop_cause = f"the broker did not acknowledge: {error}"
        except asyncio.CancelledError:
            self.stop_cause = "interrupted"

    async def _send_blocks(self, read_ahead: ReadAhead, sender: BatchSender) -> None:
        size = count = 0
        while (block := await asyncio.to_thread(_next_block, read_ahead)) is not None:
            if not self._is_unchanged(count, block):
                raise _StoppedError(CAUSE_CHANGED)
            await sender.add(self._build_records(block, sender))
            if read_ahead.is_empty:
                await sender.send_open_batches()
            size, count = size + block.bytes_read, count + 1
            if self._progress is not ignore_progress:
                self._progress(size, self.events + self.heartbeats - len(sender.unacknowledged()))
        if count < len(self._options.checksums or ()):
            raise _StoppedError(CAUSE_CHANGED)

    def _is_unchanged(self, block_index: int, block: LineBlock) -> bool:
        checksums = self._options.checksums
        return checksums is None or checksums[block_index : block_index + 1] == (block_checksum(block),)

    def _build_records(self, block: LineBlock, sender: BatchSender) -> Iterator[OutgoingRecord]:
        history = self._options.history
        for index, line in block.non_blank_lines():
            number = block.first_line + index
            routed = self._route(line)
            if isinstance(routed, Refusal):
                self._incomplete_platforms.add(routed.platform)
            if number < self._options.from_line:
                continue
            if isinstance(routed, OutgoingEvent):
                self.events += 1
                timestamp = routed.timestamp if history else None
                yield OutgoingRecord(routed.topic, sender.partition_of(routed.key), routed.key, line, timestamp, number)
            elif isinstance(routed, Heartbeat) and not can_send_heartbeat(routed.platform, self._incomplete_platforms):
                self.withheld_heartbeats += 1
            elif isinstance(routed, Heartbeat):
                self.heartbeats += 1
                yield from self._heartbeat_copies(routed, line, number, sender.partition_count)
            else:
                self._count_refusal(routed, block.location(index), line)
            self._next_line = number + 1

    def _route(self, line: bytes) -> OutgoingEvent | Heartbeat | Refusal:
        route = self._router.route_valid_line if self._options.is_prevalidated else self._router.route_line
        return route(line, self._options.now(), is_live=not self._options.history)

    def _heartbeat_copies(
        self, heartbeat: Heartbeat, line: bytes, number: int, partition_count: int
    ) -> Iterator[OutgoingRecord]:
        key, timestamp = heartbeat_key(heartbeat.platform), heartbeat.logged_at if self._options.history else None
        for topic in self._router.heartbeat_topics(heartbeat):
            for partition in range(partition_count):
                yield OutgoingRecord(topic, partition, key, line, timestamp, number)

    def _count_refusal(self, refusal: Refusal, location: str, line: bytes) -> None:
        self.refusals.add(refusal, location, line)
        if not self._options.skip_refused:
            raise _StoppedError(CAUSE_REFUSED)

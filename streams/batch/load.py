"""Load the lines of files into a ledger: `measure`, `check` and `clocks explain` accept the same lines."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import batch_ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.events import Event, Heartbeat
from streams.domain.integrity.event_summary import EventSummarizer
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import RefusalReason
from streams.edge.clock import WallClock, wall_clock_ms


class LineDecoder:
    """Decodes JSON lines, none of them blank; lines that are logged after `now` are refused.

    Events that occurred after `as_of`, by default the newest accepted time, are left out. The result is not what was
    known at `as_of`: an event that was logged later counts if it occurred before, and every heartbeat counts, since it
    is about events before it.
    """

    def __init__(self, registry: Registry, as_of: int | None = None, now: WallClock = wall_clock_ms) -> None:
        self._decode_line = EventDecoder(registry).decode_line
        self._limit = as_of
        self._now = now
        self.as_of = as_of
        """Up to when the decoded events count; None if no line was accepted and no instant was given."""

    def decode(self, line: bytes) -> Event | Refusal | None:
        """Return the event in a line, its refusal, or None for an event that is left out."""
        event = self._decode_line(line, self._now())
        if isinstance(event, Refusal):
            return event
        if self._limit is None:
            # A conflicting event counts here, too: which of two is refused depends on their order, figures must not.
            self.as_of = event.at if self.as_of is None else max(self.as_of, event.at)
        elif event.at > self._limit and not isinstance(event, Heartbeat):
            return None
        return event


class LoadedFiles(NamedTuple):
    """The result of loading files: the ledger at `as_of`, and the platforms that sent heartbeats.

    `as_of` is None if no line was accepted and no instant was given.
    """

    ledger: Ledger
    rulebook: Rulebook
    summarizer: EventSummarizer
    as_of: int | None
    with_heartbeats: frozenset[str]
    registry: Registry

    def watermark(self, platform: str) -> int:
        """Return the watermark of a platform, epoch ms; without heartbeats, the file is taken as complete."""
        end = self.as_of or 0
        return min(end, self.ledger.watermark(platform)) if platform in self.with_heartbeats else end


class Loader:
    """Loads one line after the other into a ledger; the arguments are those of `load_files`."""

    def __init__(
        self,
        registry: Registry,
        as_of: int | None = None,
        rulebook: Rulebook = STANDARD_RULES,
        now: WallClock = wall_clock_ms,
    ) -> None:
        self._registry, self._rulebook = registry, rulebook
        self._decoder = LineDecoder(registry, as_of, now)
        self._ledger = Ledger(batch_ledger_config(registry, rulebook), MessagePackCodec())
        self._summarizer = EventSummarizer()
        self._with_heartbeats: set[str] = set()

    def load(self, line: bytes) -> tuple[Event | Refusal | None, RefusalReason | None]:
        """Return what the line contains, as `LineDecoder.decode`, and why it is refused, None if it is not."""
        event = self._decoder.decode(line)
        if event is None:
            return None, None
        if isinstance(event, Refusal):
            self._ledger.count_refusal(event.platform, event.reason)
            return event, event.reason
        reason = self._ledger.apply(event)
        if reason is None:
            self._summarizer.add(event)
        if isinstance(event, Heartbeat):
            self._with_heartbeats.add(event.platform)
        return event, reason

    def finish(self) -> LoadedFiles:
        """Decide what is due, and return the result for all lines."""
        as_of = self._decoder.as_of
        self._ledger.advance(as_of or 0)
        return LoadedFiles(
            self._ledger, self._rulebook, self._summarizer, as_of, frozenset(self._with_heartbeats), self._registry
        )


def load_files(
    lines: Iterable[bytes],
    registry: Registry,
    as_of: int | None = None,
    rulebook: Rulebook = STANDARD_RULES,
    now: WallClock = wall_clock_ms,
) -> LoadedFiles:
    """Load JSON lines in their order; which of them count depends on `as_of` and `now` as in `LineDecoder`."""
    loader = Loader(registry, as_of, rulebook, now)
    for line in lines:
        loader.load(line)
    return loader.finish()

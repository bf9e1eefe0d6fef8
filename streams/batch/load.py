"""Load the lines of files into a ledger."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import batch_ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.events import Heartbeat
from streams.domain.integrity.event_summary import EventSummarizer
from streams.domain.ledger.ledger import Ledger
from streams.edge.clock import WallClock, wall_clock_ms


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


def load_files(
    lines: Iterable[bytes],
    registry: Registry,
    as_of: int | None = None,
    rulebook: Rulebook = STANDARD_RULES,
    now: WallClock = wall_clock_ms,
) -> LoadedFiles:
    """Load JSON lines, none of them blank, in their order; lines that are logged after `now` are refused.

    Events that occurred after `as_of`, by default the newest accepted time, are left out. The result is not what was
    known at `as_of`: an event that was logged later counts if it occurred before, and every heartbeat counts, since it
    is about events before it.
    """
    decoder, summarizer = EventDecoder(registry), EventSummarizer()
    ledger = Ledger(batch_ledger_config(registry, rulebook), MessagePackCodec())
    newest: int | None = None
    with_heartbeats = set()
    for line in lines:
        event = decoder.decode_line(line, now())
        if isinstance(event, Refusal):
            ledger.count_refusal(event.platform, event.reason)
        elif as_of is None or event.at <= as_of or isinstance(event, Heartbeat):
            # A conflicting event counts here, too: which of two is refused depends on their order, figures must not.
            newest = event.at if newest is None else max(newest, event.at)
            if ledger.apply(event) is None:
                summarizer.add(event)
            if isinstance(event, Heartbeat):
                with_heartbeats.add(event.platform)
    end = newest if as_of is None else as_of
    ledger.advance(end or 0)
    return LoadedFiles(ledger, rulebook, summarizer, end, frozenset(with_heartbeats), registry)

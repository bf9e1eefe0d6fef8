"""Lines into a ledger: the batch path's way through a file."""

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
    """Files that were read under a registry: the ledger at `as_of`, and who sent heartbeats.

    `as_of` is None where no line was accepted and no instant was asked for.
    """

    ledger: Ledger
    rulebook: Rulebook
    summarizer: EventSummarizer
    as_of: int | None
    with_heartbeats: frozenset[str]
    registry: Registry

    def watermark(self, platform: str) -> int:
        """Return up to when a platform has told everything; without heartbeats, the whole file is taken as told."""
        end = self.as_of or 0
        return min(end, self.ledger.watermark(platform)) if platform in self.with_heartbeats else end


def load_files(
    lines: Iterable[bytes],
    registry: Registry,
    as_of: int | None = None,
    rulebook: Rulebook = STANDARD_RULES,
    now: WallClock = wall_clock_ms,
) -> LoadedFiles:
    """Read JSON lines, none of them blank, as they come; what was told after `now` is refused.

    Events after `as_of` are left out, which defaults to the newest accepted time. That is not what was known then: a
    line told later counts when it happened before, and a heartbeat by what it promises, which is about what happened
    before it.
    """
    decoder, survey = EventDecoder(registry), EventSummarizer()
    ledger = Ledger(batch_ledger_config(registry, rulebook), MessagePackCodec())
    newest: int | None = None
    beating = set()
    for line in lines:
        event = decoder.decode_line(line, now())
        if isinstance(event, Refusal):
            ledger.count_refusal(event.platform, event.reason)
        elif as_of is None or event.at <= as_of or isinstance(event, Heartbeat):
            # Also of one that conflicts: which of two is refused depends on their order, and the figures must not.
            newest = event.at if newest is None else max(newest, event.at)
            if ledger.apply(event) is None:
                survey.add(event)
            if isinstance(event, Heartbeat):
                beating.add(event.platform)
    end = newest if as_of is None else as_of
    ledger.advance(end or 0)
    return LoadedFiles(ledger, rulebook, survey, end, frozenset(beating), registry)

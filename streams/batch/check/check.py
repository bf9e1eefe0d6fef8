"""Check files for `safeclock check`: which lines are refused, and how the accepted lines are understood.

A file with valid syntax can still be wrong as a whole: local time written as UTC, decisions in place of filings, closed
reports only. So the result summarises the accepted lines in addition to the refused ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.summary import PlatformSummary, summarise
from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import batch_ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.events import Event, Heartbeat
from streams.domain.integrity.event_summary import EventSummarizer
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.ledger import Ledger
from streams.edge.clock import WallClock
from streams.edge.files.line_blocks import read_blocks
from streams.edge.files.refusal_groups import RefusalCounts, RefusedLines


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFiles:
    """The result of a check: `events` and `heartbeats` count accepted lines; `as_of` is the newest time, or None."""

    events: int
    heartbeats: int
    refused: tuple[RefusedLines, ...]
    as_of: int | None
    platforms: tuple[PlatformSummary, ...]

    @property
    def exit_code(self) -> int:
        """0 if no line was refused, otherwise 1."""
        return int(bool(self.refused))


def check(
    paths: Iterable[Path], registry: Registry, now: WallClock, rulebook: Rulebook = STANDARD_RULES
) -> CheckedFiles:
    """Check the files at `paths`; `-` is the standard input.

    Events that occurred or were logged after `now` are refused. Raises OSError for a file that cannot be read.
    """
    checker = _Checker(registry, now, rulebook)
    for block in read_blocks(paths):
        for index, line in block.non_blank_lines():
            checker.check_line(line, block.location(index))
    return checker.result()


@dataclass(slots=True)
class _Accepted:
    """Summaries of the accepted lines."""

    events: int = 0
    heartbeats: int = 0
    newest_at: int | None = None
    with_heartbeats: set[str] = field(default_factory=set)
    summarizer: EventSummarizer = field(default_factory=EventSummarizer)
    profiles: dict[str, LineProfile] = field(default_factory=dict)

    def profile_for(self, platform: str) -> LineProfile:
        """Return the line profile of a platform, a new one for a new platform."""
        found = self.profiles.get(platform)
        if found is None:
            found = self.profiles[platform] = LineProfile()
        return found


class _Checker:
    """Apply one line after the other to a ledger, as a worker does."""

    def __init__(self, registry: Registry, now: WallClock, rulebook: Rulebook) -> None:
        self._decoder = EventDecoder(registry)
        self._config: LedgerConfig = batch_ledger_config(registry, rulebook)
        self._ledger = Ledger(self._config, MessagePackCodec())
        self._now = now
        self._refusals = RefusalCounts()
        self._accepted = _Accepted()

    def check_line(self, line: bytes, location: str) -> None:
        """Check one line; `location` is its file and line number."""
        event = self._decoder.decode_line(line, self._now())
        if isinstance(event, Refusal):
            self._count_refusal(event, line, location)
        else:
            self._apply(event, line, location)

    def result(self) -> CheckedFiles:
        """Return the result for all lines."""
        accepted = self._accepted
        self._ledger.advance(accepted.newest_at or 0)
        for reason, platform in self._ledger.drain_late_refusals():
            self._refusals.add(Refusal(reason, "", platform), "")
        return CheckedFiles(
            events=accepted.events,
            heartbeats=accepted.heartbeats,
            refused=self._refusals.groups(),
            as_of=accepted.newest_at,
            platforms=summarise(
                self._ledger, self._config.clocks, accepted.summarizer.summaries(), accepted.profiles, self._watermark
            ),
        )

    def _count_refusal(self, refusal: Refusal, line: bytes, location: str) -> None:
        """Count a line that the decoder refused, also for its platform if that is known."""
        self._refusals.add(refusal, location, line)
        if refusal.platform:
            self._ledger.count_refusal(refusal.platform, refusal.reason)
            self._accepted.profile_for(refusal.platform).add_refused(refusal, line, self._now())

    def _apply(self, event: Event, line: bytes, location: str) -> None:
        accepted = self._accepted
        # A conflicting event counts here, too: which of two is refused depends on their order, figures must not.
        accepted.newest_at = event.at if accepted.newest_at is None else max(accepted.newest_at, event.at)
        reason = self._ledger.apply(event)
        if not isinstance(event, Heartbeat):
            accepted.profile_for(event.platform).add_event(event, line, reason)
        if reason is not None:
            self._refusals.add(Refusal(reason, "", event.platform), location)
            return
        accepted.summarizer.add(event)
        if isinstance(event, Heartbeat):
            accepted.heartbeats += 1
            accepted.with_heartbeats.add(event.platform)
            accepted.profile_for(event.platform).add_heartbeat(event)
        else:
            accepted.events += 1

    def _watermark(self, platform: str) -> int:
        """Return the watermark of a platform, epoch ms; without heartbeats the file is taken as complete."""
        newest = self._accepted.newest_at or 0
        return min(newest, self._ledger.watermark(platform)) if platform in self._accepted.with_heartbeats else newest

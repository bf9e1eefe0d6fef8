"""`safeclock check`: is every line accepted, and is it understood as it was meant?

Syntax alone would pass a file that is wrong throughout: local time written as UTC, decisions in the place of filings,
closed reports alone. So what was understood is told beside what was refused.
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
    """What was found: `events` and `heartbeats` are accepted lines; `as_of` is the newest time, None for none."""

    events: int
    heartbeats: int
    refused: tuple[RefusedLines, ...]
    as_of: int | None
    platforms: tuple[PlatformSummary, ...]

    @property
    def exit_code(self) -> int:
        """0 when nothing was refused, else 1."""
        return int(bool(self.refused))


def check(
    paths: Iterable[Path], registry: Registry, now: WallClock, rulebook: Rulebook = STANDARD_RULES
) -> CheckedFiles:
    """Read the files at `paths`, `-` being the standard input.

    What happened or was told after `now` is refused. Raises OSError for a file that cannot be read.
    """
    platform = _Checker(registry, now, rulebook)
    for block in read_blocks(paths):
        for index, line in block.non_blank_lines():
            platform.check_line(line, block.location(index))
    return platform.result()


@dataclass(slots=True)
class _Accepted:
    """What was accepted."""

    events: int = 0
    heartbeats: int = 0
    newest_at: int | None = None
    with_heartbeats: set[str] = field(default_factory=set)
    summarizer: EventSummarizer = field(default_factory=EventSummarizer)
    profiles: dict[str, LineProfile] = field(default_factory=dict)

    def profile_for(self, platform: str) -> LineProfile:
        """Return what is gathered about a platform."""
        found = self.profiles.get(platform)
        if found is None:
            found = self.profiles[platform] = LineProfile()
        return found


class _Checker:
    """Takes one line after the other into a ledger, as a worker would."""

    def __init__(self, registry: Registry, now: WallClock, rulebook: Rulebook) -> None:
        self._decoder = EventDecoder(registry)
        self._config: LedgerConfig = batch_ledger_config(registry, rulebook)
        self._ledger = Ledger(self._config, MessagePackCodec())
        self._now = now
        self._refusals = RefusalCounts()
        self._accepted = _Accepted()

    def check_line(self, line: bytes, place: str) -> None:
        """Read one line; `place` is where it stands."""
        event = self._decoder.decode_line(line, self._now())
        if isinstance(event, Refusal):
            self._count_refusal(event, line, place)
        else:
            self._apply(event, line, place)

    def result(self) -> CheckedFiles:
        """Return what was found in all lines."""
        heard = self._accepted
        self._ledger.advance(heard.newest_at or 0)
        for reason, platform in self._ledger.drain_late_refusals():
            self._refusals.add(Refusal(reason, "", platform), "")
        return CheckedFiles(
            events=heard.events,
            heartbeats=heard.heartbeats,
            refused=self._refusals.groups(),
            as_of=heard.newest_at,
            platforms=summarise(
                self._ledger, self._config.clocks, heard.summarizer.summaries(), heard.profiles, self._watermark
            ),
        )

    def _count_refusal(self, refusal: Refusal, line: bytes, place: str) -> None:
        """Count a line that is refused before the ledger; its platform is told of what it has wrong, if it is known."""
        self._refusals.add(refusal, place, line)
        if refusal.platform:
            self._ledger.count_refusal(refusal.platform, refusal.reason)
            self._accepted.profile_for(refusal.platform).add_refused(refusal, line, self._now())

    def _apply(self, event: Event, line: bytes, place: str) -> None:
        heard = self._accepted
        # Also of one that conflicts: which of two is refused depends on their order, and the figures must not.
        heard.newest_at = event.at if heard.newest_at is None else max(heard.newest_at, event.at)
        reason = self._ledger.apply(event)
        if not isinstance(event, Heartbeat):
            heard.profile_for(event.platform).add_event(event, line, reason)
        if reason is not None:
            self._refusals.add(Refusal(reason, "", event.platform), place)
            return
        heard.summarizer.add(event)
        if isinstance(event, Heartbeat):
            heard.heartbeats += 1
            heard.with_heartbeats.add(event.platform)
            heard.profile_for(event.platform).add_heartbeat(event)
        else:
            heard.events += 1

    def _watermark(self, platform: str) -> int:
        """Return up to when a platform has told everything; without heartbeats the file is taken as complete."""
        newest = self._accepted.newest_at or 0
        return min(newest, self._ledger.watermark(platform)) if platform in self._accepted.with_heartbeats else newest

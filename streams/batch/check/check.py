"""Check files for `safeclock check`: which lines are refused, and how the accepted lines are understood.

A file with valid syntax can still be wrong as a whole: local time written as UTC, decisions in place of filings, closed
reports only. So the result summarises the accepted lines in addition to the refused ones.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.summary import PlatformSummary, summarise
from streams.batch.load import Loader
from streams.contract.events.decoder import Refusal
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.events import Event, Heartbeat
from streams.domain.vocabulary import RefusalReason
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


class _Checker:
    """Load one line after the other, and keep what the ledger does not: where lines are refused, and line profiles."""

    def __init__(self, registry: Registry, now: WallClock, rulebook: Rulebook) -> None:
        self._loader = Loader(registry, None, rulebook, now)
        self._now = now
        self._refusals = RefusalCounts()
        self._profiles: defaultdict[str, LineProfile] = defaultdict(LineProfile)
        self._events = self._heartbeats = 0

    def check_line(self, line: bytes, location: str) -> None:
        """Check one line; `location` is its file and line number."""
        event, reason = self._loader.load(line)
        if isinstance(event, Refusal):
            self._refusals.add(event, location, line)
            if event.platform:
                self._profiles[event.platform].add_refused(event, line, self._now())
        elif event is not None:
            self._add_event(event, line, reason)
            if reason is not None:
                self._refusals.add(Refusal(reason, "", event.platform), location)

    def result(self) -> CheckedFiles:
        """Return the result for all lines."""
        loaded = self._loader.finish()
        for reason, platform in loaded.ledger.drain_late_refusals():
            self._refusals.add(Refusal(reason, "", platform), "")
        return CheckedFiles(
            events=self._events,
            heartbeats=self._heartbeats,
            refused=self._refusals.groups(),
            as_of=loaded.as_of,
            platforms=summarise(loaded, self._profiles),
        )

    def _add_event(self, event: Event, line: bytes, reason: RefusalReason | None) -> None:
        profile = self._profiles[event.platform]
        if not isinstance(event, Heartbeat):
            profile.add_event(event, line, reason)
            self._events += reason is None
        elif reason is None:
            profile.add_heartbeat(event)
            self._heartbeats += 1

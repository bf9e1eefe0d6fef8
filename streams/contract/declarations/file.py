"""Read a declaration from TOML and report all mistakes at once, with file, line and field.

docs/verdict.md describes the fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from streams.contract.declarations import fields
from streams.contract.declarations.declaration import Declaration, GuardTerms, day_number
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.contract.toml_reader import (
    TOP_LEVEL,
    Table,
    TableRef,
    TomlFileError,
    TomlReader,
    closest_word,
    decode_file,
    quoted,
    unreadable_file_problem,
)
from streams.domain.clocks.definition import group_by_id
from streams.domain.duration_bins import DAY
from streams.domain.verdict.comparison.filed_weeks import Window, week_of
from streams.domain.verdict.declared_cells import CellName

_TOP_FIELDS: Final = {
    *("schema", "id", "declared", "by", "question", "clock", "horizon", "cells", "platforms", "harms"),
    *("dates_in_twelve_months", "baseline", "current", "margins", "guards"),
}
_GUARD_FIELDS: Final = {"clock", "within", "better", "margin"}
_BASELINE, _CURRENT, _MARGINS = (TableRef(f"{kind}: ", kind) for kind in ("baseline", "current", "margins"))
_NO_WINDOW: Final = Window(0, 0)


class DeclarationError(TomlFileError):
    """A declaration with mistakes."""


def read_declaration(path: Path, registry: Registry, rulebook: Rulebook) -> Declaration:
    """Return the declaration in the TOML file at `path`.

    Raises DeclarationError with every mistake in the file, or for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DeclarationError([unreadable_file_problem(path, error)]) from error
    return parse_declaration(content, str(path), registry, rulebook)


def parse_declaration(content: bytes, name: str, registry: Registry, rulebook: Rulebook) -> Declaration:
    """Return the declaration in the TOML of `content`; `name` is the file's name in the messages of an error."""
    try:
        reader = _DeclarationParser(name, decode_file(content, name), registry=registry, rulebook=rulebook)
        declaration = reader.parse(reader.load(), sha256(content).hexdigest())
    except TomlFileError as error:
        raise DeclarationError(list(error.problems)) from error
    if reader.problems:
        raise DeclarationError(reader.problems)
    return declaration


@dataclass
class _DeclarationParser(TomlReader):
    """Reads a declaration; the checks between fields run only on fields that could be read."""

    registry: Registry = field(default_factory=Registry.accepting_all)
    rulebook: Rulebook = STANDARD_RULES

    def parse(self, tree: Table, digest: str) -> Declaration:
        self.reject_unknown(TOP_LEVEL, tree, _TOP_FIELDS)
        self.read_field(TOP_LEVEL, tree, "schema", fields.SCHEMA)
        baseline = self._parse_window(_BASELINE, tree, {"first", "weeks"})
        current = self._parse_window(_CURRENT, tree, {"first", "weeks", "decide"})
        self._check_order(baseline, current)
        declared = self.read_field(TOP_LEVEL, tree, "declared", fields.DAY) or date.max
        horizon = self.read_field(TOP_LEVEL, tree, "horizon", fields.DURATION)
        platforms = self._parse_platforms(tree)
        self._check_declared(tree, declared, current)
        least, same = self._parse_margins(tree)
        return Declaration(
            id=self.read_field(TOP_LEVEL, tree, "id", fields.ID),
            declared=declared,
            by=self.read_field(TOP_LEVEL, tree, "by", fields.BY),
            question=self.read_field(TOP_LEVEL, tree, "question", fields.QUESTION),
            clock=self._parse_speed_clock(tree),
            horizon=horizon,
            cells=self._parse_cells(tree, platforms),
            dates_in_twelve_months=self.read_field(TOP_LEVEL, tree, "dates_in_twelve_months", fields.DATES),
            baseline=baseline,
            current=current,
            decide=self._parse_decide(tree, current, horizon, platforms),
            least=least,
            same=same,
            guards=self._parse_guards(tree),
            sha256=digest,
        )

    def _parse_window(self, ref: TableRef, tree: Table, names: set[str]) -> Window:
        entry = self.read_field(TOP_LEVEL, tree, ref.kind, fields.TABLE)
        if not entry:
            return _NO_WINDOW
        self.reject_unknown(ref, entry, names)
        first = self.read_field(ref, entry, "first", fields.MONDAY)
        weeks = self.read_field(ref, entry, "weeks", fields.WEEKS)
        return Window(week_of(day_number(first)), weeks) if first and weeks else _NO_WINDOW

    def _check_order(self, baseline: Window, current: Window) -> None:
        if baseline.weeks and current.weeks and current.first_week < baseline.first_week + baseline.weeks:
            self.add_problem(_CURRENT, "first", f"expected a Monday after {baseline.last_day}, when the baseline ends")

    def _check_declared(self, tree: Table, declared: date, current: Window) -> None:
        if "declared" in tree and declared < date.max and current.weeks and current.first_day <= declared:
            self.add_problem(
                TOP_LEVEL,
                "declared",
                f"expected a day before {current.first_day}, when current begins, got {declared}",
            )

    def _parse_decide(self, tree: Table, current: Window, horizon: int, platforms: Sequence[str]) -> date:
        """Return the day of decision; it is early enough only if every report is as old as the horizon and a cadence."""
        entry = tree.get("current")
        if not isinstance(entry, dict):
            return date.max
        decide = self.read_field(_CURRENT, entry, "decide", fields.DAY)
        if decide is None or not current.weeks or not horizon:
            return date.max
        cadence = max((found.cadence_ms for found in map(self.registry.platform, platforms) if found), default=0)
        earliest = current.last_day + timedelta(days=1 + -(-(horizon + cadence) // DAY))
        if decide < earliest:
            self.add_problem(
                _CURRENT,
                "decide",
                f"expected {earliest} or later: the horizon and the cadence after the last day, got {decide}",
            )
        return decide

    def _parse_platforms(self, tree: Table) -> list[str]:
        platforms = self.read_field(TOP_LEVEL, tree, "platforms", fields.PLATFORMS)
        for platform in platforms:
            if self.registry.platform(platform) is None:
                known = closest_word(platform, self.registry.platforms) or "a platform of the registry"
                self.add_problem(TOP_LEVEL, "platforms", f"expected {known}, got {quoted(platform)}")
        return platforms

    def _parse_cells(self, tree: Table, platforms: Sequence[str]) -> tuple[CellName, ...]:
        labels = self.read_field(TOP_LEVEL, tree, "cells", fields.CELLS)
        harms = self.read_field(TOP_LEVEL, tree, "harms", fields.HARMS)
        if not labels:
            return ()
        if ("harm" in labels) != bool(harms):
            expected = "at least one harm" if "harm" in labels else "an empty list"
            self.add_problem(TOP_LEVEL, "harms", f"expected {expected}, since cells is {quoted(labels)}")
        return tuple(CellName(platform, harm) for platform in platforms for harm in harms or [""])

    def _parse_speed_clock(self, tree: Table) -> str:
        clock = self.read_field(TOP_LEVEL, tree, "clock", fields.CLOCK)
        known = group_by_id(self.rulebook.clocks)
        if clock and clock not in known:
            expected = closest_word(clock, known) or f"one of {', '.join(sorted(known))}"
            self.add_problem(TOP_LEVEL, "clock", f"expected {expected}, got {quoted(clock)}")
        return clock

    def _parse_margins(self, tree: Table) -> tuple[float, float]:
        entry = self.read_field(TOP_LEVEL, tree, "margins", fields.TABLE)
        if not entry:
            return 0.0, 0.0
        self.reject_unknown(_MARGINS, entry, {"least", "same"})
        least = self.read_field(_MARGINS, entry, "least", fields.SHARE)
        same = self.read_field(_MARGINS, entry, "same", fields.SHARE)
        if least and same and 2 * least > same:
            self.add_problem(_MARGINS, "least", f"expected at most half of same, {same / 2:g}, got {least:g}")
        return least, same

    def _parse_guards(self, tree: Table) -> Mapping[str, GuardTerms]:
        guards = self.read_field(TOP_LEVEL, tree, "guards", fields.TABLE)
        return {
            name: self._parse_guard(TableRef(f"guard {name!r}: ", f"guards.{name}"), guards, name) for name in guards
        }

    def _parse_guard(self, ref: TableRef, guards: Table, name: str) -> GuardTerms:
        entry = self.read_field(TOP_LEVEL, guards, name, fields.TABLE)
        self.reject_unknown(ref, entry, _GUARD_FIELDS)
        terms = GuardTerms(
            clock=self.read_field(ref, entry, "clock", fields.CLOCK),
            within=self.read_field(ref, entry, "within", fields.DURATION),
            more_is_better=self.read_field(ref, entry, "better", fields.BETTER) == "more",
            margin=self.read_field(ref, entry, "margin", fields.SHARE),
        )
        if 0 < terms.within < DAY:
            self.add_problem(ref, "within", f"expected one day or more, got {quoted(entry['within'])}")
        return terms

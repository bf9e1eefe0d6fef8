"""The clocks for which figures are exported: those of the rulebook, and former ones that still run on reports."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.contract.packs.rulebook import Rule, Rulebook
from streams.domain.clocks.definition import Clock, group_by_id
from streams.domain.cohorts.objectives import Target


class ExportedClock(NamedTuple):
    """A clock as it is exported: all definitions of one id, and its rules in the order of the rulebook.

    A clock without `rules` was removed from its pack; the figures that were counted for this clock remain.
    """

    id: str
    versions: tuple[Clock, ...]
    rules: tuple[Rule, ...]

    @property
    def has_limit(self) -> bool:
        """Whether any version of the clock has a limit."""
        return any(clock.limit is not None for clock in self.versions)

    @property
    def can_pause(self) -> bool:
        """Whether any version of the clock can be paused."""
        return any(clock.pauses for clock in self.versions)

    def rule_at(self, at: int) -> Rule | None:
        """Return the latest rule that is in force at an instant, or the first rule if none is in force yet."""
        begun = [rule for rule in self.rules if rule.clock.validity[0][0] <= at]
        return max(begun, key=lambda rule: rule.clock.validity[0][0]) if begun else next(iter(self.rules), None)

    def target_at(self, at: int) -> Target | None:
        """Return the target that applies at an instant, or None."""
        rule = self.rule_at(at)
        return None if rule is None else rule.target


def exported_clocks(rulebook: Rulebook, loaded_clocks: Iterable[Clock] = ()) -> tuple[ExportedClock, ...]:
    """Return the clocks of a rulebook, then those of `loaded_clocks` that the rulebook no longer contains."""
    former = {clock.key: clock for clock in loaded_clocks}
    known = {clock.key: clock for clock in rulebook.clocks}
    left = sorted((clock for key, clock in former.items() if key not in known), key=lambda clock: clock.key)
    return tuple(
        [
            ExportedClock(name, versions, tuple([rule for rule in rulebook.rules if rule.clock.id == name]))
            for name, versions in group_by_id((*rulebook.clocks, *left)).items()
        ]
    )

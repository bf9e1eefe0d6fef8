"""The clocks that figures are told of: those of the rulebook, and former ones that reports still stand under."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.contract.packs.rulebook import Rule, Rulebook
from streams.domain.clocks.definition import Clock, group_by_id
from streams.domain.cohorts.objectives import Target


class ExportedClock(NamedTuple):
    """A clock as it is told: all definitions of one id, and what the rulebook asks of it, in its order.

    Without `rules` it has left the pack: what was counted under it stays.
    """

    id: str
    versions: tuple[Clock, ...]
    rules: tuple[Rule, ...]

    @property
    def has_limit(self) -> bool:
        """Whether it has a limit."""
        return any(clock.limit is not None for clock in self.versions)

    @property
    def can_pause(self) -> bool:
        """Whether it can be paused."""
        return any(clock.pauses for clock in self.versions)

    def rule_at(self, at: int) -> Rule | None:
        """Return the rule that came into force last at an instant, the first one before there is any."""
        begun = [rule for rule in self.rules if rule.clock.validity[0][0] <= at]
        return max(begun, key=lambda rule: rule.clock.validity[0][0]) if begun else next(iter(self.rules), None)

    def target_at(self, at: int) -> Target | None:
        """Return what is asked at an instant, None where nothing is."""
        rule = self.rule_at(at)
        return None if rule is None else rule.target


def exported_clocks(rulebook: Rulebook, loaded_clocks: Iterable[Clock] = ()) -> tuple[ExportedClock, ...]:
    """Return the clocks of a rulebook, then those that were `loaded` and are in it no more."""
    former = {clock.key: clock for clock in loaded_clocks}
    known = {clock.key: clock for clock in rulebook.clocks}
    left = sorted((clock for key, clock in former.items() if key not in known), key=lambda clock: clock.key)
    return tuple(
        [
            ExportedClock(name, versions, tuple([rule for rule in rulebook.rules if rule.clock.id == name]))
            for name, versions in group_by_id((*rulebook.clocks, *left)).items()
        ]
    )

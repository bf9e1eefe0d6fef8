"""A declaration: the question of a comparison, its cells, its two windows and its guards, as written in one file."""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.duration_bins import DAY
from streams.domain.verdict.comparison.filed_weeks import EPOCH, Window
from streams.domain.verdict.decision import Rule
from streams.domain.verdict.declared_cells import CellName
from streams.domain.verdict.guards import Guard

LONG_WINDOW_WEEKS: Final = 26
_LEVEL_OF_LONG_WINDOWS: Final = 0.10
_LEVEL_OF_SHORT_WINDOWS: Final = 0.06
_DECISION_DELAY: Final = 30 * DAY
"""A clock that a decision starts begins later than the filing: so much later at most, for a guard to be ripe."""
_WEEKS_OF_YEAR: Final = 365.2425 / 7
_HASH_DIGITS: Final = 12


class GuardTerms(NamedTuple):
    """A share that must not get worse by `margin`: reports whose `clock` ended within `within` milliseconds."""

    clock: str
    within: int
    more_is_better: bool
    margin: float


class Declaration(NamedTuple):
    """What a file declares.

    `horizon` in milliseconds. `decide` is the day of the decision, `declared` the day that the file states. `least` and
    `same` are parts of the baseline's mean wait. `sha256` is the digest of the file's bytes, in hexadecimal digits.
    """

    id: str
    declared: date
    by: str
    question: str
    clock: str
    horizon: int
    cells: tuple[CellName, ...]
    dates_in_twelve_months: int
    baseline: Window
    current: Window
    decide: date
    least: float
    same: float
    guards: Mapping[str, GuardTerms]
    sha256: str

    @property
    def short_hash(self) -> str:
        """The first twelve digits of the file's SHA-256."""
        return self.sha256[:_HASH_DIGITS]

    @property
    def name(self) -> str:
        """The id and the short hash, such as `2027-h1#0123456789ab`."""
        return f"{self.id}#{self.short_hash}"

    @property
    def decide_on(self) -> int:
        """The day of the decision, in days since 1970."""
        return day_number(self.decide)

    @property
    def level(self) -> float:
        """The false discovery rate of the date: short windows have a stricter one (calibrated, docs/verdict.md)."""
        is_long = min(self.baseline.weeks, self.current.weeks) >= LONG_WINDOW_WEEKS
        return (_LEVEL_OF_LONG_WINDOWS if is_long else _LEVEL_OF_SHORT_WINDOWS) / self.dates_in_twelve_months

    @property
    def excludes_season(self) -> bool:
        """Whether both windows are the same weeks of a year, or one week apart, so that a season cancels out."""
        weeks = self.current.first_week - self.baseline.first_week
        years = round(weeks / _WEEKS_OF_YEAR)
        is_same_time = years > 0 and abs(weeks - years * _WEEKS_OF_YEAR) <= 1
        return is_same_time and self.baseline.weeks == self.current.weeks

    def rule(self, clocks: Mapping[str, tuple[Clock, ...]]) -> Rule:
        """Return the rule that decides; `clocks` are the versions of every clock by its id."""
        return Rule(
            clock=self.clock,
            baseline=self.baseline,
            current=self.current,
            horizon=self.horizon,
            decide_on=self.decide_on,
            level=self.level,
            least=self.least,
            same=self.same,
            guards={name: _guard(terms, clocks.get(terms.clock, ())) for name, terms in self.guards.items()},
        )


def _guard(terms: GuardTerms, versions: tuple[Clock, ...]) -> Guard:
    starts_at_filing = bool(versions) and not any(clock.starts for clock in versions)
    return Guard(
        clock=terms.clock,
        within=terms.within,
        margin=terms.margin,
        ripe_after=terms.within + (0 if starts_at_filing else _DECISION_DELAY),
        more_is_better=terms.more_is_better,
    )


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970."""
    return (day - EPOCH).days

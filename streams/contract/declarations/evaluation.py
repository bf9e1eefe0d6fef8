"""Evaluate a declaration: the verdict on each declared cell, from the cohorts and the instant of declaration."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.label_checks import LabelChecks
from streams.domain.clocks.definition import Clock
from streams.domain.cohorts.cohort import CohortKey, parse_key
from streams.domain.cohorts.profile import is_total, unpack_profile
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.verdict.decision import Decision, DeclaredCell, Verdict, decide, hold_back
from streams.domain.verdict.declared_cells import CellName, DeclaredReports
from streams.domain.verdict.sentences import exploratory_sentence, sentence
from streams.domain.verdict.so_far import SoFar, compare_so_far


class Standing(StrEnum):
    """Whether a declaration was made before its current window began, as far as anybody can see."""

    DECLARED = "declared"
    EXPLORATORY = "exploratory"
    DEMO = "demo"


class FirstSeen(NamedTuple):
    """When a declaration was first seen (epoch ms); `is_demo`: the instant was taken from a record's own time."""

    at: int
    is_demo: bool = False


class CellVerdict(NamedTuple):
    """The verdict on one declared cell.

    `verdict` is None for an exploratory declaration, which gets figures and no word.
    """

    cell: CellName
    verdict: Verdict | None
    decision: Decision
    so_far: SoFar | None
    sentence: str


class DeclarationVerdicts(NamedTuple):
    """The verdicts of a declaration, one for each declared cell."""

    declaration: Declaration
    standing: Standing
    first_seen: FirstSeen | None
    cells: tuple[CellVerdict, ...]


class EvaluationInput(NamedTuple):
    """The declared cells of a declaration, and by platform the integrity checks of labels that fail."""

    cells: list[DeclaredCell]
    failed_checks: Mapping[str, tuple[str, ...]]


class DeclarationEvaluator:
    """Keeps the reports of a declaration's cells, and evaluates them.

    `clocks` are the versions of every clock by its id; `classifier_of` returns a platform's classifier for the checks of
    labels.
    """

    def __init__(
        self,
        declaration: Declaration,
        clocks: Mapping[str, tuple[Clock, ...]],
        classifier_of: Callable[[str], ReportClassifier],
    ) -> None:
        self.declaration = declaration
        self._rule = declaration.rule(clocks)
        self._reports = DeclaredReports(declaration.cells, self._rule, clocks)
        self._label_checks = LabelChecks(self._rule, classifier_of)

    def add_cohort(self, stored: str, cohort: Mapping[bytes, int]) -> None:
        """Add a whole cohort, by the name under which it is stored."""
        key = parse_key(stored)
        for name, count in cohort.items():
            self.add(key, name, count)

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        """Count that the number that a cohort stores under `name` has changed by `by`."""
        if not self._reports.has(key):
            return
        self._label_checks.add(key, name, by)
        if not is_total(name):
            self._reports.add(key, unpack_profile(name), by)

    def collect(self, complete_through: Callable[[str], int]) -> EvaluationInput:
        """Return the declared cells as they are now; `complete_through` in epoch ms, 0 for a platform without."""
        platforms = dict.fromkeys(cell.platform for cell in self.declaration.cells)
        failed = {platform: self._label_checks.failed(platform) for platform in platforms}
        return EvaluationInput(self._reports.to_cells(complete_through), failed)

    def judge(self, found: EvaluationInput, first_seen: FirstSeen | None, today: int) -> DeclarationVerdicts:
        """Return the verdicts on collected cells; `today` in days since 1970. Reads nothing that changes."""
        standing = standing_of(self.declaration, first_seen)
        decisions = decide(found.cells, self._rule, today)
        verdicts = []
        for name, cell, decision in zip(self.declaration.cells, found.cells, decisions, strict=True):
            held = hold_back(decision, found.failed_checks[name.platform])
            so_far = compare_so_far(cell, self._rule) if decision.verdict is Verdict.SO_FAR else None
            verdicts.append(
                self._cell_verdict(name, decision if standing is Standing.EXPLORATORY else held, so_far, standing)
            )
        return DeclarationVerdicts(self.declaration, standing, first_seen, tuple(verdicts))

    def _cell_verdict(
        self, name: CellName, decision: Decision, so_far: SoFar | None, standing: Standing
    ) -> CellVerdict:
        if standing is Standing.EXPLORATORY:
            return CellVerdict(name, None, decision, so_far, exploratory_sentence(name.title, decision, self._rule))
        text = sentence(name.title, decision, self._rule, len(self.declaration.cells), so_far)
        return CellVerdict(name, decision.verdict, decision, so_far, text)


def standing_of(declaration: Declaration, first_seen: FirstSeen | None) -> Standing:
    """Return the standing: exploratory without an instant, or if the current window had begun at the instant."""
    if first_seen is None or first_seen.at >= declaration.current.start:
        return Standing.EXPLORATORY
    return Standing.DEMO if first_seen.is_demo else Standing.DECLARED

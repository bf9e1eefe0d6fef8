"""Evaluates the declarations of verdicts on the cohorts that a board has read."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from dashboards.board.metrics.verdicts import verdict_samples
from dashboards.board.samples import Samples
from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.evaluation import DeclarationEvaluator, DeclarationVerdicts, FirstSeen
from streams.contract.outputs.measures import DeclarationRecord
from streams.contract.packs.exported_clocks import ExportedClock
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.integrity.classifier import ReportClassifier

_IDLE_FACTOR: Final = 20
"""The pause after an evaluation is this many times as long as the evaluation, since cohorts change all the time."""


class BoardVerdicts:
    """The evaluators of a board's declarations; `classifier_of` returns a platform's classifier for checks of labels.

    `current` are the verdicts that were evaluated last.
    """

    def __init__(self, declarations: Sequence[Declaration], classifier_of: Callable[[str], ReportClassifier]) -> None:
        self.current: tuple[DeclarationVerdicts, ...] = ()
        self._declarations = declarations
        self._classifier_of = classifier_of
        self._clocks: Sequence[ExportedClock] = ()
        self._evaluators: list[DeclarationEvaluator] = []
        self._next_evaluation = 0.0

    @property
    def samples(self) -> Samples:
        """The series of the current verdicts."""
        return verdict_samples(self.current)

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        """Count that the number that a cohort stores under `name` has changed by `by`."""
        for evaluator in self._evaluators:
            evaluator.add(key, name, by)

    def select_clocks(
        self, clocks: Sequence[ExportedClock], cohorts: Callable[[], Iterable[tuple[str, Mapping[bytes, int]]]]
    ) -> None:
        """Count from now on under these clocks, whose versions change with the packs; reads all cohorts after a change."""
        if not self._declarations or clocks == self._clocks:
            return
        self._clocks, self._next_evaluation = clocks, 0.0
        versions = {clock.id: clock.versions for clock in clocks}
        self._evaluators = [DeclarationEvaluator(one, versions, self._classifier_of) for one in self._declarations]
        for stored, cohort in cohorts():
            for evaluator in self._evaluators:
                evaluator.add_cohort(stored, cohort)

    async def evaluate(
        self, records: Mapping[str, DeclarationRecord], complete_through: Callable[[str], int], today: int
    ) -> None:
        """Evaluate every declaration, unless that was done a moment ago; `today` in days since 1970.

        `records` are the declarations that workers have recorded, by SHA-256. Other tasks run meanwhile.
        """
        started = time.perf_counter()
        if started < self._next_evaluation:
            return
        verdicts = []
        for evaluator in self._evaluators:
            found = evaluator.collect(complete_through)
            first_seen = _first_seen(records.get(evaluator.declaration.sha256))
            verdicts.append(await asyncio.to_thread(evaluator.judge, found, first_seen, today))
        self.current = tuple(verdicts)
        ended = time.perf_counter()
        self._next_evaluation = ended + _IDLE_FACTOR * (ended - started)


def _first_seen(record: DeclarationRecord | None) -> FirstSeen | None:
    return FirstSeen(record.first_seen, record.is_demo) if record is not None and record.first_seen else None

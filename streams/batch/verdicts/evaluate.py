"""Evaluate declarations on the cohorts of files, as the board evaluates them on those of the workers."""

from collections.abc import Iterator, Sequence

from streams.batch.load import LoadedFiles
from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.evaluation import DeclarationEvaluator, DeclarationVerdicts, FirstSeen
from streams.contract.packs.exported_clocks import exported_clocks
from streams.contract.registry.classifiers import classifiers
from streams.domain.clocks.definition import Clock
from streams.domain.cohorts.cohort import parse_key, profiles
from streams.domain.duration_bins import DAY
from streams.domain.verdict.decision import DeclaredCell, Rule
from streams.domain.verdict.declared_cells import CellName, DeclaredReports
from streams.domain.verdict.planning import Outlook, estimate_outlook, latest_window


def evaluate_files(
    loaded: LoadedFiles, declarations: Sequence[Declaration], first_seen: int | None, now: int
) -> list[DeclarationVerdicts]:
    """Return the verdicts of declarations at `now`; they were first seen at one instant, None if it is not known.

    Instants are in epoch milliseconds.
    """
    seen = None if first_seen is None else FirstSeen(first_seen)
    clocks = _clocks(loaded)
    classifier_of = classifiers(loaded.registry, loaded.rulebook.clocks)
    evaluators = [DeclarationEvaluator(one, clocks, classifier_of) for one in declarations]
    for stored, cohort in loaded.ledger.stored_cohorts().items():
        for evaluator in evaluators:
            evaluator.add_cohort(stored, cohort)
    return [evaluator.judge(evaluator.collect(loaded.watermark), seen, now // DAY) for evaluator in evaluators]


def estimate_outlooks(loaded: LoadedFiles, declaration: Declaration) -> Iterator[tuple[CellName, Outlook | None]]:
    """Yield for each declared cell what its comparison could find, judged by the reports in the files."""
    rule = declaration.rule(_clocks(loaded))
    for cell in declaration.cells:
        window = latest_window(rule, loaded.watermark(cell.platform))
        at_hand = rule._replace(baseline=window, current=window)
        yield cell, estimate_outlook(_reports_at_hand(loaded, cell, at_hand), rule, window)


def _reports_at_hand(loaded: LoadedFiles, cell: CellName, rule: Rule) -> DeclaredCell:
    reports = DeclaredReports((cell,), rule, _clocks(loaded))
    for stored, cohort in loaded.ledger.stored_cohorts().items():
        key = parse_key(stored)
        if reports.has(key):
            for profile, count in profiles(cohort):
                reports.add(key, profile, count)
    return reports.to_cells(loaded.watermark)[0]


def _clocks(loaded: LoadedFiles) -> dict[str, tuple[Clock, ...]]:
    return {clock.id: clock.versions for clock in exported_clocks(loaded.rulebook)}

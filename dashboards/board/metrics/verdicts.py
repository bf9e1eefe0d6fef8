"""Computes the metrics of declared verdicts."""

from collections.abc import Iterator, Sequence

from dashboards.board.samples import LabelledValues, Samples
from dashboards.board.snapshot import merge_samples
from streams.contract.declarations.evaluation import CellVerdict, DeclarationVerdicts
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.verdict.comparison.contrast import Contrast
from streams.domain.verdict.decision import Verdict
from streams.domain.verdict.so_far import SoFar


def verdict_samples(evaluated: Sequence[DeclarationVerdicts]) -> Samples:
    """Return the series of evaluated declarations."""
    return merge_samples(*(part for verdicts in evaluated for part in _declaration_parts(verdicts)))


def _declaration_parts(verdicts: DeclarationVerdicts) -> Iterator[Samples]:
    declaration, standing = verdicts.declaration, verdicts.standing.value
    yield {
        "safeclock_declaration_info": {(declaration.id, declaration.sha256, standing): 1.0},
        "safeclock_declaration_decide_timestamp_seconds": {(declaration.id,): declaration.decide_on * DAY / SECOND},
    }
    if verdicts.first_seen is not None:
        yield {
            "safeclock_declaration_first_seen_timestamp_seconds": {(declaration.id,): verdicts.first_seen.at / SECOND}
        }
    for cell in verdicts.cells:
        yield from _cell_parts(cell, (*cell.cell, declaration.id), standing)


def _cell_parts(cell: CellVerdict, labels: tuple[str, ...], standing: str) -> Iterator[Samples]:
    decision = cell.decision
    if decision.verdict is Verdict.SO_FAR:
        if cell.so_far is not None:
            yield {"safeclock_verdict_so_far_seconds": _so_far_values((*labels, standing), cell.so_far)}
        return
    if cell.verdict is not None:
        yield {"safeclock_verdict_info": {(*labels, standing, cell.verdict.value): 1.0}}
    if decision.contrast is not None:
        yield _contrast_samples((*labels, standing), decision.contrast)
    yield {
        "safeclock_verdict_guard_info": {
            (*labels, name, result.state.value): 1.0 for name, result in decision.guards.items()
        }
    }


def _contrast_samples(labels: tuple[str, ...], contrast: Contrast) -> Samples:
    change = {
        "estimate": contrast.difference,
        "low": contrast.low,
        "high": contrast.high,
        "detectable": contrast.detectable,
    }
    waits = {"baseline": contrast.baseline, "current": contrast.current}
    return {
        "safeclock_verdict_change_seconds": {(*labels, bound): value / SECOND for bound, value in change.items()},
        "safeclock_verdict_mean_wait_seconds": {(*labels, window): value / SECOND for window, value in waits.items()},
    }


def _so_far_values(labels: tuple[str, ...], so_far: SoFar) -> LabelledValues:
    values = {"estimate": so_far.contrast.difference, "low": so_far.low, "high": so_far.high}
    return {(*labels, bound): value / SECOND for bound, value in values.items()}

"""Build the verdicts of a declaration as JSON, with null for a value that cannot be given.

`safeclock measure --declared` and the board write the same values.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.evaluation import CellVerdict, DeclarationVerdicts
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import SECOND
from streams.domain.verdict.comparison.contrast import Contrast
from streams.domain.verdict.comparison.filed_weeks import Window
from streams.domain.verdict.guards import GuardResult
from streams.domain.verdict.sentences import CAVEAT
from streams.domain.verdict.so_far import SoFar

SEASON_REMARK: Final = "the windows are other weeks of the year, so a season is not excluded"
_DEMO_REMARK: Final = "demo: the instant of declaration is that of the record, not of the log"
_UNUSUAL_AUTOCORRELATION: Final = 0.5


def verdict_report(verdicts: DeclarationVerdicts) -> dict[str, object]:
    """Return one declaration with its verdicts; durations in seconds, instants in UTC."""
    declaration = verdicts.declaration
    return {
        "id": declaration.id,
        "sha256": declaration.sha256,
        "declared": declaration.declared.isoformat(),
        "first_seen": None if verdicts.first_seen is None else format_timestamp(verdicts.first_seen.at),
        "standing": verdicts.standing.value,
        "question": declaration.question,
        "by": declaration.by,
        "clock": declaration.clock,
        "horizon_seconds": declaration.horizon / SECOND,
        "level": declaration.level,
        "baseline": window_report(declaration.baseline),
        "current": window_report(declaration.current),
        "decide": declaration.decide.isoformat(),
        "remarks": remarks(verdicts),
        "caveat": CAVEAT,
        "cells": [cell_report(cell) for cell in verdicts.cells],
    }


def remarks(verdicts: DeclarationVerdicts) -> list[str]:
    """Return what a reader must know of every word of a declaration."""
    demo = [_DEMO_REMARK] if verdicts.standing == "demo" else []
    return demo + ([] if verdicts.declaration.excludes_season else [SEASON_REMARK])


def cell_report(cell: CellVerdict) -> dict[str, object]:
    """Return the verdict on one cell with every number behind it."""
    decision = cell.decision
    return {
        "platform": cell.cell.platform,
        "harm": cell.cell.harm or None,
        "verdict": None if cell.verdict is None else cell.verdict.value,
        "sentence": cell.sentence,
        "reason": None if decision.reason is None else decision.reason.value,
        "reports": [size.reports for size in decision.sizes],
        "weeks": [size.weeks for size in decision.sizes],
        "change": None if decision.contrast is None else contrast_report(decision.contrast, SECOND),
        "so_far": None if cell.so_far is None else _so_far(cell.so_far),
        "guards": {name: _guard(result) for name, result in decision.guards.items()},
        "failed_checks": list(decision.failed_checks),
        "remarks": _cell_remarks(decision.contrast),
    }


def declaration_summary(declaration: Declaration) -> Mapping[str, object]:
    """Return what a list of declarations shows of one."""
    return {
        "id": declaration.id,
        "sha256": declaration.short_hash,
        "question": declaration.question,
        "decide": declaration.decide.isoformat(),
        "cells": len(declaration.cells),
    }


def csv_rows(reports: Iterable[DeclarationVerdicts]) -> Iterable[list[object]]:
    """Yield a header and one row for each declared cell; a field is empty if there is no value."""
    yield ["declaration", "sha256", "standing", "platform", "harm", "verdict", "reason", *_CONTRAST_FIELDS, "sentence"]
    for verdicts in reports:
        for cell in verdicts.cells:
            change = {} if cell.decision.contrast is None else contrast_report(cell.decision.contrast, SECOND)
            yield [
                verdicts.declaration.id,
                verdicts.declaration.sha256,
                verdicts.standing.value,
                cell.cell.platform,
                cell.cell.harm,
                cell.verdict.value if cell.verdict else "",
                cell.decision.reason.value if cell.decision.reason else "",
                *(change.get(name, "") for name in _CONTRAST_FIELDS),
                cell.sentence,
            ]


def comparison_rows(comparisons: Iterable[Mapping[str, Any]]) -> Iterable[list[object]]:
    """Yield a header and one row for each comparison of two periods."""
    yield ["platform", "standing", "baseline_period", "current_period", *_CONTRAST_FIELDS, "sentence"]
    for one in comparisons:
        change = one["change"] or {}
        yield [
            one["platform"],
            one["standing"],
            one["baseline"]["period"],
            one["current"]["period"],
            *(change.get(name, "") for name in _CONTRAST_FIELDS),
            one["sentence"],
        ]


_CONTRAST_FIELDS: Final = ("baseline", "current", "difference", "low", "high", "detectable", "p_value", "covered")


def contrast_report(contrast: Contrast, unit: int) -> dict[str, object]:
    """Return the figures of a contrast in units of `unit`; p value, covered share and autocorrelation have no unit."""
    durations = {name: getattr(contrast, name) / unit for name in _CONTRAST_FIELDS[:-2]}
    return {
        **durations,
        "p_value": contrast.p_value,
        "covered": contrast.covered,
        "autocorrelation": contrast.autocorrelation,
        "strata": [f"{harm}/{channel}" for harm, channel in contrast.strata],
    }


def _so_far(found: SoFar) -> dict[str, object]:
    return {
        **window_report(found.window),
        "baseline": found.contrast.baseline / SECOND,
        "current": found.contrast.current / SECOND,
        "difference": found.contrast.difference / SECOND,
        "low": found.low / SECOND,
        "high": found.high / SECOND,
    }


def _guard(result: GuardResult) -> dict[str, object]:
    return {
        "state": result.state.value,
        "change": None if result.contrast is None else contrast_report(result.contrast, 1),
    }


def _cell_remarks(contrast: Contrast | None) -> list[str]:
    if contrast is None or contrast.autocorrelation <= _UNUSUAL_AUTOCORRELATION:
        return []
    return [f"the weeks depend on each other unusually (autocorrelation {contrast.autocorrelation:.2f})"]


def window_report(window: Window) -> dict[str, object]:
    """Return the first and the last day of a window, and its number of weeks."""
    return {
        "first": window.first_day.isoformat(),
        "last": window.last_day.isoformat(),
        "weeks": window.weeks,
    }

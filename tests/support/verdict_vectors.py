"""Worked inputs of the declared verdict: a rule and cells, with every number that the rule gives for them.

A vector is `{name, rule, cells: [{through, rows}], expected: [...]}`; a row is `[day, harm, channel, clock, entry bin,
value, ending, count]`. Instants and durations are in milliseconds, days and weeks since 1970.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isclose
from pathlib import Path
from typing import Any, Final, NamedTuple

from streams.domain.cohorts.profile import ClockValue
from streams.domain.verdict.comparison.filed_weeks import FiledReports, Stratum, Window
from streams.domain.verdict.decision import Decision, DeclaredCell, Rule, decide
from streams.domain.verdict.guards import Guard

_RELATIVE: Final = 1e-9
_ABSOLUTE_MS: Final = 1e-6


class Difference(NamedTuple):
    """What a vector expects of one of its cells, and what the rule gives."""

    vector: str
    cell: int
    field: str
    expected: object
    got: object


def read_vectors(path: Path) -> list[dict[str, Any]]:
    """Return the vectors of a JSON file."""
    vectors: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return vectors


def decide_vector(vector: Mapping[str, Any]) -> list[Decision]:
    """Return what the rule decides on a vector's cells."""
    return decide([_cell(cell) for cell in vector["cells"]], _rule(vector["rule"]), vector["rule"]["today"])


def differences(vector: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield where the rule and a vector differ: words exactly, numbers to 1e-9 relative or 1e-6 ms."""
    decisions = decide_vector(vector)
    for place, (decision, expected) in enumerate(zip(decisions, vector["expected"], strict=True)):
        got = _as_expected(decision)
        for field, value in expected.items():
            if not _is_equal(value, got[field]):
                yield Difference(vector["name"], place, field, value, got[field])


def _rule(rule: Mapping[str, Any]) -> Rule:
    baseline, current = (Window(*window) for window in rule["windows"])
    guards = {
        name: Guard(
            clock=guard["clock"],
            within=guard["within"],
            margin=guard["margin"],
            ripe_after=guard["ripe"],
            more_is_better=guard["better"] == "more",
            interest=guard.get("ending", 1),
        )
        for name, guard in rule["guards"].items()
    }
    return Rule(
        clock=rule["clock"],
        baseline=baseline,
        current=current,
        horizon=rule["horizon"],
        decide_on=rule["decide"],
        level=rule["level"],
        least=rule["least"],
        same=rule["same"],
        guards=guards,
    )


def _cell(cell: Mapping[str, Any]) -> DeclaredCell:
    reports: defaultdict[str, list[FiledReports]] = defaultdict(list)
    for day, harm, channel, clock, entry_bin, value, ending, count in cell["rows"]:
        clock_value = ClockValue(b"", value, ending)
        reports[clock].append(FiledReports(day, Stratum(harm, channel), entry_bin, clock_value, count))
    return DeclaredCell(reports, cell["through"])


def _as_expected(decision: Decision) -> defaultdict[str, object]:
    """Return a decision in the words of a vector; what it does not hold is None."""
    found: defaultdict[str, object] = defaultdict(lambda: None)
    found["verdict"] = str(decision.verdict)
    found["guards"] = {name: str(guard.state) for name, guard in decision.guards.items()}
    found["known"], found["covered"] = decision.contrast is not None, 0.0
    if (contrast := decision.contrast) is not None:
        found.update(
            baseline=contrast.baseline,
            current=contrast.current,
            difference=contrast.difference,
            se=contrast.standard_error,
            df=contrast.df,
            low=contrast.low,
            high=contrast.high,
            p=contrast.p_value,
            detectable=contrast.detectable,
            covered=contrast.covered,
            strata=["/".join(stratum) for stratum in contrast.strata],
        )
    return found


def _is_equal(expected: object, got: object) -> bool:
    if isinstance(expected, float) and isinstance(got, float):
        return isclose(expected, got, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE_MS if abs(expected) > 1 else 0)
    return expected == got

"""Lines on guards: each guard alone, and the verdict with all of them."""

from functools import partial
from typing import Final

import numpy as np

from streams.domain.verdict.decision import decide
from streams.domain.verdict.guards import GuardState, check_guard
from tests.tools.calibrate.closed_form import acted_share, reversed_share
from tests.tools.calibrate.line import Line, Row
from tests.tools.calibrate.platform_world import USUAL, Conditions, PlatformWorld
from tests.tools.calibrate.rule_trial import (
    A_YEAR_APART,
    GUARDS,
    QUARTER_AFTER,
    Outcomes,
    Trial,
    declared_cell,
    rule,
    today,
    verdict_outcomes,
)
from tests.tools.calibrate.weekly_pools import ACTION_CLOCK, DECISION_CLOCK, REVERSAL_CLOCK

_GUARD_WORLDS: Final = (
    PlatformWorld("clogged", 200, "mild"),
    PlatformWorld("clogged", 600, "mild"),
    PlatformWorld("clogged", 600, "heavy"),
    PlatformWorld("clogged", 3_000, "heavy"),
)
_VERDICT_WORLDS: Final = (PlatformWorld("clogged", 200, "mild"), PlatformWorld("clogged", 600, "heavy"))


def worse_by(name: str, loss: float, world: PlatformWorld) -> Conditions:
    """Return the usual conditions with the true figure of a guard worse by `loss`."""
    guard = GUARDS[name]
    if guard.clock == REVERSAL_CLOCK:
        return Conditions(reversed_share=USUAL.reversed_share * (1 + loss / reversed_share(USUAL, guard.within)))
    acted = acted_share(world, USUAL, A_YEAR_APART.baseline, USUAL, guard.within)
    return Conditions(acted_share=USUAL.acted_share * (1 - loss / acted))


def _guard_outcomes(rng: np.random.Generator, world: PlatformWorld, name: str) -> Outcomes:
    usual = _guard_state(Trial(world, QUARTER_AFTER), name, rng)
    worse = _guard_state(Trial(world, QUARTER_AFTER, after=worse_by(name, GUARDS[name].margin, world)), name, rng)
    return {
        "kept": usual is GuardState.KEPT,
        "worse": usual is GuardState.WORSE,
        "kept at the margin": worse is GuardState.KEPT,
    }


def _guard_state(trial: Trial, name: str, rng: np.random.Generator) -> GuardState:
    guard = GUARDS[name]
    reports, complete_through = declared_cell(trial.draw(rng), [guard.clock])
    return check_guard(guard, reports[guard.clock], rule(trial.design).windows, complete_through).state


GUARD_STATES: Final = Line(
    name="guards",
    title="Guards: 26 v 13, default shocks, clogged; the speed is unchanged",
    row_heads=("reports a week", "clusters", "guard"),
    columns={
        "unchanged: “kept”, %": "kept",
        "unchanged: “worse”, %": "worse",
        "worse by the margin: “kept”, %": "kept at the margin",
    },
    rows=tuple(
        Row(
            (f"{world.reports_per_week:,.0f}", world.clusters, f"{name}, {100 * guard.margin:.0f} points"),
            partial(_guard_outcomes, world=world, name=name),
        )
        for world in _GUARD_WORLDS
        for name, guard in GUARDS.items()
    ),
    runs=300,
)


def _verdict_outcomes(rng: np.random.Generator, world: PlatformWorld, after: Conditions) -> Outcomes:
    trial = Trial(world, A_YEAR_APART, after=after)
    cell = declared_cell(trial.draw(rng), [DECISION_CLOCK, ACTION_CLOCK, REVERSAL_CLOCK])
    (decision,) = decide([cell], rule(trial.design, GUARDS), today(trial.design))
    return verdict_outcomes(decision)


def _twice_as_fast(world: PlatformWorld, name: str, loss: float) -> Conditions:
    """Return half the waits, with the true figure of a guard worse by `loss` than it is at the usual speed."""
    worse = worse_by(name, loss, world)
    return Conditions(time_factor=0.5, acted_share=worse.acted_share, reversed_share=worse.reversed_share)


VERDICTS: Final = Line(
    name="verdicts",
    title="Speed and guards together: 26 v 26, default shocks, clogged",
    row_heads=("reports a week", "clusters", "truth"),
    columns={
        "“faster”, %": "faster",
        "“speed only, quality not yet known”, %": "speed only, quality not yet known",
        "“speed only, quality worse”, %": "speed only, quality worse",
    },
    rows=tuple(
        Row(
            (f"{world.reports_per_week:,.0f}", world.clusters, truth),
            partial(_verdict_outcomes, world=world, after=after),
        )
        for world in _VERDICT_WORLDS
        for truth, after in (
            ("time x 0.5, quality unchanged", Conditions(time_factor=0.5)),
            ("time x 0.5, acts on 10 points less", _twice_as_fast(world, "acted at all", 0.10)),
            ("time x 0.5, 3 points more are reversed", _twice_as_fast(world, "reversed", 0.03)),
        )
    ),
    runs=200,
)

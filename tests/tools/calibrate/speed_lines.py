"""Lines on speed: nothing changed, the power table, and worlds that are made to mislead."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from streams.domain.duration_bins import HOUR
from tests.tools.calibrate.line import Line, Row
from tests.tools.calibrate.platform_world import CLUSTERS, PROFILES, SHOCKS, Conditions, PlatformWorld, Shocks
from tests.tools.calibrate.rule_trial import A_YEAR_APART, QUARTER_AFTER, Design, Outcomes, Trial, speed_outcomes

_DESIGNS: Final = {"26 v 26": A_YEAR_APART, "26 v 13": QUARTER_AFTER}
_LEAST_REPORTS, _MOST_REPORTS = 50.0, 3_000.0
_TIME_FACTORS: Final = (0.8, 0.67, 0.5)

_POWER_WORLDS: Final = (
    *(PlatformWorld(profile, 50, "mild") for profile in ("clogged", "human", "prompt")),
    *(PlatformWorld(profile, 200, "mild") for profile in ("clogged", "human", "prompt")),
    *(PlatformWorld(profile, 200, "heavy") for profile in ("clogged", "human")),
    *(PlatformWorld(profile, 600, "heavy") for profile in ("clogged", "human", "prompt")),
    PlatformWorld("clogged", 3_000, "heavy"),
)
_QUARTER_POWER_WORLDS: Final = (
    *(PlatformWorld(profile, 50, "mild") for profile in ("clogged", "human")),
    *(PlatformWorld(profile, 200, clusters) for clusters in CLUSTERS for profile in ("clogged", "human")),
    *(PlatformWorld(profile, 600, clusters) for clusters in CLUSTERS for profile in ("clogged", "human")),
    PlatformWorld("clogged", 3_000, "heavy"),
)


def draw_platform(rng: np.random.Generator, shocks: Shocks) -> PlatformWorld:
    """Return a platform of any profile, clusters and volume: 50 to 3,000 reports a week, equal on the logarithm."""
    volume = float(np.exp(rng.uniform(np.log(_LEAST_REPORTS), np.log(_MOST_REPORTS))))
    return PlatformWorld(list(PROFILES)[rng.integers(len(PROFILES))], volume, CLUSTERS[rng.integers(2)], shocks)


def _unchanged(rng: np.random.Generator, shocks: Shocks, design: Design) -> Outcomes:
    return speed_outcomes(Trial(draw_platform(rng, shocks), design), rng)


UNCHANGED: Final = Line(
    name="unchanged",
    title="Nothing changed: platforms of 50 to 3,000 reports a week, of all profiles and clusters",
    row_heads=("weeks", "shocks: sd", "autocorrelation"),
    columns={
        "“faster”, %": "faster",
        "“slower”, %": "slower",
        "coverage, %": "covered",
        "“no clear change”, %": "no clear change",
        "z test “faster”, %": "z test",
    },
    rows=tuple(
        Row((name, str(shocks.sd), str(shocks.autocorrelation)), partial(_unchanged, shocks=shocks, design=design))
        for name, design in _DESIGNS.items()
        for shocks in SHOCKS
    ),
    runs=2_400,
)


def _power(rng: np.random.Generator, world: PlatformWorld, design: Design) -> Outcomes:
    """Return what the rule says of three changes of all waits, each on its own reports."""
    outcomes = {
        factor: speed_outcomes(Trial(world, design, after=Conditions(time_factor=factor)), rng)
        for factor in _TIME_FACTORS
    }
    shown = ("faster", "covered", "detectable, %")
    return {f"{name} {factor}": outcomes[factor].get(name) for factor in _TIME_FACTORS for name in shown}


def _power_line(name: str, weeks: str, worlds: Sequence[PlatformWorld], runs: int) -> Line:
    return Line(
        name=name,
        title=f"Faster in truth, {weeks}: all waits x a factor, default shocks",
        row_heads=("reports a week", "clusters", "profile"),
        columns={
            **{f"x {factor}: “faster”, %": f"faster {factor}" for factor in _TIME_FACTORS},
            **{f"x {factor}: coverage, %": f"covered {factor}" for factor in _TIME_FACTORS},
            "detectable, % of the mean wait": "detectable, % 0.8",
        },
        rows=tuple(Row(_world_labels(world), partial(_power, world=world, design=_DESIGNS[weeks])) for world in worlds),
        runs=runs,
    )


def _world_labels(world: PlatformWorld) -> tuple[str, ...]:
    return f"{world.reports_per_week:,.0f}", world.clusters, world.profile


POWER: Final = _power_line("power", "26 v 26", _POWER_WORLDS, 300)
QUARTER_POWER: Final = _power_line("power-quarter", "26 v 13", _QUARTER_POWER_WORLDS, 300)


def _row(label: str, trial: Trial) -> Row:
    return Row((label,), partial(_speed, trial=trial))


def _speed(rng: np.random.Generator, trial: Trial) -> Outcomes:
    return speed_outcomes(trial, rng)


_CLOGGED: Final = PlatformWorld("clogged", 600, "mild")
_HUMAN: Final = _CLOGGED._replace(profile="human")
_PROMPT: Final = _CLOGGED._replace(profile="prompt")
_SEASONAL: Final = _CLOGGED._replace(season=0.1)

STRESS: Final = Line(
    name="stress",
    title="Worlds that are made to mislead: 600 reports a week, mild clusters, clogged unless said",
    row_heads=("what differs",),
    columns={
        "“faster”, %": "faster",
        "“slower”, %": "slower",
        "coverage, %": "covered",
        "bias, h": "bias, h",
        "z test “faster”, %": "z test",
    },
    rows=(
        _row("in-app share 80 → 55 %, waits unchanged", Trial(_CLOGGED, after=Conditions(in_app_share=0.55))),
        _row(
            "in-app share 80 → 92 %, all waits x 1.25 (prompt)",
            Trial(_PROMPT, after=Conditions(in_app_share=0.92, time_factor=1.25)),
        ),
        _row("a season of ± 10 %, 26 then 13 weeks", Trial(_SEASONAL, QUARTER_AFTER)),
        _row("a season of ± 10 %, the same 26 weeks a year later", Trial(_SEASONAL)),
        _row("5 points more are never answered", Trial(_CLOGGED, after=Conditions(extra_unanswered=0.05))),
        _row(
            "5 points more are never answered, and time x 0.8",
            Trial(_CLOGGED, after=Conditions(extra_unanswered=0.05, time_factor=0.8)),
        ),
    ),
    runs=400,
)

PRACTICE: Final = Line(
    name="practice",
    title="Today's practice on the same reports: 600 reports a week, mild clusters, clogged unless said, 26 v 26",
    row_heads=("truth",),
    columns={
        "closed-only median fell, %": "median fell",
        "by 5 % or more": "median fell by 5 %",
        "by 10 % or more": "median fell by 10 %",
        "z test “faster”, %": "z test",
        "rule “faster”, %": "faster",
        "rule “slower”, %": "slower",
    },
    rows=(
        _row("nothing changed", Trial(_CLOGGED)),
        _row("nothing changed (human)", Trial(_HUMAN)),
        _row("nothing changed (prompt)", Trial(_PROMPT)),
        _row("nothing changed (heavy clusters)", Trial(_CLOGGED._replace(clusters="heavy"))),
        _row(
            "reports that would wait longer than 24 h are never answered (human)",
            Trial(_HUMAN, after=Conditions(gives_up_after=24 * HOUR)),
        ),
        _row(
            "10 % slower, and never answered after 48 h",
            Trial(_CLOGGED, after=Conditions(time_factor=1.1, gives_up_after=48 * HOUR)),
        ),
        _row("10 points more are never answered", Trial(_CLOGGED, after=Conditions(extra_unanswered=0.1))),
        _row("time x 0.8", Trial(_CLOGGED, after=Conditions(time_factor=0.8))),
    ),
    runs=300,
)

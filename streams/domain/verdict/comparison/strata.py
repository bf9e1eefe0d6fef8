"""Estimate reports by stratum, after strata that are too small are merged."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streams.domain.verdict.comparison.estimand import Estimand
from streams.domain.verdict.comparison.filed_weeks import Strata, Stratum, Weeks
from streams.domain.verdict.comparison.week_estimates import WeekEstimates, estimate_weeks, exposed_count

REST: Final = "*"
_MIN_REPORTS: Final = 20
_MIN_WEEKS: Final = 5


class StratumSide(NamedTuple):
    """A stratum in one window: its exposed reports, and its estimates."""

    exposed: int
    estimates: WeekEstimates


def common_strata(windows: Sequence[Strata], estimand: Estimand) -> Mapping[Stratum, tuple[StratumSide, ...]]:
    """Return the strata that can be estimated in every window, with their sides in the order of the windows.

    A stratum needs at least 20 exposed reports and 5 weeks with exposed reports in every window, and estimates that are
    known. Strata that lack this are merged into the rest of their channel, then into one rest, then left out.
    """
    names: dict[Stratum, Stratum | None] = {stratum: stratum for strata in windows for stratum in strata}
    usable: dict[Stratum, tuple[StratumSide, ...]] = {}
    for is_last in (False, False, True):
        merged = [_merge(strata, names) for strata in windows]
        for name in {name for name in names.values() if name is not None} - usable.keys():
            sides = [_side(strata.get(name, {}), estimand) for strata in merged]
            known = tuple(side for side in sides if side is not None)
            if len(known) == len(sides):
                usable[name] = known
        names = {
            old: name if name is None or name in usable else None if is_last else _coarser(name)
            for old, name in names.items()
        }
    return usable


def _coarser(name: Stratum) -> Stratum:
    return Stratum(REST, REST) if name.harm == REST else Stratum(REST, name.channel)


def _merge(strata: Strata, names: Mapping[Stratum, Stratum | None]) -> Mapping[Stratum, Weeks]:
    merged: defaultdict[Stratum, Weeks] = defaultdict(lambda: defaultdict(Counter))
    for old, weeks in strata.items():
        name = names[old]
        if name is not None:
            for week, cells in weeks.items():
                merged[name][week].update(cells)
    return merged


def _side(weeks: Weeks, estimand: Estimand) -> StratumSide | None:
    exposed = [exposed_count(cells) for cells in weeks.values()]
    if sum(exposed) < _MIN_REPORTS or sum(count > 0 for count in exposed) < _MIN_WEEKS:
        return None
    estimates = estimate_weeks(weeks, estimand)
    return None if estimates is None else StratumSide(sum(exposed), estimates)

"""What is planted and what is true: the key to a simulated history, to hold measured figures against."""

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Final

from producers.simulation.model.config import Plan
from producers.simulation.model.platform_models import PROFILES, Habits, Profile, Truth
from producers.simulation.model.report_model import Life
from producers.simulation.model.seasonality import week_begin, week_of
from producers.simulation.model.steps import DECISIONS, Retract
from producers.simulation.publication import BATCH_OUT, NIGHTLY_AT, SLOWEST, published, silent_from
from producers.simulation.traffic import spans
from producers.simulation.true_statistics import CLOCKS, Answer, Case, answers, ranks, within
from streams.contract.events.schema.action_data import (
    AccountRestricted,
    Acknowledged,
    Escalated,
    Restricted,
    ReviewStarted,
)
from streams.contract.timestamps import format_timestamp
from streams.domain.grid import DAY, SECOND

SCHEMA: Final = "safeclock.truth/1"

_SEEN: Final = (Acknowledged, ReviewStarted, Escalated, Restricted, AccountRestricted, *DECISIONS)

Json = dict[str, object]


def truth(plan: Plan) -> Json:
    """Return what is planted in each platform and the true answers, ready for JSON; durations in seconds.

    Per platform: `clocks` over everything really filed in the span, `told_clocks` over what was told of it,
    `before` and `after` where something changes, and shares within 24 h by filing week (Monday to Sunday, UTC).
    """
    cases = {profile.id: _cases(plan, profile) for profile in PROFILES}
    figures = {name: answers(some, plan.end_ms) for name, some in cases.items()}
    return {
        "schema": SCHEMA,
        "seed": plan.seed,
        "from": format_timestamp(plan.start_ms),
        "to": format_timestamp(plan.end_ms),
        "filed": sum(map(len, cases.values())),
        "platforms": {
            profile.id: {"clocks": figures[profile.id], **_platform(plan, profile, cases[profile.id])}
            for profile in PROFILES
        },
        "ranks": {clock: _ranks({name: some[clock] for name, some in figures.items()}) for clock in CLOCKS},
    }


def _cases(plan: Plan, profile: Profile) -> list[Case]:
    """Return what really was filed with a platform during the span, mistakes left out, by filing time."""
    cases = []
    for span in takewhile(lambda span: span.begin_ms < plan.end_ms, spans(plan)):
        for life, tellings in published(plan, profile, span):
            if life.real and life.at < plan.end_ms:
                told_at = min((at for at, place in tellings if place == 0), default=None)
                cases.append(Case(life.at, told_at, life.ended_at, _seen_at(life), life.decided_at, life.acted_at))
    return sorted(cases, key=itemgetter(0))


def _seen_at(life: Life) -> int | None:
    """Return when the platform first showed that it had seen the report; what it took back shows nothing."""
    steps = life.steps
    undone = {step.what.step for step in steps if isinstance(step.what, Retract)}
    seen = (step.at for place, step in enumerate(steps) if isinstance(step.what, _SEEN) and place not in undone)
    return min(seen, default=None)


def _platform(plan: Plan, profile: Profile, cases: Sequence[Case]) -> Json:
    through = _told_through(plan, profile)
    told = [case for case in cases if case.told_at is not None and case.told_at <= plan.end_ms]
    return {
        "truth": profile.truth.value,
        "since": None if profile.change is None else format_timestamp(plan.since(profile.change.share)),
        "parameters": _parameters(profile),
        "told_through": format_timestamp(through),
        "filed": len(cases),
        "told": len(told),
        "unanswered": _unanswered(cases, plan.end_ms),
        "told_unanswered": _unanswered(told, through),
        "told_clocks": answers(told, through),
        **_sides(plan, profile, cases),
        "weeks": list(_weeks(cases)),
    }


def _told_through(plan: Plan, profile: Profile) -> int:
    """Return up to when everything has been published at the end of the span."""
    if profile.truth is Truth.NIGHTLY_BATCHES:
        return (plan.end_ms - NIGHTLY_AT - BATCH_OUT) // DAY * DAY + NIGHTLY_AT - 1
    return min(plan.end_ms - SECOND, silent_from(plan, profile) or plan.end_ms) - SLOWEST


def _unanswered(cases: Sequence[Case], until_ms: int) -> int:
    return sum(case.ended_at is None or case.ended_at > until_ms for case in cases)


def _parameters(profile: Profile) -> Json:
    after = profile.change.habits if profile.change else None
    return {
        "share_of_reports": profile.volume,
        "cadence_seconds": profile.cadence_ms // SECOND,
        "before": _habits(profile.habits),
        "after": None if after is None else _habits(after),
    }


def _habits(habits: Habits) -> Json:
    plain: Json = habits._asdict()
    return plain | {"waits": {lane.value: wait._asdict() for lane, wait in habits.waits.items()}}


def _sides(plan: Plan, profile: Profile, cases: Sequence[Case]) -> Json:
    """Return the answers for filings before and after the planted change, nothing where there is none."""
    if profile.change is None:
        return {}
    since = plan.since(profile.change.share)
    sides = {
        "before": [case for case in cases if case.at < since],
        "after": [case for case in cases if case.at >= since],
    }
    return {name: {"filed": len(some), "clocks": answers(some, plan.end_ms)} for name, some in sides.items()}


def _weeks(cases: Sequence[Case]) -> Iterator[Json]:
    """Yield a week's filings and the share within 24 h of each clock; `cases` are sorted by filing time."""
    for week, group in groupby(cases, key=lambda case: week_of(case.at)):
        filed = list(group)
        shares = {clock: within(filed, place, DAY) for clock, place in CLOCKS.items()}
        yield {"from": format_timestamp(week_begin(week)), "filed": len(filed), "share_within_24h": shares}


def _ranks(figures: dict[str, Answer]) -> dict[str, dict[str, int]]:
    """Return the platforms' ranks on one clock, as a transparency report would have them and as they are."""

    def by(figure: str, *, smallest_first: bool) -> dict[str, int]:
        return ranks({name: answer[figure] for name, answer in figures.items()}, smallest_first=smallest_first)

    return {
        "closed_only_median": by("closed_only_median_seconds", smallest_first=True),
        "median": by("median_seconds", smallest_first=True),
        "share_within_24h": by("share_within_24h", smallest_first=False),
    }

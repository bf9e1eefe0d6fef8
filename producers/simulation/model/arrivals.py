"""Which reports come in during a span of time: items that one person reports, and items that many do."""

from collections.abc import Iterator
from itertools import count
from typing import Final, NamedTuple

from producers.simulation.model.config import Plan
from producers.simulation.model.label_mix import Label, Lane, labels
from producers.simulation.model.outcome_model import fate_of
from producers.simulation.model.platform_models import Habits, Profile
from producers.simulation.model.report_model import Entry, Life, live
from producers.simulation.model.seasonality import burst, filing_weights, hour_of_week, week_of, week_shock
from producers.simulation.model.seeded_random import Chance, Choice
from streams.domain.grid import DAY, HOUR, MINUTE, SECOND

# One item in twenty is reported by several people, who come soon after the first; with a mean of some six more they
# are about a fifth of all reports. Sizes are ours; a review of the design showed that clusters of mean five break
# intervals that take reports for independent.
_SHARED: Final = 0.05
_MORE: Final = 4.0
_MORE_SIGMA: Final = 1.0
_MOST: Final = 200
_SOON: Final = 30 * MINUTE
_SOON_SIGMA: Final = 1.5
_MERGED: Final = 0.4

REPORTS_PER_ITEM: Final = 1.2
"""Mean number of reports on an item over all platforms, measured: nobody reports what is gone, so it hangs on the fates."""


class Span(NamedTuple):
    """A stretch of time within one UTC day in which reports come in, `busier` times as many as usual."""

    begin_ms: int
    end_ms: int
    busier: float = 1.0


class Queue(NamedTuple):
    """What the reports of one platform in one span of time have in common."""

    chance: Chance
    habits: Habits
    labels: Choice[Label]
    shock: float
    numbers: Iterator[str]


def filed(plan: Plan, profile: Profile, span: Span) -> Iterator[Life]:
    """Yield the lives of the reports on items first reported to a platform during `span`."""
    chance = Chance(plan.seed, profile.id, span.begin_ms)
    hours = Choice(_hours(span))
    mean = hours.total * plan.reports / plan.weeks * profile.volume / REPORTS_PER_ITEM
    mean *= burst(plan.seed, profile.id, span.begin_ms // DAY) * span.busier
    queue = Queue(
        chance,
        _habits(plan, profile, span.begin_ms),
        labels(profile.turn),
        week_shock(plan.seed, profile.id, week_of(span.begin_ms)),
        (f"{span.begin_ms // SECOND:08x}{place:05x}" for place in count()),
    )
    for _ in range(chance.count(mean)):
        hour, width = chance.pick(hours)
        yield from _item(queue, hour + int(chance.unit() * width))


def _hours(span: Span) -> list[tuple[tuple[int, int], float]]:
    """Return the begin and width of every hour that `span` touches, weighted by the share of a week's filings."""
    begins = [span.begin_ms, *range(-(-(span.begin_ms + 1) // HOUR) * HOUR, span.end_ms, HOUR)]
    ends = [*begins[1:], span.end_ms]
    weights = filing_weights()
    return [
        ((begin, end - begin), weights[hour_of_week(begin)] * (end - begin) / HOUR)
        for begin, end in zip(begins, ends, strict=True)
    ]


def _habits(plan: Plan, profile: Profile, at: int) -> Habits:
    """Return how the platform answers reports filed at `at`; silence changes what is told, not what is done."""
    change = profile.change
    if change is None or change.habits is None or at < plan.since(change.share):
        return profile.habits
    return change.habits


def _item(queue: Queue, at: int) -> Iterator[Life]:
    """Yield the reports on one item: the first, and of those that follow the ones that still find it."""
    chance, habits, shock = queue.chance, queue.habits, queue.shock
    label = chance.pick(queue.labels)
    fate = fate_of(chance, habits, label, at, shock)
    first = next(queue.numbers)
    yield live(chance, habits, Entry(first, at, label), fate)
    if label.lane is not Lane.IN_APP or not chance.happens(_SHARED):
        return
    for _ in range(min(_MOST, int(chance.log_normal(_MORE, _MORE_SIGMA)))):
        again = at + int(chance.log_normal(_SOON, _SOON_SIGMA))
        if fate is None or again < fate.at:
            into = first if chance.happens(_MERGED) else ""
            yield live(chance, habits, Entry(next(queue.numbers), again, label, into), fate)
        elif not fate.acted:
            own = fate_of(chance, habits, label, again, shock)
            yield live(chance, habits, Entry(next(queue.numbers), again, label), own)

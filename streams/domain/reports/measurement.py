"""One report measured: what it contributes to its cohort, what it tells the counters, when it is next due."""

from typing import Final, NamedTuple

from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import FROZEN, IDLE, MISSED, OPEN, PENDING, verdict_of
from streams.domain.clocks.report_state import OPEN_STATES, State
from streams.domain.clocks.selection import Regime
from streams.domain.clocks.timeline import Course, Plan
from streams.domain.cohorts.cohort import cohort_name
from streams.domain.cohorts.profile import CLOSED, FROM_THE_START, layout, words
from streams.domain.duration_bins import DAY, FOREVER_MS, MINUTE, bin_of
from streams.domain.reports.row import Entry, recorded_delay


class Timed(NamedTuple):
    """One clock on one report, in milliseconds.

    `value` and `ending` are what the signature stores; `duration` is that of an ended clock; `due` is FOREVER_MS where no
    limit can pass any more; `late` is true when the limit had passed before we were told of the report; `at` is when
    the clock ended or, of one that runs, when its limit passed; `paused` is for how long an ended clock did not count.
    """

    value: int
    ending: int
    duration: int
    due: int
    verdict: int
    late: bool
    at: int = 0
    paused: int = 0


_IDLE: Final = Timed(0, IDLE, 0, FOREVER_MS, PENDING, late=False)


class Measured(NamedTuple):
    """A filed report: `cohort` is its stored cohort key, `signature` the stored signature, `clocks` are the regime's.

    `softened`: an amendment has made it look less grave than it was filed.
    """

    regime: Regime
    cohort: str
    signature: bytes
    state: State
    filed: Entry
    entry: int
    clocks: tuple[Timed, ...]
    softened: bool = False


def _instant(place: int, filed: Entry, deeds: list[Entry]) -> int:
    return filed.at if place < 0 else deeds[place].at


def _paused(course: Course, deeds: list[Entry]) -> int:
    if not course.pauses:
        return 0
    return sum(deeds[end].at - deeds[start].at for start, end in course.pauses if end is not None)


def _ended(clock: Clock, course: Course, start: int, filed: Entry, deeds: list[Entry]) -> Timed:
    assert course.end is not None
    at, paused = deeds[course.end].at, _paused(course, deeds)
    duration = max(at - start - paused, 0)
    if clock.limit is None:
        return Timed(bin_of(duration), course.ending, duration, FOREVER_MS, PENDING, late=False, at=at, paused=paused)
    late = start + clock.limit + paused <= filed.at + filed.delay
    verdict = verdict_of(course.ending, duration, clock.limit)
    return Timed(bin_of(duration), course.ending, duration, FOREVER_MS, verdict, late, at, paused)


def _frozen(clock: Clock, start: int, since: int, filed: Entry) -> Timed:
    """Return how a clock stands that is paused `since`; one that was past its limit by then stays missed."""
    ran = max(since - start, 0)
    if clock.limit is None or ran <= clock.limit:
        return Timed(bin_of(ran), FROZEN, ran, FOREVER_MS, PENDING, late=False)
    due = start + clock.limit
    return Timed(bin_of(ran), FROZEN, ran, FOREVER_MS, MISSED, late=due <= filed.at + filed.delay, at=due)


def timed(clock: Clock, course: Course, filed: Entry, deeds: list[Entry], horizon: int) -> Timed:
    """Return how a clock stands on a report whose deadlines are known up to `horizon`."""
    if course.start is None:
        return _IDLE
    start = _instant(course.start, filed, deeds)
    if course.ending != OPEN:
        return _ended(clock, course, start, filed, deeds)
    start += _paused(course, deeds)
    if course.pauses and course.pauses[-1][1] is None:
        return _frozen(clock, start, deeds[course.pauses[-1][0]].at, filed)
    minute = (start - filed.at // DAY * DAY) // MINUTE
    if clock.limit is None:
        return Timed(minute, OPEN, 0, FOREVER_MS, PENDING, late=False)
    due = start + clock.limit
    if due <= horizon:
        return Timed(minute, OPEN, 0, FOREVER_MS, MISSED, late=due <= filed.at + filed.delay, at=due)
    return Timed(minute, OPEN, 0, due, PENDING, late=False)


def entry_bin(filed: Entry, allowance: int) -> int:
    """Return the bin of the delay after which a report is at risk; FROM_THE_START within `allowance`."""
    delay = recorded_delay(filed.delay)
    return FROM_THE_START if delay <= allowance else bin_of(delay)


class Context(NamedTuple):
    """What a report is measured against: its platform, its regime, the platform's allowance and horizon."""

    platform: str
    regime: Regime
    allowance: int
    horizon: int


def measure(context: Context, plan: Plan, filed: Entry, deeds: list[Entry]) -> Measured:
    """Return a filed report as measured at the context's horizon."""
    clocks = tuple(
        [
            timed(clock, course, filed, deeds, context.horizon)
            for clock, course in zip(context.regime.clocks, plan.courses, strict=True)
        ]
    )
    entry = entry_bin(filed, context.allowance)
    return Measured(
        regime=context.regime,
        cohort=cohort_name(context.platform, filed.at // DAY, filed.labels),
        signature=_signature(context.regime, plan.state, filed, entry, clocks),
        state=plan.state,
        filed=filed,
        entry=entry,
        clocks=clocks,
    )


def _signature(regime: Regime, state: State, filed: Entry, entry: int, clocks: tuple[Timed, ...]) -> bytes:
    minute = filed.at % DAY // MINUTE if state in OPEN_STATES else CLOSED
    running = [(mark, clock) for mark, clock in zip(regime.marks, clocks, strict=True) if clock.ending != IDLE]
    numbers = layout(len(running)).pack(entry, minute, *[clock.value for _, clock in running])
    return numbers + words(state, [(mark, clock.ending) for mark, clock in running])


def seal(measured: Measured, after: int) -> Measured:
    """Return a report that stayed open for `after` milliseconds as one that is never answered.

    Its open clocks are censored there; their verdicts stand.
    """
    clocks = tuple(
        [
            clock._replace(value=bin_of(after), ending=FROZEN) if clock.ending == OPEN else clock
            for clock in measured.clocks
        ]
    )
    signature = _signature(measured.regime, State.UNANSWERED, measured.filed, measured.entry, clocks)
    return measured._replace(signature=signature, state=State.UNANSWERED, clocks=clocks)

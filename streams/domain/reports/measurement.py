"""Measure one report: its profile in the cohort, its durations and deadline outcomes, and its next deadlines."""

from typing import Final, NamedTuple

from streams.domain.clocks.deadlines import MISSED, PENDING, decide_deadline, has_passed
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import FROZEN, IDLE, OPEN
from streams.domain.clocks.selection import ClockSet
from streams.domain.clocks.state_machine import OPEN_STATES, State
from streams.domain.clocks.timeline import ClockRun, Timeline
from streams.domain.cohorts.cohort import cohort_name
from streams.domain.cohorts.profile import CLOSED_MINUTE, FROM_START, number_layout, status_bytes
from streams.domain.duration_bins import DAY, FOREVER_MS, MINUTE, bin_of
from streams.domain.reports.report_row import Entry, without_history_offset


class ClockReading(NamedTuple):
    """One clock of one report, in milliseconds: docs/definitions.md §3, §4 and §6.

    `stored_value` and `ending` are those of the report profile. `duration` is that of an ended or frozen clock.
    `due_at` is the next deadline, FOREVER_MS where no deadline lies ahead. `was_logged_late`: the deadline had passed
    when the filing was logged. `at` is when the clock ended or, for an open or frozen clock, when its deadline passed.
    `paused_ms` is the paused time of an ended clock.
    """

    stored_value: int
    ending: int
    duration: int
    due_at: int
    deadline_outcome: int
    was_logged_late: bool
    at: int = 0
    paused_ms: int = 0


_IDLE_READING: Final = ClockReading(0, IDLE, 0, FOREVER_MS, PENDING, was_logged_late=False)


class MeasuredReport(NamedTuple):
    """A filed report: `cohort` is the name of its cohort, `profile` its stored profile.

    `clocks` are the readings of the clock set's clocks, in their order. `is_downgraded`: an effective amendment is
    laxer than the filing.
    """

    clock_set: ClockSet
    cohort: str
    profile: bytes
    state: State
    filing: Entry
    entry_bin: int
    clocks: tuple[ClockReading, ...]
    is_downgraded: bool = False


def _time_of(index: int, filing: Entry, actions: list[Entry]) -> int:
    return filing.at if index < 0 else actions[index].at


def _paused_time(run: ClockRun, actions: list[Entry]) -> int:
    if not run.pauses:
        return 0
    return sum(actions[end].at - actions[start].at for start, end in run.pauses if end is not None)


def _read_ended(clock: Clock, run: ClockRun, start: int, filing: Entry, actions: list[Entry]) -> ClockReading:
    assert run.end is not None
    ended_at, paused_ms = actions[run.end].at, _paused_time(run, actions)
    duration = max(ended_at - start - paused_ms, 0)
    if clock.limit is None:
        return ClockReading(
            bin_of(duration),
            run.ending,
            duration,
            FOREVER_MS,
            PENDING,
            was_logged_late=False,
            at=ended_at,
            paused_ms=paused_ms,
        )
    was_logged_late = start + clock.limit + paused_ms <= filing.at + filing.log_delay
    outcome = decide_deadline(run.ending, duration, clock.limit)
    return ClockReading(
        bin_of(duration), run.ending, duration, FOREVER_MS, outcome, was_logged_late, ended_at, paused_ms
    )


def _read_paused(clock: Clock, start: int, since: int, filing: Entry) -> ClockReading:
    """Return the reading of a clock paused at `since`: missed only if it was beyond its limit by then."""
    elapsed = max(since - start, 0)
    if clock.limit is None or elapsed <= clock.limit:
        return ClockReading(bin_of(elapsed), FROZEN, elapsed, FOREVER_MS, PENDING, was_logged_late=False)
    due_at = start + clock.limit
    return ClockReading(
        bin_of(elapsed),
        FROZEN,
        elapsed,
        FOREVER_MS,
        MISSED,
        was_logged_late=due_at <= filing.at + filing.log_delay,
        at=due_at,
    )


def read_clock(clock: Clock, run: ClockRun, filing: Entry, actions: list[Entry], decided_through: int) -> ClockReading:
    """Return the reading of a clock on a report with deadlines decided through `decided_through` (epoch ms)."""
    if run.start is None:
        return _IDLE_READING
    start = _time_of(run.start, filing, actions)
    if run.ending != OPEN:
        return _read_ended(clock, run, start, filing, actions)
    start += _paused_time(run, actions)
    if run.pauses and run.pauses[-1][1] is None:
        return _read_paused(clock, start, actions[run.pauses[-1][0]].at, filing)
    minute = (start - filing.at // DAY * DAY) // MINUTE
    if clock.limit is None:
        return ClockReading(minute, OPEN, 0, FOREVER_MS, PENDING, was_logged_late=False)
    due_at = start + clock.limit
    if has_passed(due_at, decided_through):
        return ClockReading(
            minute, OPEN, 0, FOREVER_MS, MISSED, was_logged_late=due_at <= filing.at + filing.log_delay, at=due_at
        )
    return ClockReading(minute, OPEN, 0, due_at, PENDING, was_logged_late=False)


def delayed_entry_bin(filing: Entry, allowance_ms: int) -> int:
    """Return the bin of the delay after which a report is at risk; FROM_START within `allowance_ms` milliseconds."""
    delay = without_history_offset(filing.log_delay)
    return FROM_START if delay <= allowance_ms else bin_of(delay)


class MeasureContext(NamedTuple):
    """What a measurement depends on beside the report's events; `decided_through` is in epoch milliseconds."""

    platform: str
    clock_set: ClockSet
    allowance_ms: int
    decided_through: int


def measure(context: MeasureContext, timeline: Timeline, filing: Entry, actions: list[Entry]) -> MeasuredReport:
    """Return the measurement of a filed report; `timeline` must be that of `actions` under the context's clock set."""
    clocks = tuple(
        [
            read_clock(clock, run, filing, actions, context.decided_through)
            for clock, run in zip(context.clock_set.clocks, timeline.runs, strict=True)
        ]
    )
    entry_bin = delayed_entry_bin(filing, context.allowance_ms)
    return MeasuredReport(
        clock_set=context.clock_set,
        cohort=cohort_name(context.platform, filing.at // DAY, filing.encoded_labels),
        profile=_pack_profile(context.clock_set, timeline.state, filing, entry_bin, clocks),
        state=timeline.state,
        filing=filing,
        entry_bin=entry_bin,
        clocks=clocks,
    )


def _pack_profile(
    clock_set: ClockSet, state: State, filing: Entry, entry_bin: int, clocks: tuple[ClockReading, ...]
) -> bytes:
    minute = filing.at % DAY // MINUTE if state in OPEN_STATES else CLOSED_MINUTE
    started = [
        (clock_hash, clock) for clock_hash, clock in zip(clock_set.hashes, clocks, strict=True) if clock.ending != IDLE
    ]
    numbers = number_layout(len(started)).pack(entry_bin, minute, *[clock.stored_value for _, clock in started])
    return numbers + status_bytes(state, [(clock_hash, clock.ending) for clock_hash, clock in started])


def close_as_unanswered(measured: MeasuredReport, after_ms: int) -> MeasuredReport:
    """Return a report that stayed open for `after_ms` milliseconds in the state `unanswered`.

    Its open clocks are censored at this age; its deadline outcomes remain.
    """
    clocks = tuple(
        [
            clock._replace(stored_value=bin_of(after_ms), ending=FROZEN) if clock.ending == OPEN else clock
            for clock in measured.clocks
        ]
    )
    profile = _pack_profile(measured.clock_set, State.UNANSWERED, measured.filing, measured.entry_bin, clocks)
    return measured._replace(profile=profile, state=State.UNANSWERED, clocks=clocks)

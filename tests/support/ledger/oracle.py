"""What docs/definitions.md says of a list of events, read in the slowest and plainest way.

Everything is built anew from the full set each time; no code is shared with the ledger except the frozen grid's
edges. Deeds are plain words here (`final` and `partial` for the two kinds of restriction), endings too.

Where the definition leaves room, the reading taken here is marked with "Reading:".
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE
from streams.domain.events import Action, ActionKind, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.labels import decode_labels
from streams.domain.vocabulary import Harm, Outcome, Reversal, Severity

ReportEvent = Filing | Action | Amendment | Retraction

MAX_CLOCK_SKEW = 2 * MINUTE
PROMPT_WITHIN = 15 * MINUTE
UNANSWERED_AFTER = 400 * DAY

ACKNOWLEDGING = frozenset({"acknowledged", "review_started", "validated", "notice_served", "escalated"})
CLOSED_WITHOUT_DECISION = frozenset({"out_of_scope", "invalidated", "withdrawn", "expired"})
DECIDED_WITHOUT_ACTION = frozenset({"no_violation", "already_restricted", "unavailable"})
ENDING_WORDS = frozenset({"final"}) | DECIDED_WITHOUT_ACTION | CLOSED_WITHOUT_DECISION
OPEN_STATES = frozenset({"open", "acknowledged", "interim", "merged", "paused", "reopened"})

TIE_ORDER = (
    ("resumed", None),
    ("appeal_filed", None),
    ("appeal_upheld", None),
    ("appeal_rejected", None),
    ("reversed", Reversal.RESTRICTION),
    ("reversed", Reversal.NO_VIOLATION),
    ("reopened", None),
    ("acknowledged", None),
    ("review_started", None),
    ("validated", None),
    ("notice_served", None),
    ("escalated", None),
    ("merged", None),
    ("partial", None),
    ("paused", None),
    ("final", None),
    ("no_violation", None),
    ("already_restricted", None),
    ("unavailable", None),
    ("out_of_scope", None),
    ("invalidated", None),
    ("withdrawn", None),
    ("expired", None),
)
"""The order of §2, in which the deeds of one instant are looked at."""


@dataclass(frozen=True)
class OracleClock:
    """A clock, in words; it runs on reports of `harms`, of any when that is empty, that were filed in `windows`."""

    name: str
    stops: frozenset[str]
    competes: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    pauses: frozenset[str] = frozenset()
    resumes: frozenset[str] = frozenset()
    all_items: bool = True
    restarts_after_reopen: bool = False
    limit: int | None = 24 * HOUR
    harms: frozenset[str] = frozenset()
    windows: tuple[tuple[int, int], ...] = ((0, 1 << 62),)


STANDARD_ORACLE_CLOCKS = (
    OracleClock(
        name="time_to_acknowledge",
        stops=frozenset({"acknowledged", "review_started", "validated", "escalated", "partial", "final"})
        | DECIDED_WITHOUT_ACTION,
        competes=CLOSED_WITHOUT_DECISION,
    ),
    OracleClock(
        name="time_to_decision",
        stops=frozenset({"final"}) | DECIDED_WITHOUT_ACTION,
        competes=CLOSED_WITHOUT_DECISION,
    ),
    OracleClock(
        name="time_to_action",
        stops=frozenset({"final"}),
        competes=DECIDED_WITHOUT_ACTION | CLOSED_WITHOUT_DECISION,
        restarts_after_reopen=True,
    ),
)


class OracleStep(NamedTuple):
    """A deed in its place: `at` is never before the filing, `items` 0 for all, `state` the one after it."""

    at: int
    action_word: str
    items_decided: int
    state: str
    is_reopening: bool


class OracleReport(NamedTuple):
    """What the events of one key come to."""

    filing: Filing | None
    steps: tuple[OracleStep, ...]
    is_orphan: bool
    duplicate_count: int
    conflict_count: int
    skewed_count: int
    bad_time_count: int
    downgraded: bool

    @property
    def state(self) -> str:
        """The last state, before any seal."""
        return self.steps[-1].state if self.steps else "open"


class OracleRun(NamedTuple):
    """How one clock went: `ending` is absent, open, frozen, stopped or the word that competed; `at` ends it."""

    ending: str
    start: int = 0
    paused_ms: int = 0
    ended_at: int = 0

    @property
    def duration(self) -> int:
        """From the start to the end or the pause, without paused time."""
        return max(0, self.ended_at - self.start - self.paused_ms)


class OracleProfile(NamedTuple):
    """A report as its cohort holds it; `clocks` are (ending, minute or bin)."""

    state: str
    entry_bin: int
    filed_minute: int | None
    clocks: tuple[tuple[str, int], ...]


class OracleCohort(NamedTuple):
    """Which reports are counted together."""

    platform: str
    day: int
    labels: str


class OracleDeadline(NamedTuple):
    """What a clock with a limit came to at the horizon."""

    key: bytes
    clock: str
    timing: str
    outcome: str


def bin_of_duration(duration: int) -> int:
    """Return the first bin whose upper edge is not below `duration`."""
    for index, edge in enumerate(EDGES):
        if duration <= edge:
            return index
    return len(EDGES)


def action_word(action_kind: ActionKind) -> str:
    """Return the word by which the oracle knows a deed."""
    if action_kind.outcome in {Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED}:
        return "final" if action_kind.is_final else "partial"
    return action_kind.outcome.value


def oracle_report(facts: Sequence[ReportEvent]) -> OracleReport:
    """Read the events of one key, in any order and with any repetition."""
    distinct = _first_per_id(facts)
    winners = [min(group, key=_precedence) for group in _by_id(distinct).values()]
    taken_back = {
        fact.retracted_id
        for winner in winners
        for fact in distinct
        if isinstance(winner, Retraction)
        and isinstance(fact, Retraction)
        and (fact.id, fact.at) == (winner.id, winner.at)
    }
    standing = [fact for fact in winners if isinstance(fact, Retraction) or fact.id not in taken_back]
    filings = sorted((fact for fact in standing if isinstance(fact, Filing)), key=_precedence)
    filing = filings[0] if filings else None
    actions = [fact for fact in standing if isinstance(fact, Action)]
    in_time = [action for action in actions if filing is None or action.at >= filing.at - MAX_CLOCK_SKEW]
    return OracleReport(
        filing=filing,
        steps=_steps_of(filing, in_time) if filing else (),
        is_orphan=filing is None and any(isinstance(fact, Action | Amendment) for fact in standing),
        duplicate_count=len(facts) - len(distinct),
        conflict_count=len(distinct) - len(winners) + max(0, len(filings) - 1),
        skewed_count=sum(action.at < filing.at for action in in_time) if filing else 0,
        bad_time_count=len(actions) - len(in_time),
        downgraded=any(isinstance(fact, Amendment) and _is_downgrade(fact, filing) for fact in standing)
        if filing
        else False,
    )


def _precedence(fact: ReportEvent) -> tuple[object, ...]:
    """Return what decides between two events: when it happened, what it is, what it says, when it was told."""
    if isinstance(fact, Filing):
        return (fact.at, 0, fact.is_test, fact.items, fact.encoded_labels, fact.logged_at)
    if isinstance(fact, Amendment):
        harm = 0 if fact.harm is None else 1 + list(Harm).index(fact.harm)
        severity = 0 if fact.severity is None else 1 + list(Severity).index(fact.severity)
        return (fact.at, 1, harm, severity, fact.logged_at)
    if isinstance(fact, Retraction):
        return (fact.at, 2, fact.logged_at)
    return (
        fact.at,
        3,
        TIE_ORDER.index((action_word(fact.kind), fact.kind.reversed_decision)),
        _is_account_action(fact),
        fact.items,
        fact.logged_at,
    )


def _is_account_action(action: Action) -> bool:
    return action.kind.outcome is Outcome.ACCOUNT_RESTRICTED


def _is_downgrade(amendment: Amendment, filing: Filing) -> bool:
    """Compare what an amendment says with the filing; an unspecified severity is neither laxer nor made laxer."""
    filed = decode_labels(filing.encoded_labels)
    if {amendment.severity, filed.severity}.isdisjoint({None, Severity.UNSPECIFIED}):
        grades = ["critical", "high", "standard"]
        if grades.index(str(amendment.severity)) > grades.index(filed.severity):
            return True
    return amendment.harm is not None and _harm_rank(amendment.harm) > _harm_rank(filed.harm)


def _harm_rank(harm: str) -> int:
    if harm in {"csam", "csam_generated", "grooming", "sextortion", "trafficking"}:
        return 1
    return 3 if harm == "other" else 2


def _first_per_id(facts: Sequence[ReportEvent]) -> list[ReportEvent]:
    """Keep of equal id and content the copy that was told first."""
    kept: dict[tuple[int, int], ReportEvent] = {}
    for fact in sorted(facts, key=lambda fact: fact.logged_at):
        kept.setdefault((fact.id, fact.content), fact)
    return list(kept.values())


def _by_id(facts: Iterable[ReportEvent]) -> dict[int, list[ReportEvent]]:
    groups: dict[int, list[ReportEvent]] = {}
    for fact in facts:
        groups.setdefault(fact.id, []).append(fact)
    return groups


def _steps_of(filing: Filing, actions: Sequence[Action]) -> tuple[OracleStep, ...]:
    """Walk the deeds through the states of §2.

    Reading: skewed deeds keep the order of their own `at`; only their times are moved to the filing's.
    Reading: states do not know items: the first final restriction ends a report, of however many items it speaks.
    """
    steps: list[OracleStep] = []
    state, before_pause, appealed = "open", "open", False
    left = sorted(actions, key=_precedence)
    while left:
        together = [action for action in left if action.at == left[0].at]
        heard = [
            action
            for action in together
            if _counts_as_step(state, appealed, action_word(action.kind), action.kind.reversed_decision)
        ]
        action = (heard or together)[0]
        left.remove(action)
        word = action_word(action.kind)
        appealed = word == "appeal_filed" or (appealed and word not in {"appeal_upheld", "appeal_rejected"})
        after = _state_after(state, before_pause, word, action.kind.reversed_decision)
        if after == "paused" and state != "paused":
            before_pause = state
        steps.append(
            OracleStep(
                at=max(action.at, filing.at),
                action_word=word,
                items_decided=action.items,
                state=after,
                is_reopening=after == "reopened" and state not in OPEN_STATES,
            )
        )
        state = after
    return tuple(steps)


def _counts_as_step(state: str, appealed: bool, word: str, of: Reversal | None) -> bool:  # noqa: FBT001 - a flag of the workload
    """Return whether a deed has an effect, or says what happens on the way of an open report."""
    if word == "appeal_filed":
        return state not in OPEN_STATES and not appealed
    if word in {"appeal_upheld", "appeal_rejected"}:
        return appealed
    if word == "resumed":
        return state == "paused"
    if state in OPEN_STATES and word in ACKNOWLEDGING | {"partial", "merged"}:
        return True
    return _state_after(state, "", word, of) != state


def _state_after(state: str, before_pause: str, word: str, of: Reversal | None) -> str:
    if state not in OPEN_STATES:
        return _after_the_end(state, word, of)
    if word in ENDING_WORDS:
        return "restricted" if word == "final" else word
    if state == "paused":
        return before_pause if word == "resumed" else state
    if word in ACKNOWLEDGING:
        return "acknowledged" if state == "open" else state
    return {"partial": "interim", "merged": "merged", "paused": "paused"}.get(word, state)


def _after_the_end(state: str, word: str, of: Reversal | None) -> str:
    if word == "reopened":
        return "reopened"
    if word == "reversed" and of is Reversal.NO_VIOLATION and state == "no_violation":
        return "reopened"
    if word == "reversed" and of is Reversal.RESTRICTION and state == "restricted":
        return "reversed"
    return state


def oracle_run(clock: OracleClock, filing: Filing, steps: Sequence[OracleStep]) -> OracleRun:
    """Walk one clock through the deeds, whatever the state of the report.

    Reading: before a start that deeds name, the clock hears nothing, neither stops nor pauses; the deed that starts
    it does nothing else, but on a report that had ended before it and stays so: what has ended the report then ends
    the clock, if it would have, and if by then all the items were decided that it asks for.
    Reading: of several starting deeds the first counts, also after reopening.
    Reading: an ended clock hears only the reopening. Reading: reopening sets the items decided back to none, also of
    a clock that was still open; time paused before stays paused.
    Reading: deeds that decide only some of the items end no pause; the one that stops the clock does.
    """
    start, heard = _starts_at_filing(clock, filing, steps)
    if start is None or not _applies(clock, filing):
        return OracleRun("absent")
    watch = _OracleClockState(clock, filing.items)
    if clock.starts:
        *before, starting = steps[: len(steps) - len(heard)]
        _apply_last_step(watch, before, starting)
    for step in heard:
        watch.apply(step)
    if watch.end is not None:
        return OracleRun(watch.end[0], start, watch.paused, watch.end[1])
    if watch.paused_since is not None:
        return OracleRun("frozen", start, watch.paused, watch.paused_since)
    return OracleRun("open", start, watch.paused)


def _apply_last_step(watch: "_OracleClockState", before: Sequence[OracleStep], starting: OracleStep) -> None:
    """Let a clock that starts on a report that has ended hear what has ended it."""
    if not before or before[-1].state in OPEN_STATES or starting.state in OPEN_STATES:
        return
    opened = max((place for place, step in enumerate(before) if step.is_reopening), default=0)
    ending = next(step for step in before[opened:] if step.state not in OPEN_STATES)
    if ending.action_word in watch.clock.competes:
        watch.end = (ending.action_word, starting.at)
    elif ending.action_word in watch.clock.stops:
        watch.items_decided = sum(
            step.items_decided or watch.items for step in before[opened:] if step.action_word in watch.clock.stops
        )
        if not watch.clock.all_items or watch.items_decided >= watch.items:
            watch.end = ("stopped", starting.at)


def _applies(clock: OracleClock, filing: Filing) -> bool:
    in_time = any(since <= filing.at < until for since, until in clock.windows)
    return in_time and (not clock.harms or decode_labels(filing.encoded_labels).harm.value in clock.harms)


def _starts_at_filing(
    clock: OracleClock, filing: Filing, steps: Sequence[OracleStep]
) -> tuple[int | None, Sequence[OracleStep]]:
    """Return when the clock starts and the deeds after that."""
    if not clock.starts:
        return filing.at, steps
    for place, step in enumerate(steps):
        if step.action_word in clock.starts:
            return step.at, steps[place + 1 :]
    return None, ()


@dataclass
class _OracleClockState:
    """A running clock, deed by deed."""

    clock: OracleClock
    items: int
    paused: int = 0
    items_decided: int = 0
    paused_since: int | None = None
    end: tuple[str, int] | None = None

    def apply(self, step: OracleStep) -> None:
        if step.is_reopening and self.clock.restarts_after_reopen:
            self.end, self.items_decided = None, 0
        if self.end is not None:
            return
        if step.action_word in self.clock.pauses and self.paused_since is None:
            self.paused_since = step.at
        elif step.action_word in self.clock.resumes:
            self._resume(step.at)
        elif step.action_word in self.clock.competes:
            self._finish(step.action_word, step.at)
        elif step.action_word in self.clock.stops:
            self.items_decided += step.items_decided or self.items
            if not self.clock.all_items or self.items_decided >= self.items:
                self._finish("stopped", step.at)

    def _resume(self, at: int) -> None:
        if self.paused_since is not None:
            self.paused, self.paused_since = self.paused + at - self.paused_since, None

    def _finish(self, ending: str, at: int) -> None:
        self._resume(at)
        self.end = (ending, at)


@dataclass(frozen=True)
class Oracle:
    """Answers for a list of events at an instant, under some clocks and the platforms' cadences (milliseconds)."""

    clocks: tuple[OracleClock, ...]
    cadences: dict[str, int]
    unanswered_after: int = UNANSWERED_AFTER

    def reports_by_key(self, events: Iterable[Event]) -> dict[bytes, OracleReport]:
        """Return what each key's events come to."""
        facts: dict[bytes, list[ReportEvent]] = {}
        for event in events:
            if not isinstance(event, Heartbeat):
                facts.setdefault(event.key, []).append(event)
        return {key: oracle_report(group) for key, group in facts.items()}

    def waiting_orphans(self, events: Iterable[Event]) -> Counter[str]:
        """Return per platform how many reports wait for their filing."""
        orphans = [key for key, workload in self.reports_by_key(events).items() if workload.is_orphan]
        return Counter(key.split(b"|")[0].decode() for key in orphans)

    def profiles(self, events: Iterable[Event]) -> dict[bytes, tuple[Filing, OracleReport]]:
        """Return the reports that are counted: filed, and no test."""
        stories = self.reports_by_key(events)
        return {
            key: (workload.filing, workload)
            for key, workload in stories.items()
            if workload.filing is not None and not workload.filing.is_test
        }

    def cohorts(self, events: Iterable[Event], now: int) -> dict[OracleCohort, Counter[OracleProfile]]:
        """Return per cohort how many reports bear each mark."""
        known = list(events)
        cohorts: dict[OracleCohort, Counter[OracleProfile]] = {}
        for filing, workload in self.profiles(known).values():
            cohort = OracleCohort(filing.platform, filing.at // DAY, filing.encoded_labels)
            horizon = self.decided_through(filing.platform, known, now)
            cohorts.setdefault(cohort, Counter())[self._profile(filing, workload, horizon)] += 1
        return cohorts

    def states(self, events: Iterable[Event], now: int) -> dict[str, Counter[str]]:
        """Return per platform how many reports are in each state."""
        states: dict[str, Counter[str]] = {}
        for cohort, marks in self.cohorts(events, now).items():
            for mark, count in marks.items():
                states.setdefault(cohort.platform, Counter())[mark.state] += count
        return states

    def stop_durations(self, events: Iterable[Event]) -> dict[tuple[str, str], list[int]]:
        """Return per platform and clock the sorted durations of the clocks that stopped."""
        durations: dict[tuple[str, str], list[int]] = {}
        for filing, workload in self.profiles(events).values():
            for clock in self.clocks:
                run = oracle_run(clock, filing, workload.steps)
                if run.ending == "stopped":
                    durations.setdefault((filing.platform, clock.name), []).append(run.duration)
        return {place: sorted(found) for place, found in durations.items()}

    def paused_durations(self, events: Iterable[Event]) -> Counter[tuple[str, str]]:
        """Return per platform and clock for how long the clocks that have ended were paused."""
        paused: Counter[tuple[str, str]] = Counter()
        for filing, workload in self.profiles(events).values():
            for clock in self.clocks:
                run = oracle_run(clock, filing, workload.steps)
                if run.ending not in {"absent", "open", "frozen"}:
                    paused[filing.platform, clock.name] += run.paused_ms
        return paused

    def duration_totals(self, events: Iterable[Event]) -> dict[OracleCohort, tuple[int, ...]]:
        """Return per cohort and clock the sum of the durations of its stops, where there is any."""
        sums: dict[OracleCohort, tuple[int, ...]] = {}
        for filing, workload in self.profiles(events).values():
            cohort = OracleCohort(filing.platform, filing.at // DAY, filing.encoded_labels)
            runs = [oracle_run(clock, filing, workload.steps) for clock in self.clocks]
            stops = [run.duration if run.ending == "stopped" else 0 for run in runs]
            before = sums.get(cohort, (0,) * len(stops))
            sums[cohort] = tuple(one + other for one, other in zip(before, stops, strict=True))
        return {cohort: found for cohort, found in sums.items() if any(found)}

    def downgraded(self, events: Iterable[Event]) -> Counter[OracleCohort]:
        """Return per cohort how many of its reports were made to look less grave."""
        return Counter(
            OracleCohort(filing.platform, filing.at // DAY, filing.encoded_labels)
            for filing, workload in self.profiles(events).values()
            if workload.downgraded
        )

    def deadline_outcomes(self, events: Sequence[Event], now: int) -> set[OracleDeadline]:
        """Return the deadline outcome of every report and clock with a limit, pending ones left out."""
        found: set[OracleDeadline] = set()
        for key, (filing, workload) in self.profiles(events).items():
            horizon = self.decided_through(filing.platform, events, now)
            for clock in self.clocks:
                run = oracle_run(clock, filing, workload.steps)
                outcome = _deadline_outcome(clock, run, horizon)
                if outcome is not None and clock.limit is not None:
                    late = run.start + clock.limit + run.paused_ms <= filing.logged_at
                    found.add(OracleDeadline(key, clock.name, "late" if late else "live", outcome))
        return found

    def decided_through(self, platform: str, events: Iterable[Event], now: int) -> int:
        """Return up to when the platform's silence says something.

        Reading: a promise is never taken back, the latest `complete_through` of each topic counts; before both
        topics have spoken there is no promise.
        """
        promised: dict[str, int] = {}
        for event in events:
            if isinstance(event, Heartbeat) and event.platform == platform:
                for topic in [event.topic_role] if event.topic_role else ["report-filed", "action-taken"]:
                    promised[topic] = max(promised.get(topic, event.complete_through), event.complete_through)
        silence = now - 2 * self.cadences[platform]
        if len(promised) < 2:
            return min(now, silence)
        return min(now, max(min(promised.values()), silence))

    def _profile(self, filing: Filing, workload: OracleReport, horizon: int) -> OracleProfile:
        """Return what a report contributes.

        Reading: a report is sealed when the horizon, not the clock, is 400 days past its filing.
        """
        is_open = workload.state in OPEN_STATES
        unanswered = is_open and horizon >= filing.at + self.unanswered_after
        runs = [oracle_run(clock, filing, workload.steps) for clock in self.clocks]
        return OracleProfile(
            state="unanswered" if unanswered else workload.state,
            entry_bin=self._entry_bin(filing),
            filed_minute=(filing.at % DAY) // MINUTE if is_open and not unanswered else None,
            clocks=tuple(self._clock_value(filing, run, unanswered=unanswered) for run in runs),
        )

    def _entry_bin(self, filing: Filing) -> int:
        delay = filing.logged_at - filing.at
        return -1 if delay <= max(PROMPT_WITHIN, self.cadences[filing.platform]) else bin_of_duration(delay)

    def _clock_value(self, filing: Filing, run: OracleRun, *, unanswered: bool) -> tuple[str, int]:
        """Return how a clock ended and its minute or bin.

        Reading: a sealed open clock is censored at 400 days, whenever it started and however long it was paused; a
        paused one where it was frozen.
        """
        if run.ending == "absent":
            return ("absent", 0)
        if run.ending == "open" and unanswered:
            return ("frozen", bin_of_duration(self.unanswered_after))
        if run.ending == "open":
            return ("open", (run.start + run.paused_ms - filing.at // DAY * DAY) // MINUTE)
        return (run.ending, bin_of_duration(run.duration))


def _deadline_outcome(clock: OracleClock, run: OracleRun, horizon: int) -> str | None:
    """Return met, missed or released; None while pending or where there is no limit.

    Reading: a clock frozen past its limit is missed, as one stopped past it is; no pause takes that back. One frozen
    at its limit or before waits, whatever the horizon.
    """
    if clock.limit is None or run.ending == "absent":
        return None
    if run.ending == "open":
        return "missed" if run.start + clock.limit + run.paused_ms <= horizon else None
    if run.ending == "expired" or run.duration > clock.limit:
        return "missed"
    return {"frozen": None, "stopped": "met"}.get(run.ending, "released")

"""Find which clocks run on each report of a file, when each ends, and why others do not run."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.batch.load import LineDecoder
from streams.contract.events.decoder import Refusal
from streams.contract.packs.rulebook import Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.clocks.deadlines import DEADLINE_OUTCOMES
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.endings import ENDING_WORDS, FROZEN, IDLE, OPEN
from streams.domain.clocks.selection import ClockSelector
from streams.domain.clocks.state_machine import State
from streams.domain.duration_bins import FOREVER_MS, SECOND
from streams.domain.events import Heartbeat, ReportEvent
from streams.domain.labels import Labels, decode_labels
from streams.domain.ledger.config import PlatformConfig
from streams.domain.reports.entry_limit import is_acknowledgement, limit_entries
from streams.domain.reports.evaluation import Evaluator
from streams.domain.reports.measurement import ClockReading
from streams.domain.reports.report_row import Entry, ReportRow, entry_from_event, insert_entry
from streams.edge.clock import WallClock, wall_clock_ms

_ENDING_TEXTS = {OPEN: "runs", FROZEN: "paused", IDLE: "not started", **ENDING_WORDS}


class ExplainedClock(NamedTuple):
    """A clock on one report; durations and instants in milliseconds.

    `reasons_not_running` are the labels, or the filing day, for which the clock does not run; the other fields are
    empty then. `ending` is the state of the clock, `ran_ms` how long it ran until it ended or was paused, `due_at` its
    deadline; None without one.
    """

    clock: Clock
    reasons_not_running: tuple[str, ...]
    ending: str = ""
    ran_ms: int | None = None
    due_at: int | None = None
    deadline_outcome: str = ""


class ExplainedReport(NamedTuple):
    """A report: its key, state and effective filing (None without one), and every clock of the rulebook."""

    key: str
    state: State | None
    filing: Entry | None
    labels: Labels | None
    clocks: tuple[ExplainedClock, ...]


class ExplainedFiles(NamedTuple):
    """Every report of a file, in the order of their first lines, and the number of refused lines.

    `as_of` is None if no line was accepted and no instant was given.
    """

    as_of: int | None
    reports: tuple[ExplainedReport, ...]
    refused: int


def explain(
    lines: Iterable[bytes],
    registry: Registry,
    rulebook: Rulebook,
    as_of: int | None = None,
    now: WallClock = wall_clock_ms,
) -> ExplainedFiles:
    """Return the clocks of every report; `lines`, `as_of` and `now` are those of `load_files`."""
    decoder, refused = LineDecoder(registry, as_of, now), 0
    rows: dict[bytes, tuple[str, ReportRow]] = {}
    for event in map(decoder.decode, lines):
        if isinstance(event, Refusal):
            refused += 1
        elif event is not None and not isinstance(event, Heartbeat):
            refused += not _insert_event(rows, event, registry)
    return ExplainedFiles(decoder.as_of, tuple(_explain_reports(rows, rulebook, decoder.as_of or 0)), refused)


def _insert_event(rows: dict[bytes, tuple[str, ReportRow]], event: ReportEvent, registry: Registry) -> bool:
    """Insert an event into the row of its report; return False if the row has no room for the event."""
    _, (allowance, entries, _) = rows.get(event.key) or _new_row(event.platform, registry)
    kept, excess = limit_entries(insert_entry(entries, entry_from_event(event)) or entries)
    rows[event.key] = event.platform, ReportRow(allowance, kept)
    return excess is None or is_acknowledgement(excess)


def _explain_reports(
    rows: Mapping[bytes, tuple[str, ReportRow]], rulebook: Rulebook, as_of: int
) -> Iterator[ExplainedReport]:
    evaluator = Evaluator(ClockSelector(rulebook.clocks))
    for key, (platform, row) in rows.items():
        measured = evaluator.evaluate(platform, row, as_of).measured
        if measured is None:
            yield ExplainedReport(key.decode(), None, None, None, ())
            continue
        labels, readings = (
            decode_labels(measured.filing.encoded_labels),
            dict(zip(measured.clock_set.clocks, measured.clocks, strict=True)),
        )
        clocks = [_explain_clock(clock, labels, measured.filing, readings.get(clock)) for clock in rulebook.clocks]
        yield ExplainedReport(key.decode(), measured.state, measured.filing, labels, tuple(clocks))


def _new_row(platform: str, registry: Registry) -> tuple[str, ReportRow]:
    registered = registry.platform(platform)
    config = PlatformConfig() if registered is None else PlatformConfig(registered.cadence_ms)
    return platform, ReportRow(config.allowance_s, [])


def _explain_clock(clock: Clock, labels: Labels, filing: Entry, reading: ClockReading | None) -> ExplainedClock:
    if reading is None:
        return ExplainedClock(clock, tuple(_reasons_not_running(clock, labels, filing.at)))
    has_ended = reading.ending not in {OPEN, IDLE}
    return ExplainedClock(
        clock=clock,
        reasons_not_running=(),
        ending=_ENDING_TEXTS[reading.ending],
        ran_ms=reading.duration if has_ended else None,
        due_at=reading.due_at if reading.due_at != FOREVER_MS else None,
        deadline_outcome=DEADLINE_OUTCOMES.get(reading.deadline_outcome, ""),
    )


def _reasons_not_running(clock: Clock, labels: Labels, filed_at: int) -> Iterator[str]:
    """Yield the reasons why a clock does not run on a report."""
    scope = clock.scope
    labels_by_name = {
        "harm": scope.harms,
        "reporter": scope.reporters,
        "channel": scope.channels,
        "basis": scope.bases,
        "severity": scope.severities,
    }
    for name, accepted in labels_by_name.items():
        actual = getattr(labels, name)
        if accepted and actual not in accepted:
            yield f"{name} is {actual}, not {' or '.join(sorted(accepted))}"
    if scope.jurisdictions and scope.jurisdictions.isdisjoint(labels.jurisdictions.split("+")):
        yield f"jurisdictions are {labels.jurisdictions}, not {' or '.join(sorted(scope.jurisdictions))}"
    if scope.trusted_flagger not in {None, labels.trusted_flagger}:
        yield "no trusted flagger" if scope.trusted_flagger else "a trusted flagger"
    if not clock.is_in_force(filed_at):
        yield "it was not in force when the report was filed"


def to_seconds(ms: int | None) -> float | None:
    """Return milliseconds in seconds."""
    return None if ms is None else ms / SECOND

"""Print the rules of a rulebook, and the clocks that run on reports, as text and as JSON."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from streams.batch.explain import ExplainedClock, ExplainedFiles, ExplainedReport, to_seconds
from streams.contract.outputs.formatting import format_count, format_duration
from streams.contract.packs.fields import action_words
from streams.contract.packs.rulebook import Rule, Rulebook
from streams.contract.timestamps import format_optional_timestamp, format_timestamp
from streams.domain.clocks.definition import ALWAYS_VALID, AfterReopen, Clock, Scope
from streams.domain.cohorts.objectives import Period, Statistic
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR, MINUTE, SECOND
from streams.domain.events import ActionKind
from streams.edge.terminal import WrappingTable, indent

UNREVIEWED = "not reviewed by a lawyer"


def format_requirement(rule: Rule) -> str:
    """Return the requirement of a rule, such as `85% within 48 h, by quarter`."""
    if rule.clock.limit is None:
        return "nothing: it only measures"
    limit, period = format_limit(rule.clock.limit), _PERIOD_TEXTS[rule.period]
    if rule.statistic is Statistic.MEAN:
        return f"a mean of at most {limit}, {period}"
    if rule.objective is None:
        return f"each within {limit}"
    if rule.statistic is Statistic.QUANTILE:
        return f"the {100 * rule.objective:g}% quantile at most {limit}, {period}"
    return f"{100 * rule.objective:g}% within {limit}, {period}"


def format_limit(limit: int) -> str:
    """Return a limit in the unit that laws use: `30 min`, `48 h`, `7 days`."""
    for unit, unit_name, minimum in ((DAY, "days", 4), (HOUR, "h", 1)):
        if limit % unit == 0 and limit >= minimum * unit:
            return f"{limit // unit} {unit_name}"
    return f"{limit // MINUTE} min"


_PERIOD_TEXTS: Mapping[Period, str] = {
    Period.MONTH: "by month",
    Period.QUARTER: "by quarter",
    Period.ROLLING_28D: "over 28 days",
    Period.ROLLING_90D: "over 90 days",
}


def format_scope(scope: Scope) -> str:
    """Return the labels of the reports on which a clock runs."""
    parts = [
        ", ".join(sorted(labels))
        for labels in (scope.harms, scope.reporters, scope.channels, scope.bases, scope.severities, scope.jurisdictions)
        if labels
    ]
    flagger = {None: [], True: ["trusted flaggers"], False: ["no trusted flagger"]}[scope.trusted_flagger]
    return "; ".join([*parts, *flagger]) or "all reports"


def print_rules(rulebook: Rulebook, console: Console) -> None:
    """Print every rule."""
    for rule in rulebook.rules:
        console.print(Text.assemble((rule.clock.key, "bold"), f"  {rule.title}"))
        for line in _rule_lines(rule):
            console.print(indent(line))
    unreviewed = sum(not rule.legal_basis.is_reviewed for rule in rulebook.rules)
    console.print(
        f"{format_count(len(rulebook.rules), 'clock')} of {rulebook.name}; {unreviewed} of them not reviewed by a lawyer."
    )


def _rule_lines(rule: Rule) -> Iterator[str]:
    basis = rule.legal_basis
    yield f"asks for {format_requirement(rule)}; on {format_scope(rule.clock.scope)}"
    yield "; ".join(_run_lines(rule.clock))
    yield from [
        f"for reports filed {_format_days(*window)}" for window in rule.clock.validity if window != ALWAYS_VALID[0]
    ]
    yield f"{basis.text} ({basis.source})"
    yield from [basis.link] if basis.link else []
    yield f"reviewed by {basis.reviewed_by} on {basis.reviewed_on}" if basis.is_reviewed else UNREVIEWED


def _run_lines(clock: Clock) -> Iterator[str]:
    """Yield what starts and stops a clock, what competes with it, and what pauses it."""
    yield f"from {_join_kinds(clock.starts) or 'the filing'} to {_join_kinds(clock.stops)}"
    if clock.competes:
        yield f"competing: {', '.join(action_words(clock.competes))}"
    if clock.pauses:
        yield f"paused from {_join_kinds(clock.pauses)} to {_join_kinds(clock.resumes)}"
    if not clock.all_items:
        yield "one item is enough"
    if clock.after_reopen is AfterReopen.RESTART:
        yield "runs on when reopened"


def _join_kinds(kinds: frozenset[ActionKind]) -> str:
    *others, last = action_words(kinds) or [""]
    return f"{', '.join(others)} or {last}" if others else last


def _format_days(since: int, until: int) -> str:
    """Return the first and the last day of a period; `until` is the instant after its last day."""
    end_text = "on" if until == FOREVER_MS else f"to {format_timestamp(until - DAY)[:10]}"
    return f"from {format_timestamp(since)[:10]} {end_text}" if since else f"up {end_text}"


def print_reports(explained: ExplainedFiles, console: Console) -> None:
    """Print every report with its clocks."""
    for report in explained.reports:
        _print_report(report, console)
    refused = (
        f"; {format_count(explained.refused, 'line')} refused: safeclock check shows why" if explained.refused else ""
    )
    as_of = "" if explained.as_of is None else f" as of {format_timestamp(explained.as_of)}"
    console.print(f"{format_count(len(explained.reports), 'report')}{as_of}{refused}.")


def _print_report(report: ExplainedReport, console: Console) -> None:
    if report.filing is None or report.labels is None:
        text = Text.assemble((report.key, "bold"), ": its filing is missing, retracted or a test, so no clock runs")
        console.print(text)
        return
    labels = ", ".join(str(label) for label in report.labels if not isinstance(label, bool))
    flagger = ", trusted flagger" if report.labels.trusted_flagger else ""
    console.print(Text(report.key, "bold"))
    console.print(f"  filed {format_timestamp(report.filing.at)}: {labels}{flagger}; now {report.state}")
    table = WrappingTable(box=None, show_header=False, padding=(0, 2, 0, 2))
    for name in ("clock", "state"):
        table.add_column(name)
    for clock in report.clocks:
        table.add_row(clock.clock.key, format_clock(clock))
    console.print(table)


def format_clock(explained: ExplainedClock) -> str:
    """Return the state of a clock on a report, in words."""
    if explained.reasons_not_running:
        return f"does not run: {'; '.join(explained.reasons_not_running)}"
    parts = [
        explained.ending
        if explained.ran_ms is None
        else f"{explained.ending} after {format_duration(explained.ran_ms / SECOND)}"
    ]
    parts += [f"due {format_timestamp(explained.due_at)}"] if explained.due_at is not None else []
    return ", ".join([*parts, *([explained.deadline_outcome] if explained.deadline_outcome else [])])


def explain_document(explained: ExplainedFiles) -> dict[str, object]:
    """Return explained files as a JSON object: instants in RFC 3339, durations in seconds."""
    return {
        "schema": "safeclock.explain/1",
        "as_of": format_optional_timestamp(explained.as_of),
        "refused": explained.refused,
        "reports": [
            {
                "report": report.key,
                "filed": None if report.filing is None else format_timestamp(report.filing.at),
                "state": report.state,
                "clocks": {clock.clock.key: _clock_document(clock) for clock in report.clocks},
            }
            for report in explained.reports
        ],
    }


def _clock_document(explained: ExplainedClock) -> dict[str, object]:
    if explained.reasons_not_running:
        return {"runs": False, "why_not": list(explained.reasons_not_running)}
    return {
        "runs": True,
        "ending": explained.ending,
        "ran_seconds": to_seconds(explained.ran_ms),
        "due": format_optional_timestamp(explained.due_at),
        "deadline_outcome": explained.deadline_outcome or None,
    }

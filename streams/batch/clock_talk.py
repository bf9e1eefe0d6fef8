"""Clocks in words: the rulebook as a table, what is wrong with a pack, which clocks run on a report."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from streams.batch.explained import ClockOn, Explained, ReportOn, seconds
from streams.contract.instants import format_ms, instant_or_none
from streams.contract.pack_fields import words_of
from streams.contract.rulebook import Rule, Rulebook
from streams.contract.wording import duration
from streams.domain.clocks import ALWAYS, AfterReopen, Clock, Scope
from streams.domain.events import Deed
from streams.domain.grid import DAY, FOREVER_MS, HOUR, MINUTE, SECOND
from streams.domain.objective import Period, Statistic
from streams.edge.terminal import WholeTable, indented

UNREVIEWED = "no lawyer has reviewed it"


def asks(rule: Rule) -> str:
    """Return what a rule asks for: `85% within 48 h, by quarter`."""
    if rule.clock.limit is None:
        return "nothing: it only measures"
    limit, period = limit_words(rule.clock.limit), _PERIODS[rule.period]
    if rule.statistic is Statistic.MEAN:
        return f"a mean of at most {limit}, {period}"
    if rule.objective is None:
        return f"each within {limit}"
    if rule.statistic is Statistic.QUANTILE:
        return f"the {100 * rule.objective:g}% quantile at most {limit}, {period}"
    return f"{100 * rule.objective:g}% within {limit}, {period}"


def limit_words(limit: int) -> str:
    """Return a limit in the unit that laws write it in: `30 min`, `48 h`, `7 days`."""
    for unit, word, least in ((DAY, "days", 4), (HOUR, "h", 1)):
        if limit % unit == 0 and limit >= least * unit:
            return f"{limit // unit} {word}"
    return f"{limit // MINUTE} min"


_PERIODS: Mapping[Period, str] = {
    Period.MONTH: "by month",
    Period.QUARTER: "by quarter",
    Period.ROLLING_28D: "over 28 days",
    Period.ROLLING_90D: "over 90 days",
}


def scope_words(scope: Scope) -> str:
    """Return on which reports a clock runs."""
    parts = [
        ", ".join(sorted(words))
        for words in (scope.harms, scope.reporters, scope.channels, scope.bases, scope.severities, scope.jurisdictions)
        if words
    ]
    flagger = {None: [], True: ["trusted flaggers"], False: ["no trusted flagger"]}[scope.trusted_flagger]
    return "; ".join([*parts, *flagger]) or "all reports"


def tell_rules(rulebook: Rulebook, console: Console) -> None:
    """Print every rule."""
    for rule in rulebook.rules:
        console.print(Text.assemble((rule.clock.key, "bold"), f"  {rule.title}"))
        for line in _lines(rule):
            console.print(indented(line))
    unreviewed = sum(not rule.basis.reviewed for rule in rulebook.rules)
    console.print(f"{len(rulebook.rules)} clocks of {rulebook.name}; {unreviewed} of them were reviewed by no lawyer.")


def _lines(rule: Rule) -> Iterator[str]:
    basis = rule.basis
    yield f"asks for {asks(rule)}; on {scope_words(rule.clock.scope)}"
    yield "; ".join(_course(rule.clock))
    yield from [f"for reports filed {_days(*window)}" for window in rule.clock.windows if window != ALWAYS[0]]
    yield f"{basis.text} ({basis.source})"
    yield from [basis.link] if basis.link else []
    yield f"reviewed by {basis.reviewed_by} on {basis.reviewed_on}" if basis.reviewed else UNREVIEWED


def _course(clock: Clock) -> Iterator[str]:
    """Yield from what to what a clock runs, and what else it hears."""
    yield f"from {_any_of(clock.starts) or 'the filing'} to {_any_of(clock.stops)}"
    if clock.competes:
        yield f"competing: {', '.join(words_of(clock.competes))}"
    if clock.pauses:
        yield f"paused from {_any_of(clock.pauses)} to {_any_of(clock.resumes)}"
    if not clock.all_items:
        yield "one item is enough"
    if clock.after_reopen is AfterReopen.RESTART:
        yield "runs on when reopened"


def _any_of(deeds: frozenset[Deed]) -> str:
    *others, last = words_of(deeds) or [""]
    return f"{', '.join(others)} or {last}" if others else last


def _days(since: int, until: int) -> str:
    """Return the days of a window, the last one included."""
    last = "on" if until == FOREVER_MS else f"to {format_ms(until - DAY)[:10]}"
    return f"from {format_ms(since)[:10]} {last}" if since else f"up {last}"


def tell_reports(explained: Explained, console: Console) -> None:
    """Print every report with its clocks."""
    for report in explained.reports:
        _tell_report(report, console)
    refused = f"; {explained.refused} lines were refused: safeclock check says why" if explained.refused else ""
    as_of = "" if explained.as_of is None else f" as of {format_ms(explained.as_of)}"
    console.print(f"{len(explained.reports)} reports{as_of}{refused}.")


def _tell_report(report: ReportOn, console: Console) -> None:
    if report.filed is None or report.labels is None:
        told = Text.assemble((report.key, "bold"), ": its filing is missing, taken back or a test, so no clock runs")
        console.print(told)
        return
    labels = ", ".join(str(label) for label in report.labels if not isinstance(label, bool))
    flagger = ", trusted flagger" if report.labels.trusted_flagger else ""
    console.print(Text(report.key, "bold"))
    console.print(f"  filed {format_ms(report.filed.at)}: {labels}{flagger}; now {report.state}")
    table = WholeTable(box=None, show_header=False, padding=(0, 2, 0, 2))
    for name in ("clock", "how it stands"):
        table.add_column(name)
    for clock in report.clocks:
        table.add_row(clock.clock.key, said(clock))
    console.print(table)


def said(on: ClockOn) -> str:
    """Return how a clock stands on a report."""
    if on.why_not:
        return f"does not run: {'; '.join(on.why_not)}"
    parts = [on.ending if on.ran is None else f"{on.ending} after {duration(on.ran / SECOND)}"]
    parts += [f"due {format_ms(on.due)}"] if on.due is not None else []
    return ", ".join([*parts, *([on.verdict] if on.verdict else [])])


def as_json(explained: Explained) -> dict[str, object]:
    """Return the same as JSON: instants in RFC 3339, durations in seconds."""
    return {
        "schema": "safeclock.explain/1",
        "as_of": instant_or_none(explained.as_of),
        "refused": explained.refused,
        "reports": [
            {
                "report": report.key,
                "filed": None if report.filed is None else format_ms(report.filed.at),
                "state": report.state,
                "clocks": {on.clock.key: _clock(on) for on in report.clocks},
            }
            for report in explained.reports
        ],
    }


def _clock(on: ClockOn) -> dict[str, object]:
    if on.why_not:
        return {"runs": False, "why_not": list(on.why_not)}
    return {
        "runs": True,
        "ending": on.ending,
        "ran_seconds": seconds(on.ran),
        "due": instant_or_none(on.due),
        "verdict": on.verdict or None,
    }

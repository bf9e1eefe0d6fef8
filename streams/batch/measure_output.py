"""Print the document of figures as a table, as JSON or as CSV."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich.table import Table

from streams.batch.verdicts.output import print_verdicts
from streams.contract.declarations.evaluation import DeclarationVerdicts
from streams.contract.outputs.formatting import (
    CAVEAT,
    NOT_MEASURABLE,
    format_closed_only_median,
    format_count,
    format_quantile,
    format_share,
)
from streams.contract.outputs.verdict_report import comparison_rows, csv_rows, verdict_report
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import OPEN_STATES, State
from streams.domain.cohorts.calendar import PERIOD_NAMES
from streams.edge.terminal import WrappingTable, console

Group = Mapping[str, Any]

_DAY_KEY: Final = "86400"
_WAITING_STATES: Final = OPEN_STATES | {State.UNANSWERED}


class Answers(NamedTuple):
    """What is printed: the document of figures with its labels, verdicts, and comparisons of periods."""

    document: Mapping[str, Any]
    labels: Sequence[str]
    verdicts: Sequence[DeclarationVerdicts] = ()
    comparisons: Sequence[Mapping[str, Any]] = ()


def print_measures(answers: Answers, output_format: str) -> None:
    """Print answers in the form `table`, `json` or `csv` to standard output; CSV has verdicts or comparisons if asked."""
    if output_format == "json":
        json.dump(_json_document(answers), sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif output_format == "csv":
        csv.writer(sys.stdout).writerows(_rows(answers))
    else:
        _print_table(answers.document, answers.labels)
        for comparison in answers.comparisons:
            console().print(comparison["sentence"])
        if answers.verdicts:
            print_verdicts(answers.verdicts, console())


def _json_document(answers: Answers) -> Mapping[str, object]:
    document = dict(answers.document)
    if answers.verdicts:
        document["verdicts"] = [verdict_report(one) for one in answers.verdicts]
    if answers.comparisons:
        document["comparisons"] = list(answers.comparisons)
    return document


def _rows(answers: Answers) -> Iterable[list[object]]:
    if answers.verdicts:
        return csv_rows(answers.verdicts)
    if answers.comparisons:
        return comparison_rows(answers.comparisons)
    return _csv_rows(answers.document["groups"], answers.labels)


def count_waiting(group: Group) -> int:
    """Return how many reports of a group are open or unanswered."""
    return sum(count for state, count in group["states"].items() if State(state) in _WAITING_STATES)


def _print_table(document: Mapping[str, Any], labels: Sequence[str]) -> None:
    terminal = console()
    if document["groups"]:
        terminal.print(_statistics_table(document, labels))
    else:
        terminal.print("No report was accepted: there is nothing to measure.")
    for line in _footer_lines(document, labels):
        terminal.print(line)


def _statistics_table(document: Mapping[str, Any], labels: Sequence[str]) -> Table:
    table = WrappingTable(title=f"Time to action as of {document['as_of']}", caption=CAVEAT, title_justify="left")
    for label in labels:
        table.add_column(label)
    for heading in ("filed", "waiting", "closed-only median", "median, open counted", "within 24 h", "decided in 24 h"):
        table.add_column(heading, justify="right")
    for group in document["groups"]:
        action, decision = group["clocks"]["time_to_action"], group["clocks"]["time_to_decision"]
        table.add_row(
            *(_label_text(group, label) for label in labels),
            f"{group['filed']:,}",
            f"{count_waiting(group):,}",
            format_closed_only_median(action["closed_only_median_seconds"], action["events"]),
            _format_median(action["median_seconds"]) if action["measurable"] else NOT_MEASURABLE,
            format_share(action["within"][_DAY_KEY]),
            format_share(decision["within"][_DAY_KEY]),
        )
    return table


def _label_text(group: Group, label: str) -> str:
    """Return the value of a label; a period of which only a part is in the figures is marked."""
    text = str(group[label])
    return f"{text} (partial)" if label in PERIOD_NAMES and group["partial"] else text


def _format_median(median: Mapping[str, Any]) -> str:
    return format_quantile(median["value"], is_reached=median["reached"])


def _footer_lines(document: Mapping[str, Any], labels: Sequence[str]) -> Iterable[str]:
    """Yield the lines below the table: warnings, clocks that are not shown, and numbers of refused lines."""
    for group in document["groups"]:
        for warning in group["warnings"]:
            yield f"{' '.join(group[label] for label in labels)}: {warning}"
    hidden_clocks = max([len(group["clocks"]) for group in document["groups"]], default=0) - len(STANDARD_CLOCKS)
    if hidden_clocks > 0:
        yield f"{format_count(hidden_clocks, 'more clock')} of packs in --format json and csv"
    refused = ", ".join(f"{count:,} {reason}" for reason, count in document["refused"].items())
    refused = f"{refused} (safeclock check shows which lines)" if refused else "none"
    yield f"refused: {refused}; duplicates: {document['duplicates']:,}; orphans: {document['orphans']:,}"


def _csv_rows(groups: Iterable[Group], labels: Sequence[str]) -> Iterable[list[object]]:
    """Yield a header and one row per group and clock; a field is empty if there is no value."""
    partial = ["partial"] if PERIOD_NAMES.keys() & set(labels) else []
    yield [*labels, *partial, "filed", "clock", "method", "n", "events", *_CSV_FIELDS]
    for group in groups:
        for clock, statistics in group["clocks"].items():
            values = [_value_at(statistics, path) for path in _CSV_FIELDS.values()]
            yield [
                *(group[label] for label in labels),
                *(_CSV_VALUES[group[name]] for name in partial),
                group["filed"],
                clock,
                *(statistics[name] for name in ("method", "n", "events")),
                *(_CSV_VALUES.get(value, value) if isinstance(value, bool | None) else value for value in values),
            ]


_CSV_VALUES: Final[Mapping[object, str]] = {None: "", True: "true", False: "false"}
_CSV_FIELDS: Final = {
    **{
        f"{name}_seconds{suffix}": (f"{name}_seconds", part)
        for name in ("median", "p85", "p90", "p95")
        for suffix, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    },
    **{
        f"within_24h{suffix}": ("within", _DAY_KEY, part)
        for suffix, part in (("", "share"), ("_low", "low"), ("_high", "high"))
    },
    "closed_only_median_seconds": ("closed_only_median_seconds",),
    **{f"{name}_reached": (f"{name}_seconds", "reached") for name in ("median", "p85", "p90", "p95")},
}


def _value_at(statistics: Any, path: Sequence[str]) -> object:  # noqa: ANN401 - a document's value is of any kind
    for name in path:
        statistics = statistics[name]
    return statistics

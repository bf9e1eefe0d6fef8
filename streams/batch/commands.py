"""The commands `check`, `measure`, `clocks list`, `clocks check` and `clocks explain`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from streams.contract.outputs.formatting import format_count
from streams.edge.cli_options import (
    FILES_ARGUMENT,
    NOW_OPTION,
    PACK_OPTION,
    REGISTRY_OPTION,
    clock_for,
    declarations_from_paths,
    exit_with_usage_error,
    exits_on_unreadable_file,
    parse_day,
    parse_instant,
    parse_periods,
    registry_from_option,
    rulebook_from_options,
    with_options,
)

_SELECTION_OPTIONS = (
    click.option(
        "--where",
        multiple=True,
        help="Only reports with these labels, such as harm=grooming,reporter=guardian; a label that is repeated accepts"
        " each of its words.",
    ),
    click.option("--jurisdiction", help="Only reports that concern this country or group of the registry."),
    click.option("--from", "first_day", callback=parse_day, help="Only reports filed on this day (UTC) or later."),
    click.option("--to", "last_day", callback=parse_day, help="Only reports filed on this day (UTC) or earlier."),
)
_COMPARISON_OPTIONS = (
    click.option(
        "--compare",
        callback=parse_periods,
        help="Two periods whose mean waits are compared, such as 2026-Q2..2026-Q3; exploratory, never a verdict."
        " --format csv then prints the comparisons.",
    ),
    click.option(
        "--declared",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Declaration of a verdict to evaluate; can be given more than once. --format csv then prints the verdicts.",
    ),
    click.option(
        "--first-seen",
        callback=parse_instant,
        help="When the declarations were first seen. Default: unknown, so that they are exploratory and get no verdict.",
    ),
)


@click.command()
@FILES_ARGUMENT
@click.option(
    "--by",
    default="platform",
    show_default=True,
    help="Labels to group by, separated by commas; day, week, month and quarter are those of the filing.",
)
@with_options(_SELECTION_OPTIONS)
@click.option(
    "--as-of", callback=parse_instant, help="Leave out events after this instant. Default: the newest accepted time."
)
@NOW_OPTION
@with_options(_COMPARISON_OPTIONS)
@click.option(
    "--format", "output_format", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@REGISTRY_OPTION
@PACK_OPTION
def measure(files: tuple[Path, ...], by: str, output_format: str, **options: Any) -> None:  # noqa: ANN401 - files and instants
    """Measure FILES of JSON lines (or standard input) with the same ledger as the worker.

    Lines are refused for the same reasons as by `safeclock check`, which shows where they are.
    """
    from streams.batch.comparisons import PeriodError, compare_periods
    from streams.batch.load import load_files
    from streams.batch.measure import measure as measure_loaded
    from streams.batch.measure_output import Answers, print_measures
    from streams.batch.progress import open_with_progress
    from streams.batch.selection import SelectionError
    from streams.batch.verdicts.evaluate import evaluate_files
    from streams.domain.cohorts.statistics import UnknownLabelError, group_key

    labels, registry = by.split(","), registry_from_option(options["registry"])
    try:
        group_key(labels)
        selection = _selection(options, registry)
    except (UnknownLabelError, SelectionError) as error:
        exit_with_usage_error(error)
    rulebook, now = rulebook_from_options(options["packs"], registry), clock_for(files, options["now"])
    if options["as_of"] is not None and options["as_of"] > now():
        exit_with_usage_error(
            "--as-of: expected an instant up to now, got a later one: how long open reports will wait is not known"
        )
    declarations = declarations_from_paths(options["declared"], registry, rulebook)
    with exits_on_unreadable_file(), open_with_progress(files) as lines:
        loaded = load_files(lines, registry, options["as_of"], rulebook, now)
    try:
        compared = compare_periods(loaded, selection, options["compare"]) if options["compare"] else []
    except PeriodError as error:
        exit_with_usage_error(error)
    verdicts = evaluate_files(loaded, declarations, options["first_seen"], now())
    print_measures(Answers(measure_loaded(loaded, labels, selection), labels, verdicts, compared), output_format)


def _selection(options: Mapping[str, Any], registry: Any) -> Any:  # noqa: ANN401 - the types are imported lazily
    from streams.batch.selection import Selection, find_group, parse_labels

    group = options["jurisdiction"] and find_group(options["jurisdiction"], registry.groups)
    return Selection(parse_labels(options["where"]), group or "", options["first_day"], options["last_day"])


@click.command()
@FILES_ARGUMENT
@REGISTRY_OPTION
@NOW_OPTION
@click.option("--format", "output_format", type=click.Choice(["table", "json"]), default="table", show_default=True)
@PACK_OPTION
def check(
    files: tuple[Path, ...], registry: Path | None, now: int | None, output_format: str, packs: tuple[Path, ...]
) -> None:
    """Check FILES of JSON lines (or standard input) and show how they are understood.

    Exits with 1 if a line is refused.
    """
    from streams.batch.check import console
    from streams.batch.check.check import check as check_files
    from streams.batch.check.json_report import check_document

    platforms = registry_from_option(registry)
    rulebook = rulebook_from_options(packs, platforms)
    with exits_on_unreadable_file():
        result = check_files(files or (Path("-"),), platforms, clock_for(files, now), rulebook)
    if output_format == "json":
        click.echo(json.dumps(check_document(result), indent=2))
    else:
        console.print_check(result)
    sys.exit(result.exit_code)


@click.group()
def clocks() -> None:
    """List clocks, check rule packs, and explain which clocks run on a report."""


@clocks.command("list")
@PACK_OPTION
@REGISTRY_OPTION
def list_clocks(packs: tuple[Path, ...], registry: Path | None) -> None:
    """Print every clock: its requirement, its reports and its legal basis."""
    from streams.batch.clocks_output import print_rules
    from streams.edge.terminal import console

    print_rules(rulebook_from_options(packs, registry_from_option(registry)), console())


@clocks.command("check")
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@REGISTRY_OPTION
def check_packs(packs: tuple[Path, ...], registry: Path | None) -> None:
    """Check PACKS together and print all problems. Exits with 1 if there is one."""
    try:
        rulebook = rulebook_from_options(packs, registry_from_option(registry))
    except click.UsageError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    unreviewed = sum(not rule.legal_basis.is_reviewed for rule in rulebook.rules)
    click.echo(
        f"{rulebook.name}: {format_count(len(rulebook.rules), 'clock')}, no problem; {unreviewed} of them unreviewed"
    )


@clocks.command()
@FILES_ARGUMENT
@PACK_OPTION
@REGISTRY_OPTION
@NOW_OPTION
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(files: tuple[Path, ...], output_format: str, **options: Any) -> None:  # noqa: ANN401 - files and instants
    """Show for every report in FILES of JSON lines which clocks run, when each ends, and why others do not run."""
    from streams.batch.clocks_output import explain_document, print_reports
    from streams.batch.explain import explain as explain_lines
    from streams.batch.progress import open_with_progress
    from streams.edge.terminal import console

    registry = registry_from_option(options["registry"])
    rulebook = rulebook_from_options(options["packs"], registry)
    with exits_on_unreadable_file(), open_with_progress(files) as lines:
        explained = explain_lines(lines, registry, rulebook, now=clock_for(files, options["now"]))
    if output_format == "json":
        click.echo(json.dumps(explain_document(explained), indent=2))
    else:
        print_reports(explained, console())

"""The commands `check`, `measure`, `clocks list`, `clocks check` and `clocks explain`."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from streams.edge.cli_options import (
    FILES_ARGUMENT,
    NOW_OPTION,
    PACK_OPTION,
    REGISTRY_OPTION,
    clock_for,
    exit_with_usage_error,
    exits_on_unreadable_file,
    parse_instant,
    registry_from_option,
    rulebook_from_options,
)


@click.command()
@FILES_ARGUMENT
@click.option("--by", default="platform", show_default=True, help="Labels to group by, joined by commas.")
@click.option(
    "--as-of", callback=parse_instant, help="Leave out what happened later. Default: the newest accepted time."
)
@NOW_OPTION
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@REGISTRY_OPTION
@PACK_OPTION
def measure(files: tuple[Path, ...], by: str, form: str, **how: Any) -> None:  # noqa: ANN401 - files and instants
    """Measure FILES of JSON lines (or standard input) with the ledger that the worker runs.

    Lines are refused for the same reasons as by `safeclock check`, which says where they stand.
    """
    from streams.batch.load import load_files
    from streams.batch.measure import measure as figures
    from streams.batch.measure_output import print_measures
    from streams.batch.progress import open_with_progress
    from streams.domain.cohorts.statistics import UnknownLabelError, group_key

    labels = by.split(",")
    try:
        group_key(labels)
    except UnknownLabelError as error:
        exit_with_usage_error(error)
    registry = registry_from_option(how["registry"])
    rulebook, now = rulebook_from_options(how["packs"], registry), clock_for(files, how["now"])
    if how["as_of"] is not None and how["as_of"] > now():
        exit_with_usage_error(
            "--as-of: expected an instant that has come, since nobody knows how long open reports will wait"
        )
    with exits_on_unreadable_file(), open_with_progress(files) as lines:
        document = figures(load_files(lines, registry, how["as_of"], rulebook, now), labels)
    print_measures(document, labels, form)


@click.command()
@FILES_ARGUMENT
@REGISTRY_OPTION
@NOW_OPTION
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@PACK_OPTION
def check(files: tuple[Path, ...], registry: Path | None, now: int | None, form: str, packs: tuple[Path, ...]) -> None:
    """Tell how FILES of JSON lines (or standard input) are understood; ends with 1 when a line is refused."""
    from streams.batch.check import console
    from streams.batch.check.check import check as read
    from streams.batch.check.json_report import check_document

    known = registry_from_option(registry)
    rulebook = rulebook_from_options(packs, known)
    with exits_on_unreadable_file():
        checked = read(files or (Path("-"),), known, clock_for(files, now), rulebook)
    if form == "json":
        click.echo(json.dumps(check_document(checked), indent=2))
    else:
        console.print_check(checked)
    sys.exit(checked.exit_code)


@click.group()
def clocks() -> None:
    """Look at the clocks: what they are, whether a pack is right, which of them run on a report."""


@clocks.command("list")
@PACK_OPTION
@REGISTRY_OPTION
def list_clocks(packs: tuple[Path, ...], registry: Path | None) -> None:
    """Print every clock: what it asks for, of which reports, and what it rests on."""
    from streams.batch.clocks_output import print_rules
    from streams.edge.terminal import console

    print_rules(rulebook_from_options(packs, registry_from_option(registry)), console())


@clocks.command("check")
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@REGISTRY_OPTION
def check_packs(packs: tuple[Path, ...], registry: Path | None) -> None:
    """Say what is wrong with PACKS, taken together; ends with 1 when anything is."""
    try:
        rulebook = rulebook_from_options(packs, registry_from_option(registry))
    except click.UsageError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    unreviewed = sum(not rule.legal_basis.is_reviewed for rule in rulebook.rules)
    click.echo(f"{rulebook.name}: {len(rulebook.rules)} clocks, nothing wrong; {unreviewed} of them unreviewed")


@clocks.command()
@FILES_ARGUMENT
@PACK_OPTION
@REGISTRY_OPTION
@NOW_OPTION
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(files: tuple[Path, ...], form: str, **how: Any) -> None:  # noqa: ANN401 - likewise
    """Tell of every report in FILES of JSON lines which clocks run on it, why not the others, when each ends."""
    from streams.batch.clocks_output import explain_document, print_reports
    from streams.batch.explain import explain as read
    from streams.batch.progress import open_with_progress
    from streams.edge.terminal import console

    registry = registry_from_option(how["registry"])
    rulebook = rulebook_from_options(how["packs"], registry)
    with exits_on_unreadable_file(), open_with_progress(files) as lines:
        explained = read(lines, registry, rulebook, now=clock_for(files, how["now"]))
    if form == "json":
        click.echo(json.dumps(explain_document(explained), indent=2))
    else:
        print_reports(explained, console())

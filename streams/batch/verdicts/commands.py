"""The commands `verdicts check`, `verdicts list` and `verdicts explain`."""

import sys
from pathlib import Path
from typing import Any

import click

from streams.edge.cli_options import (
    NOW_OPTION,
    PACK_OPTION,
    REGISTRY_OPTION,
    clock_for,
    declarations_from_paths,
    exits_on_unreadable_file,
    registry_from_option,
    rulebook_from_options,
    with_options,
)

_DECLARATIONS_ARGUMENT = click.argument(
    "declarations", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
_OPTIONS = (_DECLARATIONS_ARGUMENT, REGISTRY_OPTION, PACK_OPTION)


@click.group()
def verdicts() -> None:
    """Check, list and explain declarations of verdicts: comparisons that are fixed before the reports are filed."""


@verdicts.command("check")
@with_options(_OPTIONS)
@click.option(
    "--events",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of JSON lines from which the change that could be found is estimated; can be given more than once.",
)
@NOW_OPTION
def check_declarations(events: tuple[Path, ...], now: int | None, **options: Any) -> None:  # noqa: ANN401 - files
    """Check DECLARATIONS together and print all problems. Exits with 1 if there is one."""
    from streams.batch.load import load_files
    from streams.batch.progress import open_with_progress
    from streams.batch.verdicts.evaluate import estimate_outlooks
    from streams.batch.verdicts.output import advice, print_outlooks
    from streams.contract.outputs.formatting import format_count
    from streams.edge.terminal import console

    registry, rulebook, found = _read(options, exit_code=1)
    terminal = console()
    for one in found:
        terminal.print(f"{one.name}: {format_count(len(one.cells), 'cell')}, decided on {one.decide}, no problem")
        for line in advice(one):
            terminal.print(f"  advice: {line}")
    if not events:
        return
    with exits_on_unreadable_file(), open_with_progress(events) as lines:
        loaded = load_files(lines, registry, None, rulebook, clock_for(events, now))
    for one in found:
        print_outlooks(list(estimate_outlooks(loaded, one)), terminal)


@verdicts.command("list")
@with_options(_OPTIONS)
def list_declarations(**options: Any) -> None:  # noqa: ANN401 - files
    """Print one row for each of DECLARATIONS."""
    from streams.batch.verdicts.output import print_list
    from streams.edge.terminal import console

    _, _, found = _read(options)
    print_list(found, console())


@verdicts.command("explain")
@with_options(_OPTIONS)
def explain_declarations(**options: Any) -> None:  # noqa: ANN401 - files
    """Say in sentences what DECLARATIONS compare, when they are decided, and how."""
    from streams.batch.verdicts.output import explain
    from streams.edge.terminal import console

    _, _, found = _read(options)
    for one in found:
        for line in explain(one):
            console().print(line)


def _read(options: dict[str, Any], exit_code: int | None = None) -> tuple[Any, Any, Any]:
    """Return registry, rulebook and declarations; mistakes exit with `exit_code`, or as a usage error without one."""
    registry = registry_from_option(options["registry"])
    rulebook = rulebook_from_options(options["packs"], registry)
    try:
        return registry, rulebook, declarations_from_paths(options["declarations"], registry, rulebook)
    except click.UsageError as error:
        if exit_code is None:
            raise
        click.echo(error.message, err=True)
        sys.exit(exit_code)

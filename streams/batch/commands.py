"""The commands `clocks list`, `clocks check` and `clocks explain`."""

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.group()
def clocks() -> None:
    """Look at the clocks: what they are, whether a pack is right, which of them run on a report."""


_TOML = click.Path(path_type=Path, exists=True, dir_okay=False)
_REGISTRY = click.option("--registry", type=_TOML, help="TOML file that names the platforms and jurisdiction groups.")
_PACKS = click.option(
    "--pack", "packs", multiple=True, type=_TOML, help="TOML file with clocks, beside the standard ones."
)


@clocks.command("list")
@_PACKS
@_REGISTRY
def list_clocks(packs: tuple[Path, ...], registry: Path | None) -> None:
    """Print every clock: what it asks for, of which reports, and what it rests on."""
    from rich.console import Console

    from streams.batch.clock_talk import tell_rules

    _, rulebook = _loaded(packs, registry)
    tell_rules(rulebook, Console())


@clocks.command()
@click.argument("packs", nargs=-1, required=True, type=_TOML)
@_REGISTRY
def check(packs: tuple[Path, ...], registry: Path | None) -> None:
    """Say what is wrong with PACKS, taken together; ends with 1 when anything is."""
    _, rulebook = _loaded(packs, registry)
    unreviewed = sum(not rule.basis.reviewed for rule in rulebook.rules)
    click.echo(f"{rulebook.name}: {len(rulebook.rules)} clocks, nothing wrong; {unreviewed} of them unreviewed")


@clocks.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@_PACKS
@_REGISTRY
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(files: tuple[Path, ...], packs: tuple[Path, ...], registry: Path | None, form: str) -> None:
    """Tell of every report in FILES of JSON lines which clocks run on it, why not the others, when each ends."""
    from rich.console import Console

    from streams.batch.clock_talk import as_json, tell_reports
    from streams.batch.explained import explain as read
    from streams.batch.lines import progressing

    known, rulebook = _loaded(packs, registry)
    with progressing(files) as lines:
        explained = read(lines, known, rulebook)
    if form == "json":
        click.echo(json.dumps(as_json(explained), indent=2))
    else:
        tell_reports(explained, Console())


def _loaded(packs: tuple[Path, ...], registry: Path | None) -> Any:  # noqa: ANN401 - types are imported lazily
    """Return the registry and the rulebook; say every mistake and end with 1 when there is one."""
    from streams.contract.pack_file import rulebook_of
    from streams.contract.registry import Registry
    from streams.contract.registry_file import load
    from streams.contract.tables import TablesError
    from streams.domain.roster import ClockError

    try:
        known = Registry.open() if registry is None else load(registry)
        return known, rulebook_of(packs, known)
    except (TablesError, ClockError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)

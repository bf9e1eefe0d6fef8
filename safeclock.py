"""The command line: one command per job, imported when it is asked for."""

from pathlib import Path
from typing import Final, NoReturn

import click

USAGE_ERROR: Final = 2


@click.group()
@click.version_option(package_name="safeclock")
def main() -> None:
    """Measure what platforms declare about how fast they act on child-safety reports."""


def _fail(problem: object) -> NoReturn:
    """End with the usage status after saying what is wrong."""
    raise click.UsageError(str(problem))


def _instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Read an RFC 3339 instant with an offset, in epoch milliseconds."""
    from datetime import datetime

    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("expected an instant such as 2026-01-31T00:00:00Z") from error
    if instant.tzinfo is None:
        raise click.BadParameter("expected an instant with an offset, such as 2026-01-31T00:00:00Z")
    return round(instant.timestamp() * 1000)


def _registry(path: Path | None):  # type: ignore[no-untyped-def]  # noqa: ANN202 - its type is imported lazily
    """Return the registry of a file; without one, every platform is accepted."""
    from streams.contract.registry import Registry
    from streams.contract.registry_file import RegistryError, load

    try:
        return Registry.open() if path is None else load(path)
    except (RegistryError, OSError) as error:
        _fail(error)


_FILES = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
_REGISTRY = click.option(
    "--registry",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file that names the platforms.",
)


@main.command()
@_FILES
@click.option("--by", default="platform", show_default=True, help="Labels to group by, joined by commas.")
@click.option("--as-of", callback=_instant, help="Leave out what happened later. Default: the newest accepted time.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@_REGISTRY
def measure(files: tuple[Path, ...], by: str, as_of: int | None, form: str, registry: Path | None) -> None:
    """Measure FILES of JSON lines (or standard input) with the ledger that the worker runs."""
    from streams.batch.lines import progressing
    from streams.batch.measure import measure as figures
    from streams.batch.print import show
    from streams.batch.reading import read
    from streams.domain.figures import UnknownLabelError, grouping

    labels = by.split(",")
    try:
        grouping(labels)
    except UnknownLabelError as error:
        _fail(error)
    with progressing(files) as lines:
        document = figures(read(lines, _registry(registry), as_of), labels)
    show(document, labels, form)


@main.command()
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--weeks", type=click.IntRange(1, 520), default=13, show_default=True)
@click.option(
    "--reports", type=click.IntRange(1), default=150_000, show_default=True, help="About how many, all platforms."
)
@click.option(
    "--start", callback=_instant, default="2026-01-05T00:00:00Z", show_default=True, help="The first instant."
)
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write what was planted to this file.")
def simulate(seed: int, weeks: int, reports: int, start: int, truth: Path | None) -> None:
    """Write the events of eight invented platforms to standard output, with planted truths."""
    from producers.simulation.plan import Plan
    from producers.simulation.told import line
    from producers.simulation.traffic import simulate as told

    plan = Plan(seed=seed, start_ms=start, weeks=weeks, reports=reports)
    if truth is not None:
        from producers.simulation.truth import truth_of, write

        write(truth_of(plan), truth)
    out = click.get_binary_stream("stdout")
    out.writelines(line(one) + b"\n" for one in told(plan))


if __name__ == "__main__":
    main()

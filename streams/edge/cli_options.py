"""What several commands ask for: files, platforms, clocks, instants, and settings by flags in place of variables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from streams.edge.clock import wall_clock_ms


def instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Read an RFC 3339 instant with an offset, in epoch milliseconds; None where there is none."""
    from streams.contract.timestamps import parse

    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise click.BadParameter("expected an instant with an offset, such as 2026-01-31T00:00:00Z") from error


def now_of(paths: tuple[Path, ...], given: int | None) -> Any:  # noqa: ANN401 - its type is imported lazily
    """Return what is now for the lines of `paths`, none being the standard input: `given`, else by the clock."""
    from streams.edge.files.input_file import STDIN
    from streams.edge.files.reading_clock import now_of as by_the_clock

    return by_the_clock(paths or (STDIN,)) if given is None else lambda: given


FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
REGISTRY = click.option(
    "--registry",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file that names the platforms.",
)
PACKS = click.option(
    "--pack",
    "packs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with clocks to measure by, beside the standard ones; may be given more than once.",
)
NOW = click.option(
    "--now",
    callback=instant,
    help="Refuse what was told after this instant. Default: the clock's when a file, or a line of a pipe, is read.",
)


def flags(given: dict[str, str | None]) -> dict[str, str | None]:
    """Return flags by the names of the variables that they stand for."""
    return {f"SAFECLOCK_{name.upper()}": text for name, text in given.items()}


def with_options(options: tuple[Any, ...]) -> Callable[[Any], Any]:  # click's decorators are untyped
    """Return a decorator that gives a command all of `options`, in their order."""

    def decorate(command: Any) -> Any:  # noqa: ANN401
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@contextmanager
def reading() -> Iterator[None]:
    """End with the usage status where a file cannot be read to its end."""
    try:
        yield
    except OSError as error:
        usage(error)


def usage(problem: object) -> NoReturn:
    """End with the usage status after saying what is wrong."""
    raise click.UsageError(str(problem))


def registry_of(path: Path | None) -> Any:  # noqa: ANN401 - its type is imported lazily
    """Return the registry of a file; without one, every platform is accepted."""
    from streams.contract.registry.file import load
    from streams.contract.registry.registry import Registry
    from streams.contract.toml_reader import TablesError

    try:
        return Registry.open() if path is None else load(path)
    except (TablesError, OSError) as error:
        usage(error)


def rulebook_of(packs: tuple[Path, ...], registry: Any) -> Any:  # noqa: ANN401 - likewise
    """Return the standard rules with those of packs, read by a registry's groups."""
    from streams.contract.packs.file import rulebook_of as read
    from streams.contract.toml_reader import TablesError
    from streams.domain.roster import ClockError

    try:
        return read(packs, registry, wall_clock_ms())
    except (TablesError, ClockError, OSError) as error:
        usage(error)

"""Options and arguments that several commands share: files, registry, rule packs, instants, settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from streams.edge.clock import wall_clock_ms


def parse_instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Return the epoch milliseconds of an RFC 3339 instant with an offset, or None for a missing option."""
    from streams.contract.timestamps import parse_timestamp

    try:
        return None if text is None else parse_timestamp(text)
    except ValueError as error:
        raise click.BadParameter("expected an instant with an offset, such as 2026-01-31T00:00:00Z") from error


def parse_day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Return a day such as 2026-01-31 in days since 1970, or None for a missing option."""
    from datetime import date

    try:
        return None if text is None else (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError as error:
        raise click.BadParameter("expected a day such as 2026-01-31") from error


def parse_periods(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Any:  # noqa: ANN401 - imported lazily
    """Return the two periods of a text such as 2026-Q2..2026-Q3, or None for a missing option."""
    from streams.domain.cohorts.calendar import parse_period

    if text is None:
        return None
    try:
        baseline, current = map(parse_period, text.split(".."))
    except ValueError as error:
        raise click.BadParameter(
            "expected two weeks, months or quarters such as 2026-Q2..2026-Q3, the earlier one first"
        ) from error
    return baseline, current


def clock_for(paths: tuple[Path, ...], now: int | None) -> Any:  # noqa: ANN401 - the type is imported lazily
    """Return the clock for the lines of `paths`: the instant `now`, or the wall clock without one; no path means stdin."""
    from streams.edge.files.input_file import STDIN
    from streams.edge.files.reading_clock import reading_clock as by_the_clock

    return by_the_clock(paths or (STDIN,)) if now is None else lambda: now


FILES_ARGUMENT = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
REGISTRY_OPTION = click.option(
    "--registry",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file that names the platforms.",
)
PACK_OPTION = click.option(
    "--pack",
    "packs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with clocks that are measured beside the standard ones; can be given more than once.",
)
NOW_OPTION = click.option(
    "--now",
    callback=parse_instant,
    help="Refuse events that were logged after this instant."
    " Default: the time at which a file, or a line of a pipe, is read.",
)


def flags_by_variable(flags: dict[str, str | None]) -> dict[str, str | None]:
    """Return flags by the names of the variables that they override."""
    return {f"SAFECLOCK_{name.upper()}": value for name, value in flags.items()}


def with_options(options: tuple[Any, ...]) -> Callable[[Any], Any]:  # click's decorators are untyped
    """Return a decorator that adds all of `options` to a command, in their order."""

    def decorate(command: Any) -> Any:  # noqa: ANN401
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@contextmanager
def exits_on_unreadable_file() -> Iterator[None]:
    """Exit with the status of a usage error if a file cannot be read to its end."""
    try:
        yield
    except OSError as error:
        exit_with_usage_error(error)


def exit_with_usage_error(problem: object) -> NoReturn:
    """Print a problem and exit with the status of a usage error."""
    raise click.UsageError(str(problem))


def registry_from_option(path: Path | None) -> Any:  # noqa: ANN401 - its type is imported lazily
    """Return the registry in a file, or a registry that accepts every platform if there is no file."""
    from streams.contract.registry.file import read_registry
    from streams.contract.registry.registry import Registry
    from streams.contract.toml_reader import TomlFileError

    try:
        return Registry.accepting_all() if path is None else read_registry(path)
    except (TomlFileError, OSError) as error:
        exit_with_usage_error(error)


def rulebook_from_options(packs: tuple[Path, ...], registry: Any) -> Any:  # noqa: ANN401 - likewise
    """Return the standard rules with those of packs, which may name the jurisdiction groups of the registry."""
    from streams.contract.packs.file import load_rulebook as read
    from streams.contract.toml_reader import TomlFileError
    from streams.domain.clocks.clock_history import ClockError

    try:
        return read(packs, registry, wall_clock_ms())
    except (TomlFileError, ClockError, OSError) as error:
        exit_with_usage_error(error)


def declarations_from_paths(paths: tuple[Path, ...], registry: Any, rulebook: Any) -> Any:  # noqa: ANN401 - likewise
    """Return the declarations of verdicts in files."""
    from streams.contract.declarations.collection import read_declarations
    from streams.contract.toml_reader import TomlFileError

    try:
        return read_declarations(paths, registry, rulebook)
    except TomlFileError as error:
        exit_with_usage_error(error)

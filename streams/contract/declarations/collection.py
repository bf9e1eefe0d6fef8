"""Read all declarations of an installation, and check them against each other."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.file import DeclarationError, read_declaration
from streams.contract.packs.rulebook import Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.verdict.declared_cells import CellName

_YEAR: Final = timedelta(weeks=52)
"""Twelve months in whole weeks, since windows a year apart are so."""


class DeclarationFile(NamedTuple):
    """A declaration and the name of its file."""

    name: str
    declaration: Declaration


def read_declarations(paths: Iterable[Path], registry: Registry, rulebook: Rulebook) -> tuple[Declaration, ...]:
    """Return the declarations in files, in their order; raises DeclarationError with every mistake in all of them."""
    files: list[DeclarationFile] = []
    problems: list[str] = []
    for path in paths:
        try:
            files.append(DeclarationFile(str(path), read_declaration(path, registry, rulebook)))
        except DeclarationError as error:
            problems += error.problems
    problems += [*_repeated_ids(files), *_overused_cells(files)]
    if problems:
        raise DeclarationError(problems)
    return tuple(file.declaration for file in files)


def _repeated_ids(files: Sequence[DeclarationFile]) -> Iterator[str]:
    for place, file in enumerate(files):
        former = next((one for one in files[:place] if one.declaration.id == file.declaration.id), None)
        if former:
            yield f"{file.name}: id: expected an id that no other declaration has, got that of {former.name}"


def _overused_cells(files: Sequence[DeclarationFile]) -> Iterator[str]:
    """Yield a problem for every file with a cell that is decided more often in twelve months than a file allows.

    The level of a decision is shared among the dates of twelve months, so one date more breaks it for all of them.
    """
    for file in files:
        for cell in file.declaration.cells:
            within = [one for one in files if cell in one.declaration.cells and _begins_twelve_months(file, one)]
            allowed = min(one.declaration.dates_in_twelve_months for one in within)
            if len(within) > allowed:
                yield _overuse_problem(file, cell, within, allowed)
                break


def _begins_twelve_months(first: DeclarationFile, other: DeclarationFile) -> bool:
    """Return whether `other` is decided in the twelve months that begin with the decision of `first`."""
    return first.declaration.decide <= other.declaration.decide < first.declaration.decide + _YEAR


def _overuse_problem(file: DeclarationFile, cell: CellName, within: Sequence[DeclarationFile], allowed: int) -> str:
    names = ", ".join(one.name for one in within)
    return (
        f"{file.name}: cells: expected at most {allowed} decisions on {cell.title} in twelve months, as"
        f" dates_in_twelve_months says, got {len(within)}: {names}"
    )

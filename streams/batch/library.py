"""The functions for programs that do what the commands `measure` and `check` do."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any

from streams.batch.check.check import check as check_files
from streams.batch.check.json_report import check_document
from streams.batch.load import load_files
from streams.batch.measure import measure as measure_files
from streams.batch.selection import Selection, find_group, parse_labels
from streams.contract.packs.file import load_rulebook
from streams.contract.packs.rulebook import Rulebook
from streams.contract.registry.registry import Registry
from streams.edge.clock import wall_clock_ms
from streams.edge.files.line_blocks import read_blocks, read_lines
from streams.edge.files.reading_clock import reading_clock

_EPOCH = date(1970, 1, 1)
Paths = Iterable[str | PathLike[str]]


def measure(  # noqa: PLR0913 - keywords, as the options of the command
    files: Paths,
    registry: Registry | None = None,
    *,
    packs: Paths = (),
    by: Sequence[str] = ("platform",),
    where: Mapping[str, Collection[str]] | None = None,
    jurisdiction: str = "",
    filed: tuple[date | None, date | None] = (None, None),
    as_of: int | None = None,
) -> dict[str, Any]:
    """Return what `safeclock measure --format json` prints for files of JSON lines.

    Without a registry every platform is accepted. `where` has the accepted words by label, `filed` the first and the last
    filing day. `as_of` is in epoch milliseconds; without it the newest accepted time
    counts. Raises OSError for a file that cannot be read, SelectionError for a wrong selection, UnknownLabelError for a label in `by` that reports do not
    have, and TomlFileError or ClockError for a rule pack with mistakes.
    """
    paths, known = [Path(file) for file in files], registry or Registry.accepting_all()
    rulebook = _read_packs(packs, known)
    lines = read_lines(read_blocks(paths))
    first, last = (None if day is None else (day - _EPOCH).days for day in filed)
    conditions = [f"{label}={word}" for label, words in (where or {}).items() for word in words]
    selection = Selection(
        parse_labels(conditions), find_group(jurisdiction, known.groups) if jurisdiction else "", first, last
    )
    return measure_files(load_files(lines, known, as_of, rulebook, reading_clock(paths)), by, selection)


def check(files: Paths, registry: Registry | None = None, *, packs: Paths = ()) -> dict[str, Any]:
    """Return what `safeclock check --format json` prints for files of JSON lines; errors are those of `measure`."""
    paths, known = [Path(file) for file in files], registry or Registry.accepting_all()
    return dict(check_document(check_files(paths, known, reading_clock(paths), _read_packs(packs, known))))


def _read_packs(packs: Paths, registry: Registry) -> Rulebook:
    return load_rulebook([Path(pack) for pack in packs], registry, wall_clock_ms())

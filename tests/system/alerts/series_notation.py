"""Promtool's notation of a series as a list of its values, and back: what is done to a history is done to numbers."""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

Values = list[float | None]
"""One value per step: None where there is no sample, NaN where Prometheus marks the series as gone."""

STALE: Final = math.nan

_NUMBER: Final = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_ITEM: Final = re.compile(rf"({_NUMBER})(?:([+-]\d+(?:\.\d+)?))?(?:x(\d+))?")


def expand_notation(notation: str, steps: int) -> Values:
    """Return the first `steps` values of a series, without samples at the end where it is shorter."""
    values = [value for item in notation.split() for value in _expand_item(item)]
    return (values + [None] * steps)[:steps]


def write_notation(values: Sequence[float | None]) -> str:
    """Return values as promtool reads them."""
    return " ".join(_items(values))


def _expand_item(item: str) -> Iterator[float | None]:
    if item == "stale":
        yield STALE
    elif item.startswith("_"):
        yield from [None] * int(item.removeprefix("_x") or 1) if item != "_" else [None]
    else:
        found = _ITEM.fullmatch(item)
        if found is None:
            raise ValueError(f"expected a value in promtool's notation, got {item!r}")
        start, step, times = float(found[1]), float(found[2] or 0), int(found[3] or 0)
        yield from (start + step * number for number in range(times + 1))


def _items(values: Sequence[float | None]) -> Iterator[str]:
    # NaN is not equal to itself: runs are told by what is written.
    for word, run in groupby(_format_value(value) for value in values):
        times = len(list(run))
        if word == "_":
            yield f"_x{times}"
        elif times > 1 and word != "stale":
            yield f"{word}x{times - 1}"
        else:
            yield from [word] * times


def _format_value(value: float | None) -> str:
    if value is None:
        return "_"
    return "stale" if math.isnan(value) else f"{value:.15g}"

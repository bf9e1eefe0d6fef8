"""What a line of the calibration is: rows of trials, and the figures that are printed of them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tests.tools.calibrate.rule_trial import Outcomes


class Row(NamedTuple):
    """The cells that name a row, and one trial of it."""

    labels: tuple[str, ...]
    trial: Callable[[np.random.Generator], Outcomes]


class Line(NamedTuple):
    """One table: its name and title, the heads of the cells that name its rows, and its columns.

    `columns` maps the head of a column to the outcome that it shows. `runs`: trials of every row of a full calibration.
    """

    name: str
    title: str
    row_heads: tuple[str, ...]
    columns: Mapping[str, str]
    rows: tuple[Row, ...]
    runs: int

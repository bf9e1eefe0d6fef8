"""Every line of the calibration, in the order of the page."""

from collections.abc import Mapping
from typing import Final

from tests.tools.calibrate.guard_lines import GUARD_STATES, VERDICTS
from tests.tools.calibrate.line import Line
from tests.tools.calibrate.speed_lines import POWER, PRACTICE, QUARTER_POWER, STRESS, UNCHANGED
from tests.tools.calibrate.year_line import YEAR

LINES: Final[Mapping[str, Line]] = {
    line.name: line for line in (UNCHANGED, YEAR, POWER, QUARTER_POWER, STRESS, GUARD_STATES, VERDICTS, PRACTICE)
}

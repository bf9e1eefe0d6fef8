"""Parse the fields of a declaration."""

from datetime import date
from typing import Final

from streams.contract.toml_reader import Field, Table, distinct_words, duration_ms, one_line_text, table, text_matching
from streams.domain.duration_bins import edge_index
from streams.domain.vocabulary import Harm

SCHEMA_NAME: Final = "safeclock.declared/1"
MIN_WEEKS: Final = 13
MAX_WEEKS: Final = 52
_MAX_DATES: Final = 12
_CELL_LABELS: Final = (["platform"], ["platform", "harm"])
_NO_TABLE: Final[Table] = {}


def _parse_day(value: object) -> date:
    if type(value) is not date:
        raise TypeError
    return value


def _parse_monday(value: object) -> date:
    day = _parse_day(value)
    if day.weekday():
        raise ValueError
    return day


def _parse_weeks(value: object) -> int:
    return _parse_number(value, MIN_WEEKS, MAX_WEEKS)


def _parse_dates(value: object) -> int:
    return _parse_number(value, 1, _MAX_DATES)


def _parse_number(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError
    return value


def _parse_share(value: object) -> float:
    if type(value) is not float or not 0 < value < 1:
        raise ValueError
    return value


def _parse_grid_duration(value: str) -> int:
    duration = duration_ms(value)
    edge_index(duration)
    return duration


def _parse_cell_labels(value: object) -> list[str]:
    if value not in _CELL_LABELS:
        raise ValueError
    return list(value)


def _distinct_texts(value: list[str]) -> list[str]:
    return distinct_words([text for text in value if one_line_text(text)], value)


SCHEMA: Final = Field(f'"{SCHEMA_NAME}"', text_matching(SCHEMA_NAME.replace(".", r"\.")), "", is_required=True)
ID: Final = Field("1 to 64 of a-z, 0-9 and -", text_matching("[a-z0-9-]{1,64}"), "", is_required=True)
DAY: Final = Field[date | None]("a day such as 2026-12-18", _parse_day, None, is_required=True)
MONDAY: Final = Field[date | None]("a Monday such as 2026-01-05", _parse_monday, None, is_required=True)
WEEKS: Final = Field(f"a whole number from {MIN_WEEKS} to {MAX_WEEKS}", _parse_weeks, 0, is_required=True)
BY: Final = Field("name and office in one line", one_line_text, "", is_required=True)
QUESTION: Final = Field("the question in one line", one_line_text, "", is_required=True)
CLOCK: Final = Field("the id of a clock", one_line_text, "", is_required=True)
DURATION: Final = Field(
    "a duration in whole minutes up to 2 h, whole hours up to 14 d, or whole days up to 400 d, such as 48h",
    _parse_grid_duration,
    0,
    is_required=True,
)
CELLS: Final = Field[list[str]]('["platform"] or ["platform", "harm"]', _parse_cell_labels, [], is_required=True)
PLATFORMS: Final = Field[list[str]]("a list of distinct platforms", _distinct_texts, [], is_required=True)
HARMS: Final = Field[list[str]](
    f"a list of distinct words, of {', '.join(sorted(Harm))}",
    lambda value: [] if value == [] else distinct_words(value, set(Harm)),
    [],
)
DATES: Final = Field(f"a whole number from 1 to {_MAX_DATES}", _parse_dates, 0, is_required=True)
SHARE: Final = Field("a number above 0 and below 1, such as 0.05", _parse_share, 0.0, is_required=True)
BETTER: Final = Field("more or less", text_matching("more|less"), "more", is_required=True)
TABLE: Final = Field("a table", table, _NO_TABLE, is_required=True)

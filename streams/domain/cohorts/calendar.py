"""Calendar periods of filing days, by their names in ISO form: `2026-W05`, `2026-05`, `2026-Q2`."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from re import compile as pattern
from typing import Final, NamedTuple

_EPOCH: Final = date(1970, 1, 1)
_MONTHS_OF_QUARTER: Final = 3
_WEEK: Final = pattern(r"(\d{4})-W(\d{2})")
_MONTH: Final = pattern(r"(\d{4})-(\d{2})")
_QUARTER: Final = pattern(r"(\d{4})-Q([1-4])")


class CalendarPeriod(NamedTuple):
    """A week, month or quarter with its first and last day, in days since 1970."""

    name: str
    first_day: int
    last_day: int


@lru_cache(maxsize=4096)
def period_of(unit: str, day: int) -> CalendarPeriod:
    """Return the `week`, `month` or `quarter` that contains a day; weeks are ISO weeks."""
    return parse_period(PERIOD_NAMES[unit](_EPOCH + timedelta(days=day)))


def parse_period(name: str) -> CalendarPeriod:
    """Return the period that a name stands for; raises ValueError for any other text."""
    first, after = _bounds(name)
    return CalendarPeriod(name, (first - _EPOCH).days, (after - _EPOCH).days - 1)


def _bounds(name: str) -> tuple[date, date]:
    if week := _WEEK.fullmatch(name):
        first = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return first, first + timedelta(days=7)
    if month := _MONTH.fullmatch(name):
        return _months(int(month[1]), int(month[2]), 1)
    if quarter := _QUARTER.fullmatch(name):
        return _months(int(quarter[1]), _MONTHS_OF_QUARTER * int(quarter[2]) - 2, _MONTHS_OF_QUARTER)
    raise ValueError("expected a week, month or quarter such as 2026-W05, 2026-05 or 2026-Q2")


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    months = month - 1 + count
    return date(year, month, 1), date(year + months // 12, months % 12 + 1, 1)


def _week_name(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


PERIOD_NAMES: Final[Mapping[str, Callable[[date], str]]] = {
    "week": _week_name,
    "month": lambda day: f"{day.year}-{day.month:02}",
    "quarter": lambda day: f"{day.year}-Q{(day.month - 1) // _MONTHS_OF_QUARTER + 1}",
}
"""The units of periods, each with a function that names the period of a day."""

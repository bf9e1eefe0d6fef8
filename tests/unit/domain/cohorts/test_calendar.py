"""Periods have ISO names, and every day lies in exactly one of each kind."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.cohorts.calendar import PERIOD_NAMES, parse_period, period_of

EPOCH = date(1970, 1, 1)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
    ],
)
def test_a_period_has_its_first_and_its_last_day(name: str, first: date, last: date) -> None:
    found = parse_period(name)

    assert [EPOCH + timedelta(days=day) for day in found[1:]] == [first, last]


@given(st.sampled_from(list(PERIOD_NAMES)), st.integers(0, 40_000))
def test_a_day_lies_in_the_period_that_is_named_after_it_and_the_next_one_begins_after_it(unit: str, day: int) -> None:
    found = period_of(unit, day)

    assert found.first_day <= day <= found.last_day
    assert parse_period(found.name) == found
    assert period_of(unit, found.last_day + 1).first_day == found.last_day + 1


@pytest.mark.parametrize("wrong", ["2026", "2026-Q5", "2026-W54", "2026-13", "2026-W1", "", "2026-02-01"])
def test_no_other_text_names_a_period(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"expected|must be|Invalid"):
        parse_period(wrong)

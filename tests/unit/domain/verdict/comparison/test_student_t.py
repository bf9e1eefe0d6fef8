"""Student's t agrees with scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # ships no types

from streams.domain.verdict.comparison.student_t import quantile, upper_tail

degrees = st.floats(1, 100)


@given(st.floats(-50, 50), degrees)
def test_the_tail_is_that_of_scipy(t: float, df: float) -> None:
    assert upper_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-10)


@given(st.floats(0.5, 0.999_999), degrees)
def test_the_quantile_is_that_of_scipy(p: float, df: float) -> None:
    assert quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("p", [0.4, 1.0])
def test_a_probability_without_an_upper_quantile_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=r"expected a probability from 0\.5 to below 1"):
        quantile(p, 4)

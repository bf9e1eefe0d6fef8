"""Which of many comparisons are chosen."""

from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # ships no types

from streams.domain.verdict.comparison.multiplicity import benjamini_hochberg

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(p_values, st.floats(0.001, 0.2))
def test_the_chosen_are_those_whose_adjusted_p_value_is_at_most_the_level(values: list[float], level: float) -> None:
    adjusted = stats.false_discovery_control(values)

    chosen = benjamini_hochberg(values, level)

    # Rounding may decide about a value that equals the level.
    assert chosen >= {place for place, value in enumerate(adjusted) if value < level * (1 - 1e-12)}
    assert chosen <= {place for place, value in enumerate(adjusted) if value <= level * (1 + 1e-12)}

"""Figures are written as people write them."""

import pytest

from streams.contract.outputs.formatting import format_count


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 reports"), (1, "1 report"), (2, "2 reports"), (1_000, "1,000 reports")]
)
def test_a_noun_is_singular_after_one_only(count: int, text: str) -> None:
    assert format_count(count, "report") == text

"""Choose among many comparisons so that few of the chosen ones are false."""

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float], level: float) -> frozenset[int]:
    """Return the places of the p values that are chosen at a false discovery rate of `level`.

    Benjamini and Hochberg (1995): with the p values in ascending order, the first k, for the largest k whose p value is at
    most `level` * k / N.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    chosen = max(
        (rank for rank, place in enumerate(order, 1) if p_values[place] <= level * rank / len(p_values)), default=0
    )
    return frozenset(order[:chosen])

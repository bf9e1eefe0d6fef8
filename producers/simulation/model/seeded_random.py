"""Seeded random draws that give the same numbers on every machine.

Logarithms and exponentials of two mathematical libraries may differ in the last bit. Here they only fill tables with
rounded values; every draw is then an index and a few multiplications, whose results IEEE 754 defines exactly.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import exp, sqrt
from random import Random
from statistics import NormalDist
from typing import Final, Generic, TypeVar

_TABLE_BITS: Final = 14
_TABLE_DIGITS: Final = 10

T = TypeVar("T")


@lru_cache(maxsize=1)
def _normal_table() -> tuple[float, ...]:
    """Return 2^14 equally likely values of the standard normal distribution, ascending, within four sigmas."""
    inverse = NormalDist().inv_cdf
    size = 1 << _TABLE_BITS
    return tuple(round(inverse((index + 0.5) / size), _TABLE_DIGITS) for index in range(size))


@lru_cache(maxsize=64)
def _log_normal_table(sigma: float) -> tuple[float, ...]:
    """Return 2^14 equally likely values of a log-normal distribution with median 1."""
    return tuple(round(exp(sigma * value), _TABLE_DIGITS) for value in _normal_table())


class WeightedChoice(Generic[T]):
    """Options with weights for `SeededRandom.pick`."""

    def __init__(self, weighted: Sequence[tuple[T, float]]) -> None:
        self.options: Final = tuple(option for option, _ in weighted)
        sums = tuple(accumulate(weight for _, weight in weighted))
        self.total: Final = sums[-1]
        self.bounds: Final = sums[:-1]

    def shares(self) -> tuple[tuple[T, float], ...]:
        """Return each option with its share of the total weight."""
        lower = (0.0, *self.bounds)
        upper = (*self.bounds, self.total)
        return tuple(
            (option, (high - low) / self.total) for option, low, high in zip(self.options, lower, upper, strict=True)
        )


class SeededRandom:
    """A seeded source of random draws; `purpose` makes the sequences of different uses independent."""

    def __init__(self, *purpose: object) -> None:
        self._random: Final = Random("/".join(map(str, purpose)))  # noqa: S311 - for a simulation, not for a secret
        self._bits: Final = self._random.getrandbits
        self.uniform: Final = self._random.random

    def draw_bool(self, probability: float) -> bool:
        """Return true with this probability."""
        return self.uniform() < probability

    def pick(self, choice: WeightedChoice[T]) -> T:
        """Return one option, with a probability in proportion to its weight."""
        return choice.options[bisect_right(choice.bounds, self.uniform() * choice.total)]

    def draw_normal(self) -> float:
        """Return a draw of the standard normal distribution."""
        return _normal_table()[self._bits(_TABLE_BITS)]

    def draw_log_normal(self, median: float, sigma: float) -> float:
        """Return a draw with this median whose logarithm has the standard deviation `sigma`."""
        return median * _log_normal_table(sigma)[self._bits(_TABLE_BITS)]

    def draw_count(self, mean: float) -> int:
        """Return a whole number with this mean and about the variance of a Poisson distribution."""
        return max(0, int(mean + sqrt(mean) * _normal_table()[self._bits(_TABLE_BITS)] + self.uniform()))

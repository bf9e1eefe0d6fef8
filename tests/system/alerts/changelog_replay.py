"""A changelog that is measured again: figures of years ago rise within an hour to what they were."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.system.alerts.history_changes import History, is_counter, name_of
from tests.system.alerts.series_notation import Values

LAG_SECONDS: Final = 5 * 86_400
"""How old the figures are when it begins, in seconds."""

SAMPLES_BEFORE: Final = 5000.0
"""What counters stand at from earlier years."""

RETAINED_SAMPLES: Final = 3000.0
"""What is left of that where the oldest records are gone."""

CONSTANT_METRICS: Final = ("safeclock_clock_info", "safeclock_partitions_expected", "safeclock_cadence_seconds")


class ChangelogReplay(NamedTuple):
    """How a changelog is measured again: for how many steps of how many seconds, and what is left of what was counted.

    `behind` is how old the figures say they are when it begins, 0 when they claim to be of now.
    """

    steps: int
    step: float
    retained_samples: float = SAMPLES_BEFORE
    lag_seconds: float = LAG_SECONDS

    def replayed_history(self, healthy: History, bad: History, length: int) -> History:
        """Return a history of `length` steps: healthy, then measured again, then as healthy as before.

        Meanwhile a gauge shows anything, the last value of its `bad` history among it.
        """
        return {name: self._replayed_series(name, values, bad[name][-1], length) for name, values in healthy.items()}

    def _replayed_series(self, name: str, before: Values, bad: float | None, length: int) -> Values:
        last, rest = before[-1], length - len(before) - self.steps
        if name_of(name).endswith("_timestamp_seconds"):
            return [*before, *self._instants(len(before), length)]
        if last is None or name_of(name) in CONSTANT_METRICS:
            return [*before, *[last] * (self.steps + rest)]
        if is_counter(name):
            # Nothing was taken back in earlier years: what was missed then stands.
            earlier = "corrected" not in name
            return self._counter(before, last, rest, SAMPLES_BEFORE * earlier, self.retained_samples * earlier)
        anything = (bad, 60 * last + 1000) if self.lag_seconds else (last,)
        return [*before, *(anything[number % len(anything)] for number in range(self.steps)), *[last] * rest]

    def _instants(self, begins: int, length: int) -> Sequence[float]:
        late = (self.lag_seconds * max(0, 1 - (step - begins) / self.steps) for step in range(begins, length))
        return [step * self.step - behind for step, behind in zip(range(begins, length), late, strict=True)]

    def _counter(self, before: Values, last: float, rest: int, earlier: float, kept: float) -> Values:
        pace = last - (before[-2] or 0.0)
        known: Values = [None if value is None else value + earlier for value in before]
        rising = [(last + kept) * number / self.steps for number in range(self.steps)]
        return [*known, *rising, *(last + kept + pace * number for number in range(rest))]

"""The definition of one mistake in the table of mistakes."""

from collections.abc import Callable
from typing import NamedTuple

from streams.batch.check.line_profile import LineProfile


class Measurement(NamedTuple):
    """A measured value, mostly a share from 0 to 1; the count it is based on; and a text such as an offset."""

    value: float
    over: int
    about: str = ""


class Mistake(NamedTuple):
    """A mistake: it is reported if `measure` returns more than `threshold`, based on at least `min_count`.

    `question` is the question that the measurement answers. `message` names the probable cause and what to do; it may
    contain `{value}`, `{over}` and `{about}` of the measurement, and never contains a value of a line.
    """

    name: str
    question: str
    threshold: float
    min_count: int
    measure: Callable[[LineProfile], Measurement]
    message: str

    def message_for(self, profile: LineProfile) -> str | None:
        """Return the message for a platform's lines, None if they do not show the mistake."""
        measurement = self.measure(profile)
        if measurement.over < self.min_count or measurement.value <= self.threshold:
            return None
        return self.message.format(**measurement._asdict())

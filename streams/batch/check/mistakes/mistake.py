"""One row of the table of mistakes."""

from collections.abc import Callable
from typing import NamedTuple

from streams.batch.check.line_profile import LineProfile


class Measurement(NamedTuple):
    """A number, mostly a share from 0 to 1, over how many it is taken, and words about it such as an offset."""

    value: float
    over: int
    about: str = ""


class Mistake(NamedTuple):
    """A mistake: it is told when `measure` gives more than `threshold` over at least `least`.

    `asks` is the question that the measure answers. `says` names the probable cause and what to do; it may hold
    `{value}`, `{over}` and `{about}` of what was measured, and never holds a value of a line.
    """

    name: str
    question: str
    threshold: float
    min_count: int
    measure: Callable[[LineProfile], Measurement]
    message: str

    def message_for(self, seen: LineProfile) -> str | None:
        """Return what the mistake says of a platform's lines, None where they do not show it."""
        measured = self.measure(seen)
        if measured.over < self.min_count or measured.value <= self.threshold:
            return None
        return self.message.format(**measured._asdict())

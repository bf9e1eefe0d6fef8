"""The table of mistakes that accepted files can have, with a question and a threshold for each.

Each mistake measures one number on a line profile; above the threshold the mistake is reported.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes import content, time_zones, times
from streams.batch.check.mistakes.mistake import Mistake

MISTAKES: Final[Sequence[Mistake]] = (
    *times.WRONG_YEARS,
    *time_zones.MISTAKES,
    *times.WRONG_FORMS,
    *content.MISTAKES,
)


def find_mistakes(profile: LineProfile, mistakes: Iterable[Mistake] = MISTAKES) -> dict[str, str]:
    """Return the messages of the mistakes that a platform's lines show, by name."""
    messages = ((mistake.name, mistake.message_for(profile)) for mistake in mistakes)
    return {name: text for name, text in messages if text is not None}

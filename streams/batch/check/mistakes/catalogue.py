"""What a file that is accepted may have wrong throughout: one table, a question and a threshold for each mistake.

Each row measures one number on what was gathered (`seen`); above the row's threshold the mistake is told.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes import content, times
from streams.batch.check.mistakes.mistake import Mistake

MISTAKES: Final[Sequence[Mistake]] = (*times.MISTAKES, *content.MISTAKES)


def find_mistakes(seen: LineProfile, mistakes: Iterable[Mistake] = MISTAKES) -> dict[str, str]:
    """Return the mistakes that a platform's lines show, by name, each with what it says."""
    said = ((mistake.name, mistake.message_for(seen)) for mistake in mistakes)
    return {name: text for name, text in said if text is not None}

"""Format the trace of an error for a log: types, places, and only those texts that cannot contain input."""

import traceback
from collections.abc import Iterator
from typing import Final

_SAFE_MODULES: Final = ("streams.", "dashboards.", "producers.", "aiokafka.errors", "kafka.errors")
"""Modules whose error texts contain no input: they say what was expected, or name a fault of the broker."""


def format_trace(error: BaseException) -> str:
    """Return the lines of an error and its causes, the first cause first.

    The text of an error such as KeyError may be a report's token or a part of an event, so the text is left out. An
    OSError is logged with the system's text.
    """
    return "\n".join(line for cause in reversed(list(_causes(error))) for line in _error_lines(cause))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _error_lines(error: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    yield f"{type(error).__name__}{_safe_text(error)}"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from (f"  | {line}" for line in format_trace(inner).split("\n"))


def _safe_text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f": {error.strerror}"
    return f": {error}" if type(error).__module__.startswith(_SAFE_MODULES) else ""

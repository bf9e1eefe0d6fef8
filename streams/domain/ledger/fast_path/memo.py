"""A cache of many small tables with a limit on their entries together."""

from typing import Any, Final, TypeVar

T = TypeVar("T")

MAX_ANSWERS: Final = 200_000
"""How many answers are cached before the cache is emptied: about 20 MB."""


class Memo:
    """Fills tables that other objects read, and empties all of them when they hold `most` answers together."""

    def __init__(self, most: int = MAX_ANSWERS) -> None:
        self._most = most
        self._count = 0
        self._tables: list[dict[int, Any]] = []

    def put(self, table: dict[int, T], place: int, answer: T) -> None:
        """Store an answer in a table that only this memo fills."""
        if self._count >= self._most:
            for each in self._tables:
                each.clear()
            self._tables.clear()
            self._count = 0
        if not table:
            self._tables.append(table)
        table[place] = answer
        self._count += 1

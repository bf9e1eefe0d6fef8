"""Answers that are remembered to save time: many small tables that together stay small, whatever is asked."""

from typing import Any, Final, TypeVar

T = TypeVar("T")

MAX_ANSWERS: Final = 200_000
"""How many answers are remembered before all are forgotten: some 20 MB."""


class Memo:
    """Fills tables that others read, and empties all of them when they hold `most` answers together."""

    def __init__(self, most: int = MAX_ANSWERS) -> None:
        self._most = most
        self._count = 0
        self._tables: list[dict[int, Any]] = []

    def put(self, table: dict[int, T], place: int, answer: T) -> None:
        """Remember an answer in a table, which is filled by this memo alone."""
        if self._count >= self._most:
            for each in self._tables:
                each.clear()
            self._tables.clear()
            self._count = 0
        if not table:
            self._tables.append(table)
        table[place] = answer
        self._count += 1

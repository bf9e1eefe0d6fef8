"""Where words and tables go: whole into a pipe or a file, wrapped and never cut on a terminal."""

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from typing_extensions import override

# As wide as any table may need to be; nothing is filled up to it.
_PIPE_WIDTH: Final = 1_000_000


def console(*, stderr: bool = False) -> Console:
    """Return the console of a command: what it prints is text, in which no brackets or colons mean anything.

    What is no terminal has no width: neither COLUMNS nor a terminal on another stream gives it one.
    """
    found = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not found.is_terminal:
        found.width = _PIPE_WIDTH
    return found


class WrappingTable(Table):
    """A table whose columns break what does not fit, wherever it must be, where rich would cut it."""

    @override
    def add_column(self, *args, **options) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003 - rich's own
        """Add a column as rich does."""
        super().add_column(*args, **{"overflow": "fold", **options})


def indent(content: str | Table) -> Padding:
    """Return text or a table two columns to the right, its later lines too."""
    return Padding(content, (0, 0, 0, 2), expand=False)

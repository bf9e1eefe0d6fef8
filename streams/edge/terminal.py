"""Print texts and tables: unwrapped into a pipe or a file, wrapped but never cut on a terminal."""

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from typing_extensions import override

# Any table fits into this width; rich does not pad lines to it.
_PIPE_WIDTH: Final = 1_000_000


def console(*, stderr: bool = False) -> Console:
    """Return the console of a command, which prints text without any markup.

    A pipe or a file has no width limit; neither COLUMNS nor a terminal on another stream sets one.
    """
    result = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not result.is_terminal:
        result.width = _PIPE_WIDTH
    return result


class WrappingTable(Table):
    """A table that wraps texts that do not fit, within words if necessary, where rich would cut them."""

    @override
    def add_column(self, *args, **options) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003 - rich's own
        """Add a column with the options of rich."""
        super().add_column(*args, **{"overflow": "fold", **options})


def indent(content: str | Table) -> Padding:
    """Return a text or a table with every line indented by two columns."""
    return Padding(content, (0, 0, 0, 2), expand=False)

"""Shows the demo's progress: as a live table on a terminal, as plain lines elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text
from typing_extensions import override

from dashboards.demo.ranking import RankingRow
from dashboards.demo.ranking_table import ranking_lines, ranking_table
from dashboards.demo.truth_checks import TruthCheck


class Screen(Protocol):
    """The output of the demo."""

    def __enter__(self) -> Self:
        """Begin the output."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the output; the last content remains visible."""

    def show_status(self, status: str) -> None:
        """Show what the demo is doing."""

    def show_ranking(self, ranking: Sequence[RankingRow], as_of: int, stale_reasons: Sequence[str]) -> None:
        """Show the ranking of the platforms; `as_of` is in epoch milliseconds."""

    def show_checks(self, checks: Sequence[TruthCheck]) -> None:
        """Show the results of the checks of planted effects."""


def open_screen(console: Console) -> Screen:
    """Return a live screen for a terminal, a screen of lines otherwise."""
    return _LiveScreen(console) if console.is_terminal else _LineScreen(console)


class _LiveScreen(Screen):
    """A table that is redrawn with each change."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4)
        self._status = Text()
        self._table: object = Text()
        self._checks = Text()

    @override
    def __enter__(self) -> Self:
        self._live.start()
        return self

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @override
    def show_status(self, status: str) -> None:
        self._status = Text(status, style="cyan")
        self._refresh()

    @override
    def show_ranking(self, ranking: Sequence[RankingRow], as_of: int, stale_reasons: Sequence[str]) -> None:
        self._table = ranking_table(ranking, as_of, stale_reasons)
        self._refresh()

    @override
    def show_checks(self, checks: Sequence[TruthCheck]) -> None:
        self._checks = Text("\n").join(
            Text(check.line, style="green" if check.is_confirmed else "bold red") for check in checks
        )
        self._refresh()

    def _refresh(self) -> None:
        self._live.update(Group(self._status, self._table, self._checks))  # type: ignore[arg-type]  # Text or Table


class _LineScreen(Screen):
    """Prints each status once; prints the ranking when it first exists, and again with the checks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_status = ""
        self._ranking_lines: Sequence[str] = ()

    @override
    def __enter__(self) -> Self:
        return self

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    @override
    def show_status(self, status: str) -> None:
        if status != self._last_status:
            self._print_lines([status])
        self._last_status = status

    @override
    def show_ranking(self, ranking: Sequence[RankingRow], as_of: int, stale_reasons: Sequence[str]) -> None:
        first = not self._ranking_lines
        self._ranking_lines = [*ranking_lines(ranking, as_of), *stale_reasons]
        if first:
            self._print_lines(self._ranking_lines)

    @override
    def show_checks(self, checks: Sequence[TruthCheck]) -> None:
        self._print_lines([*self._ranking_lines, *(check.line for check in checks)])

    def _print_lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)

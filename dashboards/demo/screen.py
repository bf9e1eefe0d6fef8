"""What the demo says: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text
from typing_extensions import override

from dashboards.demo.ranking import Standing
from dashboards.demo.ranking_table import lines, table
from dashboards.demo.truth_checks import Verdict


class Screen(Protocol):
    """Where the demo is watched."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what was last shown standing."""

    def say(self, sentence: str) -> None:
        """Tell what is going on."""

    def show(self, standings: Sequence[Standing], as_of: int, grey: Sequence[str]) -> None:
        """Show where the platforms stand."""

    def judge(self, verdicts: Sequence[Verdict]) -> None:
        """Show the verdicts on what was planted."""


def screen_on(console: Console) -> Screen:
    """Return the screen that suits where the output goes."""
    return _Terminal(console) if console.is_terminal else _Plain(console)


class _Terminal(Screen):
    """A table that is drawn over and over."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4)
        self._said = Text()
        self._shown: object = Text()
        self._judged = Text()

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
    def say(self, sentence: str) -> None:
        self._said = Text(sentence, style="cyan")
        self._draw()

    @override
    def show(self, standings: Sequence[Standing], as_of: int, grey: Sequence[str]) -> None:
        self._shown = table(standings, as_of, grey)
        self._draw()

    @override
    def judge(self, verdicts: Sequence[Verdict]) -> None:
        self._judged = Text("\n").join(
            Text(verdict.line, style="green" if verdict.holds else "bold red") for verdict in verdicts
        )
        self._draw()

    def _draw(self) -> None:
        self._live.update(Group(self._said, self._shown, self._judged))  # type: ignore[arg-type]  # Text or Table


class _Plain(Screen):
    """Lines, each said once; the standings when they come first, and again with the verdicts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = ""
        self._latest: Sequence[str] = ()

    @override
    def __enter__(self) -> Self:
        return self

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    @override
    def say(self, sentence: str) -> None:
        if sentence != self._said:
            self._print([sentence])
        self._said = sentence

    @override
    def show(self, standings: Sequence[Standing], as_of: int, grey: Sequence[str]) -> None:
        first = not self._latest
        self._latest = [*lines(standings, as_of), *grey]
        if first:
            self._print(self._latest)

    @override
    def judge(self, verdicts: Sequence[Verdict]) -> None:
        self._print([*self._latest, *(verdict.line for verdict in verdicts)])

    def _print(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            self._console.print(sentence, soft_wrap=True, highlight=False, markup=False)

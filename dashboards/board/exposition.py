"""The page of figures as text: prometheus_client writes a series once, every later page renews its numbers alone."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, islice
from typing import Final, TypeVar

from prometheus_client.exposition import generate_latest
from prometheus_client.utils import floatToGoString

from dashboards.board.samples import Readings, Words
from dashboards.board.snapshot import Snapshot, SnapshotCollector, shown

_HEAD: Final = 2
"""Lines of a metric before its first sample: help and type."""
_number: Callable[[float], str] = floatToGoString
_Value = TypeVar("_Value", float, Readings)


class PageText:
    """Writes snapshots, and keeps the lines of every series that it was ever shown; two threads may write at once."""

    def __init__(self) -> None:
        self._heads: dict[str, str] = {}
        self._lines: dict[str, dict[Words, str]] = defaultdict(dict)  # with %s in the place of every number

    def of(self, snapshot: Snapshot) -> bytes:
        """Return what prometheus_client writes of a snapshot, to the byte."""
        self._learn(
            Snapshot(
                {name: self._new(name, series) for name, series in snapshot.values.items()},
                {name: self._new(name, series) for name, series in snapshot.histograms.items()},
            )
        )
        return "".join(self._texts(snapshot)).encode()

    def _new(self, name: str, series: Mapping[Words, _Value]) -> dict[Words, _Value]:
        lines = self._lines[name]
        return {words: value for words, value in series.items() if words not in lines}

    def _learn(self, new: Snapshot) -> None:
        written = iter(generate_latest(SnapshotCollector(lambda: new)).decode().split("\n"))
        for name in [metric.name for metric in shown(new)]:
            self._heads[name] = "".join([f"{line}\n" for line in islice(written, _HEAD)])
            sizes = dict.fromkeys(new.values.get(name, {}), 1)
            sizes |= {words: len(_numbers(one)) for words, one in new.histograms.get(name, {}).items()}
            for words, size in sizes.items():
                self._lines[name][words] = "".join(map(_open, islice(written, size)))

    def _texts(self, snapshot: Snapshot) -> Iterator[str]:
        for name in [metric.name for metric in shown(snapshot)]:
            yield self._heads[name]
            lines = self._lines[name]
            if name in snapshot.histograms:
                yield from [lines[words] % _numbers(value) for words, value in snapshot.histograms[name].items()]
            else:
                yield from [lines[words] % _number(value) for words, value in snapshot.values[name].items()]


def _open(line: str) -> str:
    """Return a line as the template of its number."""
    return line.rpartition(" ")[0].replace("%", "%%") + " %s\n"


def _numbers(value: Readings) -> tuple[str, ...]:
    """Return the numbers of a histogram in the order of its lines: buckets, count, sum."""
    counts = list(accumulate(value.counts))
    return (*map(_number, [*counts, counts[-1], value.seconds]),)

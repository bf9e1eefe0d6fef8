"""Renders the metrics page: prometheus_client formats each series once, later pages replace only the numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, islice
from typing import Final, TypeVar

from prometheus_client.exposition import generate_latest
from prometheus_client.utils import floatToGoString

from dashboards.board.samples import HistogramValue, LabelValues
from dashboards.board.snapshot import Snapshot, SnapshotCollector, exported_metrics

_HEADER_LINES: Final = 2
"""Number of lines of a metric before its first sample: help and type."""
_format_number: Callable[[float], str] = floatToGoString
_Value = TypeVar("_Value", float, HistogramValue)


class CachedExposition:
    """Renders snapshots and caches the lines of every series that it has rendered; threads may render concurrently."""

    def __init__(self) -> None:
        self._headers: dict[str, str] = {}
        self._templates: dict[str, dict[LabelValues, str]] = defaultdict(
            dict
        )  # Each number in a line is replaced by %s.

    def render(self, snapshot: Snapshot) -> bytes:
        """Return exactly the bytes that prometheus_client writes for a snapshot."""
        self._add_templates(
            Snapshot(
                {name: self._without_template(name, series) for name, series in snapshot.values.items()},
                {name: self._without_template(name, series) for name, series in snapshot.histograms.items()},
            )
        )
        return "".join(self._render_metrics(snapshot)).encode()

    def _without_template(self, name: str, series: Mapping[LabelValues, _Value]) -> dict[LabelValues, _Value]:
        templates = self._templates[name]
        return {labels: value for labels, value in series.items() if labels not in templates}

    def _add_templates(self, new: Snapshot) -> None:
        written = iter(generate_latest(SnapshotCollector(lambda: new)).decode().split("\n"))
        for name in [metric.name for metric in exported_metrics(new)]:
            self._headers[name] = "".join([f"{line}\n" for line in islice(written, _HEADER_LINES)])
            sizes = dict.fromkeys(new.values.get(name, {}), 1)
            sizes |= {
                labels: len(_format_histogram(histogram)) for labels, histogram in new.histograms.get(name, {}).items()
            }
            for labels, size in sizes.items():
                self._templates[name][labels] = "".join(map(_number_template, islice(written, size)))

    def _render_metrics(self, snapshot: Snapshot) -> Iterator[str]:
        for name in [metric.name for metric in exported_metrics(snapshot)]:
            yield self._headers[name]
            lines = self._templates[name]
            if name in snapshot.histograms:
                yield from [
                    lines[labels] % _format_histogram(value) for labels, value in snapshot.histograms[name].items()
                ]
            else:
                yield from [lines[labels] % _format_number(value) for labels, value in snapshot.values[name].items()]


def _number_template(line: str) -> str:
    """Return a line with %s in place of its number."""
    return line.rpartition(" ")[0].replace("%", "%%") + " %s\n"


def _format_histogram(value: HistogramValue) -> tuple[str, ...]:
    """Return the numbers of a histogram in the order of its lines: buckets, count, sum."""
    counts = list(accumulate(value.counts))
    return (*map(_format_number, [*counts, counts[-1], value.sum_seconds]),)

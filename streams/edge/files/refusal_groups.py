"""Count refused lines by reason and field, with the position of the first line and never its content."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from streams.contract.events.decoder import Refusal
from streams.contract.events.expectations import expectation
from streams.domain.vocabulary import RefusalReason
from streams.edge.files.format_detection import format_advice

_NO_EVENT: Final = frozenset({RefusalReason.NOT_JSON, RefusalReason.NOT_CLOUDEVENT, RefusalReason.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class RefusedLines:
    """Lines that were refused for the same reason in the same field; `first` is the position of the first one.

    `expected` describes the values that the contract allows. `looks_like` is the format of the file, if its first line
    is refused and shows the format. Both may be "".
    """

    reason: str
    field: str
    count: int
    first: str
    expected: str = ""
    looks_like: str = ""


@dataclass(slots=True)
class RefusalCounts:
    """Counts of refusals."""

    total: int = 0
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _first: dict[tuple[str, str], str] = field(default_factory=dict)
    _looks_like: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, refusal: Refusal, place: str, line: bytes = b"") -> None:
        """Count one refused line at the position `place`; the first line of a file shows the file's format."""
        group = (str(refusal.reason), refusal.field)
        if group not in self._first and place.endswith(":1") and refusal.reason in _NO_EVENT:
            self._looks_like[group] = format_advice(line)
        self.total += 1
        self._counts[group] = self._counts.get(group, 0) + 1
        self._first.setdefault(group, place)

    def groups(self) -> tuple[RefusedLines, ...]:
        """Return the groups, the largest first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            RefusedLines(
                *group,
                count,
                self._first[group],
                expected=expectation(RefusalReason(group[0]), group[1]),
                looks_like=self._looks_like.get(group, ""),
            )
            for group, count in ordered
        )


def explanation_lines(groups: Iterable[RefusedLines]) -> Iterator[str]:
    """Yield, for each group, the expected values and, if known, the format of the file."""
    for group in groups:
        if group.looks_like:
            yield f"{group.first.rpartition(':')[0]} looks like {group.looks_like}"
        if group.expected:
            subject = f"{group.reason} in {group.field}" if group.field else group.reason
            yield f"{subject}: expected {group.expected}"

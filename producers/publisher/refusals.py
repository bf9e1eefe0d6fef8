"""What was refused, by reason and field, with the first place of each; never what was refused."""

from dataclasses import dataclass, field

from streams.contract.decode import Refusal


@dataclass(frozen=True, slots=True)
class RefusalGroup:
    """Lines that were refused for the same reason in the same field; `first` is the place of the first one."""

    reason: str
    field: str
    count: int
    first: str


@dataclass(slots=True)
class Refusals:
    """A tally of refusals."""

    total: int = 0
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _first: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, refusal: Refusal, place: str) -> None:
        """Count one refused line that stands at `place`."""
        group = (str(refusal.reason), refusal.field)
        self.total += 1
        self._counts[group] = self._counts.get(group, 0) + 1
        self._first.setdefault(group, place)

    def groups(self) -> tuple[RefusalGroup, ...]:
        """Return the groups, the largest first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(RefusalGroup(*group, count, self._first[group]) for group, count in ordered)

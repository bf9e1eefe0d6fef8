"""Cohorts: how many reports of one filing day and one set of labels stand where.

A report contributes one signature to its cohort. A cohort counts equal signatures, so its numbers outlive the rows
they came from. Stored, a signature is a byte string (memory is paid for every remembered report).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from streams.domain.attributes import Attributes
from streams.domain.attributes import decode as decode_attributes
from streams.domain.course import FROZEN, IDLE, OPEN
from streams.domain.grid import DAY, MINUTE, bin_of
from streams.domain.states import STATES, State

FROM_THE_START: Final = -1
"""The entry of a report that is at risk from its filing on."""

CLOSED: Final = 0xFFFF
"""The filing minute of a report that has ended, as it is stored."""

_STATE_CODES: Final = {state: place for place, state in enumerate(STATES)}

Stored = dict[bytes, int]
"""A stored cohort: signature to count, and one byte (the place of a clock) to the exact sum of its stops, in ms."""


class CohortKey(NamedTuple):
    """Which reports: platform, UTC day of filing (days since 1970), the short form of the labels."""

    platform: str
    day: int
    attributes: str

    @property
    def labels(self) -> Attributes:
        """The labels as filed, spelled out."""
        return decode_attributes(self.attributes)


class Signature(NamedTuple):
    """What a report contributes; see docs/ledger.md §4.

    `filed_minute` counts from the first minute of the filing day and is None once the report has ended. Each clock
    is `(value, ending)`: a minute like that for an open clock, a bin of the grid for every other.
    """

    state: State
    entry: int
    filed_minute: int | None
    clocks: tuple[tuple[int, int], ...]


@lru_cache(maxsize=16)
def layout(clocks: int) -> Struct:
    """Return how the numbers of a signature are stored: its entry, its filing minute, the value of every clock.

    The words follow, a byte each (`words`): they are the same for every report with the same sequence of deeds.
    """
    return Struct(">hH" + "I" * clocks)


def words(state: State, endings: Iterable[int]) -> bytes:
    """Return how the state and the endings of the clocks are stored."""
    return bytes((_STATE_CODES[state], *endings))


def pack(signature: Signature) -> bytes:
    """Return the stored form of a signature; `unpack` is its inverse."""
    minute = CLOSED if signature.filed_minute is None else signature.filed_minute
    values = [value for value, _ in signature.clocks]
    numbers = layout(len(values)).pack(signature.entry, minute, *values)
    return numbers + words(signature.state, [ending for _, ending in signature.clocks])


@lru_cache(maxsize=65536)
def unpack(stored: bytes) -> Signature:
    """Return the signature that `pack` stored."""
    numbers = layout((len(stored) - 5) // 5)
    entry, minute, *values = numbers.unpack_from(stored)
    state, *endings = stored[numbers.size :]
    clocks = tuple(zip(values, endings, strict=True))
    return Signature(STATES[state], entry, None if minute == CLOSED else minute, clocks)


def key_of(stored: str) -> CohortKey:
    """Return the key that is stored as `platform|day|attributes`."""
    platform, day, attributes = stored.split("|", 2)
    return CohortKey(platform, int(day), attributes)


def signatures(cohort: Mapping[bytes, int]) -> Iterator[tuple[Signature, int]]:
    """Yield the signatures of a stored cohort with their counts."""
    return ((unpack(stored), count) for stored, count in cohort.items() if len(stored) > 1)


def stop_sum(cohort: Mapping[bytes, int], clock: int) -> int:
    """Return the exact sum of the durations of a clock's stops, in milliseconds."""
    return cohort.get(bytes((clock,)), 0)


Cell = tuple[int, int, int]
"""Entry, exit and ending of a report under one clock, as `survival` takes them; ending 0 is open."""


def cell(signature: Signature, clock: int, day: int, through: int) -> Cell | None:
    """Return how a report counts under a clock, open ones at their age at `through`.

    None where the clock does not run or the report's filing lies after `through`.
    """
    value, ending = signature.clocks[clock]
    if ending == IDLE:
        return None
    if ending == FROZEN:
        return (signature.entry, value, OPEN)
    if ending != OPEN:
        return (signature.entry, value, ending)
    age = through - (day * DAY + value * MINUTE)
    return (signature.entry, bin_of(age), OPEN) if age > 0 else None

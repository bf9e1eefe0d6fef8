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
from streams.domain.clocks import MARK_BYTES
from streams.domain.endings import FROZEN, OPEN
from streams.domain.grid import DAY, MINUTE, bin_of
from streams.domain.states import STATES, State

FROM_THE_START: Final = -1
"""The entry of a report that is at risk from its filing on."""

CLOSED: Final = 0xFFFF
"""The filing minute of a report that has ended, as it is stored."""

_LEAST: Final = 5
_A_CLOCK: Final = 4 + MARK_BYTES + 1
"""Bytes of a signature without a clock, and of every clock."""

_STATE_CODES: Final = {state: place for place, state in enumerate(STATES)}

Stored = dict[bytes, int]
"""A stored cohort: signature to count, and the mark of a clock to the exact sum of its stops, in milliseconds.

Beside them, under a name as short as a mark, the number of its softened reports (`softening.SOFTENED`)."""

NamedCohort = tuple[str, Stored]
"""A cohort's stored key, and the cohort."""


class CohortKey(NamedTuple):
    """Which reports: platform, UTC day of filing (days since 1970), the short form of the labels."""

    platform: str
    day: int
    attributes: str

    @property
    def labels(self) -> Attributes:
        """The labels as filed, spelled out."""
        return decode_attributes(self.attributes)


class Reading(NamedTuple):
    """A clock on a report: its mark, a minute of the filing day if it is open, else a bin of the grid; its ending."""

    clock: bytes
    value: int
    ending: int


class Signature(NamedTuple):
    """What a report contributes; see docs/ledger.md §4.

    `filed_minute` counts from the first minute of the filing day and is None once the report has ended. `clocks` are
    those that run on it, in the order of their marks.
    """

    state: State
    entry: int
    filed_minute: int | None
    clocks: tuple[Reading, ...]


@lru_cache(maxsize=256)
def layout(clocks: int) -> Struct:
    """Return how the numbers of a signature are stored: its entry, its filing minute, the value of every clock.

    The words follow (`words`): they are the same for every report with the same sequence of deeds.
    """
    return Struct(">hH" + "I" * clocks)


def words(state: State, endings: Iterable[tuple[bytes, int]]) -> bytes:
    """Return how the state is stored, a byte, and every clock's mark with its ending, another."""
    return bytes((_STATE_CODES[state],)) + b"".join([mark + bytes((ending,)) for mark, ending in endings])


def pack(signature: Signature) -> bytes:
    """Return the stored form of a signature; `unpack` is its inverse."""
    minute = CLOSED if signature.filed_minute is None else signature.filed_minute
    clocks = signature.clocks
    numbers = layout(len(clocks)).pack(signature.entry, minute, *[clock.value for clock in clocks])
    return numbers + words(signature.state, [(clock.clock, clock.ending) for clock in clocks])


@lru_cache(maxsize=65536)
def unpack(stored: bytes) -> Signature:
    """Return the signature that `pack` stored."""
    numbers = layout((len(stored) - _LEAST) // _A_CLOCK)
    entry, minute, *values = numbers.unpack_from(stored)
    words_at = range(numbers.size + 1, len(stored), MARK_BYTES + 1)
    clocks = tuple(
        [
            Reading(stored[at : at + MARK_BYTES], value, stored[at + MARK_BYTES])
            for at, value in zip(words_at, values, strict=True)
        ]
    )
    return Signature(STATES[stored[numbers.size]], entry, None if minute == CLOSED else minute, clocks)


def key_of(stored: str) -> CohortKey:
    """Return the key of a cohort that is stored under this name, wholly or in parts."""
    name, _ = cohort_and_bits(stored)
    platform, day, attributes = name.split("|", 2)
    return CohortKey(platform, int(day), attributes)


def name_of_part(cohort: str, bits: str) -> str:
    """Return the name of a part of a cohort (`parts`): `platform|day/bits|attributes`."""
    platform, day, attributes = cohort.split("|", 2)
    return f"{platform}|{day}/{bits}|{attributes}"


def cohort_and_bits(stored: str) -> tuple[str, str]:
    """Return the cohort's name, `platform|day|attributes`, and the bits of its part; "" for none."""
    platform, day, attributes = stored.split("|", 2)
    day, divided, bits = day.partition("/")
    return (f"{platform}|{day}|{attributes}", bits) if divided else (stored, "")


def signatures(cohort: Mapping[bytes, int]) -> Iterator[tuple[Signature, int]]:
    """Yield the signatures of a stored cohort with their counts."""
    return ((unpack(stored), count) for stored, count in cohort.items() if not is_sum(stored))


def is_sum(stored: bytes) -> bool:
    """Return whether a cohort stores no signature under this name: a clock's sum of stops, or its softened reports."""
    return len(stored) == MARK_BYTES


def stop_sums(cohort: Mapping[bytes, int]) -> Iterator[tuple[bytes, int]]:
    """Yield the marks of clocks with the exact sums of the durations of their stops, in milliseconds, softened reports too."""
    return ((stored, total) for stored, total in cohort.items() if is_sum(stored))


Cell = tuple[int, int, int]
"""Entry, exit and ending of a report under one clock, as `survival` takes them; ending 0 is open."""


def cell(entry: int, reading: Reading, day: int, through: int) -> Cell | None:
    """Return how a report that was filed on `day` counts under a clock, open ones at their age at `through`.

    None where the report's filing lies after `through`.
    """
    _, value, ending = reading
    if ending == FROZEN:
        return (entry, value, OPEN)
    if ending != OPEN:
        return (entry, value, ending)
    age = through - (day * DAY + value * MINUTE)
    return (entry, bin_of(age), OPEN) if age > 0 else None

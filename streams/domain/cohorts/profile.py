"""Signatures: where one report stands, as its cohort counts it.

Stored, a signature is a byte string (memory is paid for every remembered report).
"""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from streams.domain.clocks.definition import CLOCK_HASH_BYTES
from streams.domain.clocks.report_state import STATES, State

FROM_START: Final = -1
"""The entry of a report that is at risk from its filing on."""

CLOSED_MINUTE: Final = 0xFFFF
"""The filing minute of a report that has ended, as it is stored."""

_BASE_BYTES: Final = 5
_BYTES_PER_CLOCK: Final = 4 + CLOCK_HASH_BYTES + 1
"""Bytes of a signature without a clock, and of every clock."""

_STATE_CODES: Final = {state: place for place, state in enumerate(STATES)}


class ClockValue(NamedTuple):
    """A clock on a report: its mark, a minute of the filing day if it is open, else a bin of the grid; its ending."""

    clock_hash: bytes
    value: int
    ending: int


class ReportProfile(NamedTuple):
    """What a report contributes; see docs/definitions.md §4.

    `filed_minute` counts from the first minute of the filing day and is None once the report has ended. `clocks` are
    those that run on it, in the order of their marks.
    """

    state: State
    entry_bin: int
    filed_minute: int | None
    clocks: tuple[ClockValue, ...]


@lru_cache(maxsize=256)
def number_layout(clocks: int) -> Struct:
    """Return how the numbers of a signature are stored: its entry, its filing minute, the value of every clock.

    The words follow (`words`): they are the same for every report with the same sequence of deeds.
    """
    return Struct(">hH" + "I" * clocks)


def status_bytes(state: State, endings: Iterable[tuple[bytes, int]]) -> bytes:
    """Return how the state is stored, a byte, and every clock's mark with its ending, another."""
    return bytes((_STATE_CODES[state],)) + b"".join([mark + bytes((ending,)) for mark, ending in endings])


@lru_cache(maxsize=65536)
def unpack_profile(stored: bytes) -> ReportProfile:
    """Return the signature that is stored as these bytes: its numbers (`layout`), then its words."""
    numbers = number_layout((len(stored) - _BASE_BYTES) // _BYTES_PER_CLOCK)
    entry, minute, *values = numbers.unpack_from(stored)
    words_at = range(numbers.size + 1, len(stored), CLOCK_HASH_BYTES + 1)
    clocks = tuple(
        [
            ClockValue(stored[at : at + CLOCK_HASH_BYTES], value, stored[at + CLOCK_HASH_BYTES])
            for at, value in zip(words_at, values, strict=True)
        ]
    )
    return ReportProfile(STATES[stored[numbers.size]], entry, None if minute == CLOSED_MINUTE else minute, clocks)


def is_total(stored: bytes) -> bool:
    """Return whether a cohort stores no signature under this name: a clock's sum of stops, or its softened reports."""
    return len(stored) == CLOCK_HASH_BYTES

"""Report profiles: the state, delayed entry and clock values under which a cohort counts a report.

A profile is stored as a short byte string, since cohorts are kept in memory. It holds the numbers (`number_layout`),
then the state and the endings of the clocks (`status_bytes`).
"""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from streams.domain.clocks.definition import CLOCK_HASH_BYTES
from streams.domain.clocks.state_machine import STATES, State

FROM_START: Final = -1
"""The entry bin of a report that is at risk from its filing on."""

CLOSED_MINUTE: Final = 0xFFFF
"""The stored filing minute of a report that has ended."""

_BASE_BYTES: Final = 5
_BYTES_PER_CLOCK: Final = 4 + CLOCK_HASH_BYTES + 1
"""Bytes of a profile without clocks, and of each clock."""

_STATE_CODES: Final = {state: place for place, state in enumerate(STATES)}


class ClockValue(NamedTuple):
    """One clock of a profile; `value` is a minute of the filing day while the clock is open, else a duration bin."""

    clock_hash: bytes
    value: int
    ending: int


class ReportProfile(NamedTuple):
    """The profile that a report contributes to its cohort: docs/definitions.md §4.

    `filed_minute` counts from the first minute of the filing day and is None for an ended report. `clocks` are the
    clocks that have started, in the order of their hashes.
    """

    state: State
    entry_bin: int
    filed_minute: int | None
    clocks: tuple[ClockValue, ...]


@lru_cache(maxsize=256)
def number_layout(clocks: int) -> Struct:
    """Return the format of a stored profile's numbers: entry bin, filing minute, and the value of each clock.

    The status follows them (`status_bytes`); it is equal for all reports with the same sequence of actions.
    """
    return Struct(">hH" + "I" * clocks)


def status_bytes(state: State, endings: Iterable[tuple[bytes, int]]) -> bytes:
    """Return a stored profile's status: one byte for the state, then each clock's hash and one byte for its ending."""
    return bytes((_STATE_CODES[state],)) + b"".join([clock_hash + bytes((ending,)) for clock_hash, ending in endings])


@lru_cache(maxsize=65536)
def unpack_profile(stored: bytes) -> ReportProfile:
    """Return the profile that is stored as these bytes."""
    numbers = number_layout((len(stored) - _BASE_BYTES) // _BYTES_PER_CLOCK)
    entry, minute, *values = numbers.unpack_from(stored)
    status_offsets = range(numbers.size + 1, len(stored), CLOCK_HASH_BYTES + 1)
    clocks = tuple(
        [
            ClockValue(stored[at : at + CLOCK_HASH_BYTES], value, stored[at + CLOCK_HASH_BYTES])
            for at, value in zip(status_offsets, values, strict=True)
        ]
    )
    return ReportProfile(STATES[stored[numbers.size]], entry, None if minute == CLOSED_MINUTE else minute, clocks)


def is_total(stored: bytes) -> bool:
    """Return whether a cohort stores a sum under this name (or the number of downgraded reports), and not a profile."""
    return len(stored) == CLOCK_HASH_BYTES

"""Divide a large cohort into parts: docs/definitions.md §4, Rows.

A profile has a code of 64 bits, and all profiles whose codes begin with the same bits form a part. A part of more than
MAX_PROFILES_PER_PART profiles is divided by the next bit; two halves that hold no more than this together are one part.
The parts depend only on the profiles that the cohort holds. A row has a bounded size; a commit writes changed parts.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Final

MAX_PROFILES_PER_PART: Final = 128
"""How many profiles a part may hold."""

WHOLE_COHORT: Final = 1
"""The number of the part without bits, which holds the whole cohort. A part's number is a leading 1 and its bits."""

_BYTES: Final = 8
_BITS: Final = 8 * _BYTES
_LEADING_ONE: Final = 1 << _BITS


def profile_code(profile: bytes) -> int:
    """Return the code of a stored profile: a leading 1, then its BLAKE2b digest of 64 bits."""
    return _LEADING_ONE | int.from_bytes(blake2b(profile, digest_size=_BYTES).digest())


def parse_bits(bits: str) -> int:
    """Return the number of the part with these bits, a text of 0 and 1; `format_bits` is the inverse."""
    return int(f"1{bits}", 2)


def format_bits(number: int) -> str:
    """Return the bits of the part with this number, "" for the whole cohort."""
    return f"{number:b}"[1:]


class CohortParts:
    """The parts of one cohort, of at most `max_profiles` profiles each; `numbers` are those of the stored parts."""

    __slots__ = ("_max_profiles", "_parts", "_shortest_bits")

    def __init__(self, numbers: Iterable[int] = (WHOLE_COHORT,), max_profiles: int = MAX_PROFILES_PER_PART) -> None:
        self._max_profiles = max_profiles
        self._parts: dict[int, set[bytes]] = {number: set() for number in numbers}
        self._shortest_bits = self._find_shortest_bits()

    @property
    def is_divided(self) -> bool:
        """Whether there is more than one part."""
        return WHOLE_COHORT not in self._parts

    @property
    def numbers(self) -> Collection[int]:
        """The numbers of all parts; this view changes with the parts."""
        return self._parts.keys()

    def add(self, profile: bytes) -> None:
        """Add a profile to its part, without dividing a part that becomes too large."""
        self._parts[self._part_number(profile)].add(profile)

    def get(self, number: int) -> Collection[bytes] | None:
        """Return the profiles of a part, None if there is no such part."""
        return self._parts.get(number)

    def update(self, cohort: Mapping[bytes, int], changed: Iterable[bytes]) -> set[int]:
        """Add each changed profile that the cohort holds to its part, and remove each that the cohort does not hold.

        Returns the numbers of all parts that changed, were created or were removed.
        """
        parts, changed_parts = self._parts, set()
        for profile in changed:
            number = self._part_number(profile)
            changed_parts.add(number)
            if profile in cohort:
                parts[number].add(profile)
            else:
                parts[number].discard(profile)
        moved: set[int] = set()
        for number in changed_parts:
            if number in parts:
                moved |= self._split(number) if len(parts[number]) > self._max_profiles else self._merge(number)
        if moved:
            self._shortest_bits = self._find_shortest_bits()
        return changed_parts | moved

    def _find_shortest_bits(self) -> int:
        return min(self._parts).bit_length() - 1

    def _part_number(self, profile: bytes) -> int:
        """Return the number of a profile's part: exactly one part has bits with which the profile's code begins."""
        code, rest = profile_code(profile), _BITS - self._shortest_bits
        while (number := code >> rest) not in self._parts:
            rest -= 1
        return number

    def _split(self, number: int) -> set[int]:
        """Divide a part until no half is too large; return the numbers of all created and removed parts."""
        moved, full = {number}, [number]
        while full:
            former = full.pop()
            halves: dict[int, set[bytes]] = {2 * former: set(), 2 * former + 1: set()}
            rest = _BITS - former.bit_length()
            for profile in self._parts.pop(former):
                halves[profile_code(profile) >> rest].add(profile)
            self._parts.update(halves)
            moved.update(halves)
            full += [half for half, profiles in halves.items() if len(profiles) > self._max_profiles]
        return moved

    def _merge(self, number: int) -> set[int]:
        """Join a part with its other half while one part can hold both; return all created and removed parts."""
        moved = set()
        while number != WHOLE_COHORT:
            other = number ^ 1
            if other not in self._parts or len(self._parts[number]) + len(self._parts[other]) > self._max_profiles:
                break
            moved |= {number, other, number // 2}
            self._parts[number // 2] = self._parts.pop(number) | self._parts.pop(other)
            number //= 2
        return moved

"""Cohorts: how many reports of one filing day and one set of labels stand where.

A report contributes one signature to its cohort. A cohort counts equal signatures, so its numbers outlive the rows
they came from. Stored, a signature is a byte string (memory is paid for every remembered report).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from streams.domain.clocks.endings import FROZEN, OPEN
from streams.domain.cohorts.profile import Reading, Signature, is_sum, unpack
from streams.domain.duration_bins import DAY, MINUTE, bin_of
from streams.domain.labels import Attributes
from streams.domain.labels import decode as decode_attributes

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


def cohort_name(platform: str, day: int, labels: str) -> str:
    """Return the name under which a cohort is stored; `key_of` is its inverse."""
    return f"{platform}|{day}|{labels}"


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

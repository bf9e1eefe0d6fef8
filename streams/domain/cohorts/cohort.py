"""Cohorts: how many reports of one filing day and one set of labels stand where.

A report contributes one signature to its cohort. A cohort counts equal signatures, so its numbers outlive the rows
they came from. Stored, a signature is a byte string (memory is paid for every remembered report).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from streams.domain.clocks.endings import FROZEN, OPEN
from streams.domain.cohorts.profile import ClockValue, ReportProfile, is_total, unpack_profile
from streams.domain.duration_bins import DAY, MINUTE, bin_of
from streams.domain.labels import Labels
from streams.domain.labels import decode_labels as decode_attributes

StoredCohort = dict[bytes, int]
"""A stored cohort: signature to count, and the mark of a clock to the exact sum of its stops, in milliseconds.

Beside them, under a name as short as a mark, the number of its softened reports (`softening.SOFTENED`)."""

NamedCohort = tuple[str, StoredCohort]
"""A cohort's stored key, and the cohort."""


class CohortKey(NamedTuple):
    """Which reports: platform, UTC day of filing (days since 1970), the short form of the labels."""

    platform: str
    day: int
    encoded_labels: str

    @property
    def labels(self) -> Labels:
        """The labels as filed, spelled out."""
        return decode_attributes(self.encoded_labels)


def cohort_name(platform: str, day: int, labels: str) -> str:
    """Return the name under which a cohort is stored; `key_of` is its inverse."""
    return f"{platform}|{day}|{labels}"


def parse_key(stored: str) -> CohortKey:
    """Return the key of a cohort that is stored under this name, wholly or in parts."""
    name, _ = split_part_name(stored)
    platform, day, attributes = name.split("|", 2)
    return CohortKey(platform, int(day), attributes)


def part_name(cohort: str, bits: str) -> str:
    """Return the name of a part of a cohort (`parts`): `platform|day/bits|attributes`."""
    platform, day, attributes = cohort.split("|", 2)
    return f"{platform}|{day}/{bits}|{attributes}"


def split_part_name(stored: str) -> tuple[str, str]:
    """Return the cohort's name, `platform|day|attributes`, and the bits of its part; "" for none."""
    platform, day, attributes = stored.split("|", 2)
    day, divided, bits = day.partition("/")
    return (f"{platform}|{day}|{attributes}", bits) if divided else (stored, "")


def profiles(cohort: Mapping[bytes, int]) -> Iterator[tuple[ReportProfile, int]]:
    """Yield the signatures of a stored cohort with their counts."""
    return ((unpack_profile(stored), count) for stored, count in cohort.items() if not is_total(stored))


def stored_totals(cohort: Mapping[bytes, int]) -> Iterator[tuple[bytes, int]]:
    """Yield the marks of clocks with the exact sums of the durations of their stops, in milliseconds, softened reports too."""
    return ((stored, total) for stored, total in cohort.items() if is_total(stored))


SurvivalCell = tuple[int, int, int]
"""Entry, exit and ending of a report under one clock, as `survival` takes them; ending 0 is open."""


def survival_cell(entry_bin: int, clock_value: ClockValue, day: int, watermark: int) -> SurvivalCell | None:
    """Return how a report that was filed on `day` counts under a clock, open ones at their age at `through`.

    None where the report's filing lies after `through`.
    """
    _, value, ending = clock_value
    if ending == FROZEN:
        return (entry_bin, value, OPEN)
    if ending != OPEN:
        return (entry_bin, value, ending)
    age = watermark - (day * DAY + value * MINUTE)
    return (entry_bin, bin_of(age), OPEN) if age > 0 else None

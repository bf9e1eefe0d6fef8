"""Name, parse and read cohorts: the reports of one platform, filing day and set of labels (docs/definitions.md §4).

Each report contributes one profile to its cohort, and a cohort counts equal profiles. A cohort's numbers therefore
remain when the rows of its reports are evicted.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from streams.domain.clocks.endings import FROZEN, OPEN
from streams.domain.cohorts.profile import ClockValue, ReportProfile, is_total, unpack_profile
from streams.domain.duration_bins import DAY, MINUTE, bin_of
from streams.domain.labels import Labels
from streams.domain.labels import decode_labels as decode_attributes

StoredCohort = dict[bytes, int]
"""A stored cohort: it maps each stored profile to its number of reports, and each clock hash to the exact sum of the
durations of the clock's stops, in milliseconds. `labels.DOWNGRADED`, as short as a clock hash, maps to the number of
downgraded reports."""

NamedCohort = tuple[str, StoredCohort]
"""The name of a cohort, and the cohort."""


class CohortKey(NamedTuple):
    """The reports of a cohort: platform, UTC day of filing (days since 1970), and encoded labels."""

    platform: str
    day: int
    encoded_labels: str

    @property
    def labels(self) -> Labels:
        """The labels as filed, decoded."""
        return decode_attributes(self.encoded_labels)


def cohort_name(platform: str, day: int, labels: str) -> str:
    """Return the name under which a cohort is stored, `platform|day|labels`; `parse_key` is the inverse."""
    return f"{platform}|{day}|{labels}"


def parse_key(stored: str) -> CohortKey:
    """Return the key of the cohort that has this name, or that has a part with this name."""
    name, _ = split_part_name(stored)
    platform, day, labels = name.split("|", 2)
    return CohortKey(platform, int(day), labels)


def part_name(cohort: str, bits: str) -> str:
    """Return the name of a part of a cohort (see `parts`), `platform|day/bits|labels`."""
    platform, day, labels = cohort.split("|", 2)
    return f"{platform}|{day}/{bits}|{labels}"


def split_part_name(stored: str) -> tuple[str, str]:
    """Return the name of the cohort, `platform|day|labels`, and the bits of the part, "" for a whole cohort."""
    platform, day, labels = stored.split("|", 2)
    day, slash, bits = day.partition("/")
    return (f"{platform}|{day}|{labels}", bits) if slash else (stored, "")


def profiles(cohort: Mapping[bytes, int]) -> Iterator[tuple[ReportProfile, int]]:
    """Yield the profiles of a stored cohort with their counts."""
    return ((unpack_profile(stored), count) for stored, count in cohort.items() if not is_total(stored))


def stored_totals(cohort: Mapping[bytes, int]) -> Iterator[tuple[bytes, int]]:
    """Yield what a cohort stores beside profiles: sums of stop durations by clock hash, and the downgraded reports."""
    return ((stored, total) for stored, total in cohort.items() if is_total(stored))


SurvivalCell = tuple[int, int, int]
"""Entry bin, exit bin and ending of a report under one clock, as in `survival.Cells`; ending 0 is open."""


def survival_cell(entry_bin: int, clock_value: ClockValue, day: int, watermark: int) -> SurvivalCell | None:
    """Return the cell of a report under one clock; an open clock is censored at its age at `watermark` (epoch ms).

    Returns None for an open clock that started at or after the watermark. `day` is the filing day, since 1970.
    """
    _, value, ending = clock_value
    if ending == FROZEN:
        return (entry_bin, value, OPEN)
    if ending != OPEN:
        return (entry_bin, value, ending)
    age = watermark - (day * DAY + value * MINUTE)
    return (entry_bin, bin_of(age), OPEN) if age > 0 else None

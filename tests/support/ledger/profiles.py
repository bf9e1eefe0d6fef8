"""Profiles of reports as tests write them: packed, and unpacked by cohort."""

from collections.abc import Mapping

from streams.domain.cohorts.cohort import CohortKey, parse_key, profiles
from streams.domain.cohorts.profile import CLOSED_MINUTE, ReportProfile, number_layout, status_bytes


def pack(profile: ReportProfile) -> bytes:
    """Return the stored form of a profile; `unpack_profile` is its inverse."""
    minute = CLOSED_MINUTE if profile.filed_minute is None else profile.filed_minute
    clocks = profile.clocks
    numbers = number_layout(len(clocks)).pack(profile.entry_bin, minute, *[clock.value for clock in clocks])
    return numbers + status_bytes(profile.state, [(clock.clock_hash, clock.ending) for clock in clocks])


def unpacked(cohorts: Mapping[str, Mapping[bytes, int]]) -> dict[CohortKey, dict[ReportProfile, int]]:
    """Return the profiles of every stored cohort that holds anything, with their counts."""
    return {parse_key(name): dict(profiles(cohort)) for name, cohort in cohorts.items() if cohort}

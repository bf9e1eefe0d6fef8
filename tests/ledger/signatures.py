"""Signatures as tests say them: packed, and unpacked by cohort."""

from collections.abc import Mapping

from streams.domain.cohorts.cohort import CohortKey, key_of, signatures
from streams.domain.cohorts.profile import CLOSED, Signature, layout, words


def pack(signature: Signature) -> bytes:
    """Return the stored form of a signature; `profile.unpack` is its inverse."""
    minute = CLOSED if signature.filed_minute is None else signature.filed_minute
    clocks = signature.clocks
    numbers = layout(len(clocks)).pack(signature.entry, minute, *[clock.value for clock in clocks])
    return numbers + words(signature.state, [(clock.clock, clock.ending) for clock in clocks])


def unpacked(cohorts: Mapping[str, Mapping[bytes, int]]) -> dict[CohortKey, dict[Signature, int]]:
    """Return the signatures of every stored cohort that holds anything, with their counts."""
    return {key_of(name): dict(signatures(cohort)) for name, cohort in cohorts.items() if cohort}

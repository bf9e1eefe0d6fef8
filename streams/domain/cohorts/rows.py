"""Map cohorts to rows: a small cohort is one row, a large cohort has a row for each of its parts."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import Final

from streams.domain.cohorts.cohort import StoredCohort, part_name, split_part_name, stored_totals
from streams.domain.cohorts.parts import MAX_PROFILES_PER_PART, WHOLE_COHORT, CohortParts, format_bits, parse_bits
from streams.domain.cohorts.profile import is_total

_MAX_CACHED_COHORTS: Final = 4_096
"""How many divided cohorts have their parts cached; for others the parts are computed again from the profiles."""


class CohortRows:
    """Knows the rows of large cohorts: parts of at most `max_profiles` profiles.

    `changed_in_divided` holds, for every cohort that is stored in parts, which of its numbers changed since
    `changed_rows`. The code that changes such a cohort must add to these names.
    """

    def __init__(self, max_profiles: int = MAX_PROFILES_PER_PART) -> None:
        self.changed_in_divided: dict[str, set[bytes]] = {}
        self._max_profiles = max_profiles
        self._part_numbers: dict[str, set[int]] = {}
        self._cached_parts: OrderedDict[str, CohortParts] = OrderedDict()

    def register_row(self, row: str) -> str:
        """Register a restored row and return the name of its cohort."""
        cohort, bits = split_part_name(row)
        if bits:
            self._part_numbers.setdefault(cohort, set()).add(parse_bits(bits))
            self.changed_in_divided[cohort] = set()
        return cohort

    def changed_rows(self, name: str, cohort: StoredCohort) -> Iterator[tuple[str, StoredCohort | None]]:
        """Yield the changed rows of a cohort with their names; None for a row that was removed.

        The row under the cohort's own name holds its sums, and its profiles while the cohort is not divided.
        """
        if len(cohort) <= self._max_profiles and name not in self.changed_in_divided:
            yield name, cohort
            return
        former = self._part_numbers.get(name, {WHOLE_COHORT})
        changed = {stored for stored in self.changed_in_divided.get(name, cohort) if not is_total(stored)}
        parts = self._cached_parts.pop(name, None) or self._rebuild_parts(former, cohort, changed)
        changed_parts = parts.update(cohort, changed) - {WHOLE_COHORT}
        self._store_parts(name, parts)
        yield name, dict(stored_totals(cohort)) if parts.is_divided else cohort
        for number in changed_parts:
            part_profiles = parts.get(number)
            if part_profiles is not None:
                yield part_name(name, format_bits(number)), {profile: cohort[profile] for profile in part_profiles}
            elif number in former:
                yield part_name(name, format_bits(number)), None

    def _store_parts(self, name: str, parts: CohortParts) -> None:
        if not parts.is_divided:
            self.changed_in_divided.pop(name, None)
            self._part_numbers.pop(name, None)
            return
        self.changed_in_divided[name] = set()
        self._part_numbers[name] = set(parts.numbers)
        self._cached_parts[name] = parts
        if len(self._cached_parts) > _MAX_CACHED_COHORTS:
            self._cached_parts.popitem(last=False)

    def _rebuild_parts(self, numbers: Collection[int], cohort: StoredCohort, changed: Collection[bytes]) -> CohortParts:
        """Return the parts as they are stored, without the profiles that changed since."""
        parts = CohortParts(numbers, self._max_profiles)
        for stored in cohort:
            if stored not in changed and not is_total(stored):
                parts.add(stored)
        return parts

"""The rows of cohorts: a small cohort is one row, a large one has a row for each of its parts."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import Final

from streams.domain.cohorts.cohort import Stored, cohort_and_bits, name_of_part, stop_sums
from streams.domain.cohorts.parts import MOST, WHOLE, Parts, bits_of, number_of
from streams.domain.cohorts.profile import is_sum

_AT_HAND: Final = 4_096
"""Of how many divided cohorts it is kept in memory which signatures are in which part; of the others it is worked out."""


class CohortRows:
    """Knows into which rows large cohorts are divided: parts of at most `most` signatures.

    `divided` has, for every cohort that is stored in parts, the names under which it has changed since its rows were
    last taken: whoever changes such a cohort adds to them.
    """

    def __init__(self, most: int = MOST) -> None:
        self.divided: dict[str, set[bytes]] = {}
        self._most = most
        self._numbers: dict[str, set[int]] = {}
        self._at_hand: OrderedDict[str, Parts] = OrderedDict()

    def loaded(self, row: str) -> str:
        """Take note of a stored row and return the name of its cohort."""
        cohort, bits = cohort_and_bits(row)
        if bits:
            self._numbers.setdefault(cohort, set()).add(number_of(bits))
            self.divided[cohort] = set()
        return cohort

    def changed(self, name: str, cohort: Stored) -> Iterator[tuple[str, Stored | None]]:
        """Yield the rows of a cohort that changed, by their names; None for a row that is gone.

        The row under the cohort's own name holds its sums, and its signatures while it is not divided.
        """
        if len(cohort) <= self._most and name not in self.divided:
            yield name, cohort
            return
        former = self._numbers.get(name, {WHOLE})
        signatures = {stored for stored in self.divided.get(name, cohort) if not is_sum(stored)}
        parts = self._at_hand.pop(name, None) or self._parts(former, cohort, signatures)
        touched = parts.update(cohort, signatures) - {WHOLE}
        self._keep(name, parts)
        yield name, dict(stop_sums(cohort)) if parts.divided else cohort
        for number in touched:
            held = parts.get(number)
            if held is not None:
                yield name_of_part(name, bits_of(number)), {signature: cohort[signature] for signature in held}
            elif number in former:
                yield name_of_part(name, bits_of(number)), None

    def _keep(self, name: str, parts: Parts) -> None:
        if not parts.divided:
            self.divided.pop(name, None)
            self._numbers.pop(name, None)
            return
        self.divided[name] = set()
        self._numbers[name] = set(parts.numbers)
        self._at_hand[name] = parts
        if len(self._at_hand) > _AT_HAND:
            self._at_hand.popitem(last=False)

    def _parts(self, numbers: Collection[int], cohort: Stored, changed: Collection[bytes]) -> Parts:
        """Return the parts as they are stored, but for the signatures that changed since."""
        parts = Parts(numbers, self._most)
        for stored in cohort:
            if stored not in changed and not is_sum(stored):
                parts.put(stored)
        return parts

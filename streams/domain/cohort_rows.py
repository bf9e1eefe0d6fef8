"""The rows of cohorts: a small cohort is one row, a large one has a row for each of its parts."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import Final

from streams.domain.cohort import Stored, cohort_and_bits, is_sum, name_of_part, stop_sums
from streams.domain.parts import MOST, WHOLE, Parts

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
        self._bits: dict[str, Collection[str]] = {}
        self._at_hand: OrderedDict[str, Parts] = OrderedDict()

    def loaded(self, row: str) -> str:
        """Take note of a stored row and return the name of its cohort."""
        cohort, bits = cohort_and_bits(row)
        if bits:
            self._bits[cohort] = {*self._bits.get(cohort, ()), bits}
            self.divided[cohort] = set()
        return cohort

    def changed(self, name: str, cohort: Stored) -> Iterator[tuple[str, Stored | None]]:
        """Yield the rows of a cohort that changed, by their names; None for a row that is gone.

        The row under the cohort's own name holds its sums, and its signatures while it is not divided.
        """
        if len(cohort) <= self._most and name not in self.divided:
            yield name, cohort
            return
        former = frozenset(self._bits.get(name, (WHOLE,)))
        signatures = {stored for stored in self.divided.get(name, cohort) if not is_sum(stored)}
        parts = self._at_hand.pop(name, None) or self._parts(former, cohort, signatures)
        touched = parts.update(cohort, signatures) - {WHOLE}
        self._keep(name, parts)
        yield name, dict(stop_sums(cohort)) if parts.divided else cohort
        for bits in sorted(touched):
            held = parts.get(bits)
            if held is not None:
                yield name_of_part(name, bits), {signature: cohort[signature] for signature in held}
            elif bits in former:
                yield name_of_part(name, bits), None

    def _keep(self, name: str, parts: Parts) -> None:
        if not parts.divided:
            self.divided.pop(name, None)
            self._bits.pop(name, None)
            return
        self.divided[name] = set()
        self._bits[name] = parts.bits
        self._at_hand[name] = parts
        if len(self._at_hand) > _AT_HAND:
            former, oldest = self._at_hand.popitem(last=False)
            self._bits[former] = frozenset(oldest.bits)

    def _parts(self, bits: Collection[str], cohort: Stored, changed: Collection[bytes]) -> Parts:
        """Return the parts as they are stored, but for the signatures that changed since."""
        parts = Parts(bits, self._most)
        for stored in cohort:
            if stored not in changed and not is_sum(stored):
                parts.put(stored)
        return parts

"""How a large cohort is divided into rows: a function of the signatures that it holds, whatever happened before.

A signature has a code of 64 bits. All signatures whose codes begin with the same bits are a part; a part that holds more
than `MOST` signatures is divided by the next bit, and two halves that hold no more than `MOST` together are one part.
So a row has a bound, and a commit writes the parts that changed.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Final

MOST: Final = 128
"""How many signatures a part may hold."""

WHOLE: Final = ""
"""The part that holds all signatures of a cohort: that of no bits."""

_BYTES: Final = 8
_BITS: Final = 8 * _BYTES


def code_of(signature: bytes) -> str:
    """Return the code of a stored signature: the first 64 bits of its BLAKE2b digest, as a text of 0 and 1."""
    return f"{int.from_bytes(blake2b(signature, digest_size=_BYTES).digest()):0{_BITS}b}"


class Parts:
    """The parts of one cohort, by the bits with which the codes of their signatures begin."""

    __slots__ = ("_most", "_parts")

    def __init__(self, bits: Iterable[str] = (WHOLE,), most: int = MOST) -> None:
        self._most = most
        self._parts: dict[str, set[bytes]] = {each: set() for each in bits}

    @property
    def divided(self) -> bool:
        """Whether there is more than one part."""
        return WHOLE not in self._parts

    @property
    def bits(self) -> Collection[str]:
        """The bits of all parts, as they are now and as they change."""
        return self._parts.keys()

    def put(self, signature: bytes) -> None:
        """Put a signature into its part, whatever the part then holds."""
        self._parts[self._place(signature)].add(signature)

    def get(self, bits: str) -> Collection[bytes] | None:
        """Return the signatures of a part, None when there is no such part."""
        return self._parts.get(bits)

    def update(self, cohort: Mapping[bytes, int], changed: Iterable[bytes]) -> set[str]:
        """Put each changed signature where it belongs, none that the cohort does not hold.

        Return the bits of all parts that changed, came or went.
        """
        touched = set()
        for signature in changed:
            bits = self._place(signature)
            touched.add(bits)
            if signature in cohort:
                self._parts[bits].add(signature)
            else:
                self._parts[bits].discard(signature)
        for bits in sorted(touched):
            if bits in self._parts:
                touched.update(self._divide(bits) if len(self._parts[bits]) > self._most else self._join(bits))
        return touched

    def _place(self, signature: bytes) -> str:
        code, length = code_of(signature), 0
        while code[:length] not in self._parts:
            length += 1
        return code[:length]

    def _divide(self, bits: str) -> set[str]:
        """Divide a part until no half is too large; return all parts that came and went."""
        touched, full = {bits}, [bits]
        while full:
            former = full.pop()
            halves: dict[str, set[bytes]] = {former + "0": set(), former + "1": set()}
            for signature in self._parts.pop(former):
                halves[code_of(signature)[: len(former) + 1]].add(signature)
            self._parts.update(halves)
            touched.update(halves)
            full += [half for half, signatures in halves.items() if len(signatures) > self._most]
        return touched

    def _join(self, bits: str) -> set[str]:
        """Join a part with its other half as long as one part can hold both; return all parts that came and went."""
        touched = set()
        while bits:
            whole, other = bits[:-1], bits[:-1] + ("1" if bits[-1] == "0" else "0")
            if other not in self._parts or len(self._parts[bits]) + len(self._parts[other]) > self._most:
                break
            self._parts[whole] = self._parts.pop(bits) | self._parts.pop(other)
            touched |= {bits, other, whole}
            bits = whole
        return touched

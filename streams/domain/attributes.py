"""The labels of a filing, as a cohort keeps them: one short string.

A remembered report costs memory for months, so its labels are stored as one letter per label (its place in
the frozen order of `vocabulary`), followed by the jurisdiction groups: `a` is the first word of an enumeration.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity

_HARMS: Final = tuple(Harm)
_REPORTERS: Final = tuple(Reporter)
_CHANNELS: Final = tuple(Channel)
_BASES: Final = tuple(Basis)
_SEVERITIES: Final = tuple(Severity)
_FIRST: Final = ord("a")

UNKNOWN_JURISDICTION: Final = "ZZ"
"""The name for a jurisdiction that a platform does not know."""


class Attributes(NamedTuple):
    """What a report was labelled with when it was filed.

    `jurisdictions` are the names of the registry's groups that the report touches, sorted and joined by `+`
    (`EU+UK`): a figure for one group sums every set that contains it, so groups do not add up.
    """

    harm: Harm
    reporter: Reporter
    trusted_flagger: bool
    channel: Channel
    basis: Basis
    severity: Severity
    jurisdictions: str

    @property
    def urgent(self) -> bool:
        """Whether the severity is critical, or unspecified, which is read as the strictest."""
        return self.severity in (Severity.CRITICAL, Severity.UNSPECIFIED)


@lru_cache(maxsize=65536)
def encode(attributes: Attributes) -> str:
    """Return the short form of `attributes`; `decode` is its inverse."""
    positions = (
        _HARMS.index(attributes.harm),
        _REPORTERS.index(attributes.reporter),
        int(attributes.trusted_flagger),
        _CHANNELS.index(attributes.channel),
        _BASES.index(attributes.basis),
        _SEVERITIES.index(attributes.severity),
    )
    return "".join(chr(_FIRST + position) for position in positions) + attributes.jurisdictions


@lru_cache(maxsize=65536)
def decode(code: str) -> Attributes:
    """Return the attributes that `encode` wrote as `code`."""
    harm, reporter, flagger, channel, basis, severity = (ord(letter) - _FIRST for letter in code[:6])
    return Attributes(
        harm=_HARMS[harm],
        reporter=_REPORTERS[reporter],
        trusted_flagger=bool(flagger),
        channel=_CHANNELS[channel],
        basis=_BASES[basis],
        severity=_SEVERITIES[severity],
        jurisdictions=code[6:],
    )

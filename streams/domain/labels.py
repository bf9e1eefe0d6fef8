"""Encode the labels of a filing as one short string, and decide whether an amendment is laxer.

Retained reports are many, so labels are stored as one letter each: `a` for the first word of its enumeration in
`vocabulary`, `b` for the second. The jurisdictions follow the letters as they are.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity

_HARMS: Final = tuple(Harm)
_REPORTERS: Final = tuple(Reporter)
_CHANNELS: Final = tuple(Channel)
_BASES: Final = tuple(Basis)
_SEVERITIES: Final = tuple(Severity)
_FIRST_LETTER: Final = ord("a")

UNKNOWN_JURISDICTION: Final = "ZZ"
"""The jurisdiction of a report whose jurisdiction the platform does not know."""

DOWNGRADED: Final = b"\0\0"
"""The name under which a cohort counts its downgraded reports; no clock may have it as its hash."""

_UNCHANGED: Final = 0
_HARM_FACTOR: Final = 16

_SEXUAL_EXPLOITATION: Final = frozenset(
    {Harm.CSAM, Harm.CSAM_GENERATED, Harm.GROOMING, Harm.SEXTORTION, Harm.TRAFFICKING}
)


class Labels(NamedTuple):
    """The labels of a report as filed.

    `jurisdictions` are the names of the registry's groups that the report concerns, sorted and joined by `+` (`EU+UK`).
    A figure for one group adds up every set that contains the group, so the figures of groups overlap.
    """

    harm: Harm
    reporter: Reporter
    trusted_flagger: bool
    channel: Channel
    basis: Basis
    severity: Severity
    jurisdictions: str

    @property
    def is_urgent(self) -> bool:
        """Whether the severity is critical, or unspecified, which is treated like the strictest."""
        return self.severity in (Severity.CRITICAL, Severity.UNSPECIFIED)


@lru_cache(maxsize=65536)
def encode_labels(labels: Labels) -> str:
    """Return labels as one short string; `decode_labels` is the inverse."""
    positions = (
        _HARMS.index(labels.harm),
        _REPORTERS.index(labels.reporter),
        int(labels.trusted_flagger),
        _CHANNELS.index(labels.channel),
        _BASES.index(labels.basis),
        _SEVERITIES.index(labels.severity),
    )
    return "".join(chr(_FIRST_LETTER + position) for position in positions) + labels.jurisdictions


@lru_cache(maxsize=65536)
def decode_labels(code: str) -> Labels:
    """Return the labels that `encode_labels` encoded as `code`."""
    harm, reporter, flagger, channel, basis, severity = (ord(letter) - _FIRST_LETTER for letter in code[:6])
    return Labels(
        harm=_HARMS[harm],
        reporter=_REPORTERS[reporter],
        trusted_flagger=bool(flagger),
        channel=_CHANNELS[channel],
        basis=_BASES[basis],
        severity=_SEVERITIES[severity],
        jurisdictions=code[6:],
    )


def encode_amendment(harm: Harm | None, severity: Severity | None) -> int:
    """Return the new harm and severity of an amendment as one number; 0 if it changes neither."""
    harm_number = _UNCHANGED if harm is None else _HARMS.index(harm) + 1
    severity_number = _UNCHANGED if severity is None else _SEVERITIES.index(severity) + 1
    return harm_number * _HARM_FACTOR + severity_number


@lru_cache(maxsize=65536)
def is_downgrade(labels: str, amendment: int) -> bool:
    """Return whether an amendment (encoded) is laxer than the labels as filed (encoded): docs/definitions.md §1.

    A lower severity is laxer, and so is a harm of a lower rank: sexual exploitation, then every other harm, then
    `other`. A change of the severity from or to `unspecified` downgrades nothing.
    """
    filed = decode_labels(labels)
    harm, severity = divmod(amendment, _HARM_FACTOR)
    if severity and filed.severity is not Severity.UNSPECIFIED:
        new_severity = _SEVERITIES[severity - 1]
        if new_severity is not Severity.UNSPECIFIED and severity - 1 > _SEVERITIES.index(filed.severity):
            return True
    return harm != _UNCHANGED and _harm_rank(_HARMS[harm - 1]) > _harm_rank(filed.harm)


def _harm_rank(harm: Harm) -> int:
    if harm in _SEXUAL_EXPLOITATION:
        return 0
    return 2 if harm is Harm.OTHER else 1

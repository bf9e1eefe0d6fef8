"""Whether an amendment makes a report look less grave than it was filed."""

from functools import lru_cache
from typing import Final

from streams.domain.attributes import decode
from streams.domain.vocabulary import Harm, Severity

SOFTENED: Final = b"\0\0"
"""The name under which a cohort counts its reports that were made to look less grave; no clock has it as its mark."""

_HARMS: Final = tuple(Harm)
_SEVERITIES: Final = tuple(Severity)
_UNSAID: Final = 0
_STEP: Final = 16

_GRAVEST: Final = frozenset({Harm.CSAM, Harm.CSAM_GENERATED, Harm.GROOMING, Harm.SEXTORTION, Harm.TRAFFICKING})


def relabelling(harm: Harm | None, severity: Severity | None) -> int:
    """Return in one number what an amendment says of harm and severity; 0 when it says nothing of them."""
    said_harm = _UNSAID if harm is None else _HARMS.index(harm) + 1
    said_severity = _UNSAID if severity is None else _SEVERITIES.index(severity) + 1
    return said_harm * _STEP + said_severity


@lru_cache(maxsize=65536)
def softens(labels: str, number: int) -> bool:
    """Return whether the relabelling `number` is laxer than the labels as filed (in their short form).

    Laxer is a lower severity, or a harm of a lower rank: sexual exploitation, then every other harm, then `other`. An
    unspecified severity is read as the strictest, but to specify one is triage and softens nothing.
    """
    filed = decode(labels)
    harm, severity = divmod(number, _STEP)
    if severity and filed.severity is not Severity.UNSPECIFIED:
        said = _SEVERITIES[severity - 1]
        if said is not Severity.UNSPECIFIED and severity - 1 > _SEVERITIES.index(filed.severity):
            return True
    return harm != _UNSAID and _rank(_HARMS[harm - 1]) > _rank(filed.harm)


def _rank(harm: Harm) -> int:
    if harm in _GRAVEST:
        return 0
    return 2 if harm is Harm.OTHER else 1

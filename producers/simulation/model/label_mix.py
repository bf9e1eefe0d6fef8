"""What simulated reports are labelled with: few common combinations, many rare ones.

A combination is drawn as a whole. Independent draws of every label would give thousands of combinations, each with
a handful of reports, which no platform's traffic looks like.
"""

from enum import Enum
from functools import lru_cache
from math import exp, log
from typing import Final, NamedTuple

from producers.simulation.model.seeded_random import Choice
from streams.contract.events.schema.event_data import ReportFiled
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity


class Lane(Enum):
    """The queue in which a report waits; each has its own distribution of durations."""

    IN_APP = "in-app"
    DESK = "desk"
    NOTICE = "legal notice"
    FLAGGER = "trusted flagger"


class Label(NamedTuple):
    """One combination of labels; `pace` is how much longer this harm takes than the platform's average."""

    filed: ReportFiled
    lane: Lane
    pace: float


class _Door(NamedTuple):
    channel: Channel
    reporter: Reporter
    basis: Basis
    lane: Lane
    share: float
    least: float  # a combination below this share of the door is too rare to keep


# The shares of the doors are ours, but for trusted flaggers: 0.03-10 % of notices (domain research, table 3.1 and
# recipe), here about 7 %.
_DOORS: Final = (
    _Door(Channel.IN_APP, Reporter.USER, Basis.TERMS, Lane.IN_APP, 0.80, 0.012),
    _Door(Channel.IN_APP, Reporter.GUARDIAN, Basis.TERMS, Lane.IN_APP, 0.05, 0.08),
    _Door(Channel.WEB_FORM, Reporter.USER, Basis.TERMS, Lane.DESK, 0.05, 0.08),
    _Door(Channel.EMAIL, Reporter.GUARDIAN, Basis.UNSPECIFIED, Lane.DESK, 0.01, 0.2),
    _Door(Channel.API, Reporter.ORGANISATION, Basis.TERMS, Lane.DESK, 0.015, 0.1),
    _Door(Channel.LEGAL_NOTICE, Reporter.ORGANISATION, Basis.STATUTORY_NOTICE, Lane.NOTICE, 0.06, 0.06),
    _Door(Channel.LEGAL_NOTICE, Reporter.HOTLINE, Basis.STATUTORY_NOTICE, Lane.FLAGGER, 0.005, 0.1),
    _Door(Channel.LEGAL_NOTICE, Reporter.AUTHORITY, Basis.ORDER, Lane.NOTICE, 0.004, 0.2),
    _Door(Channel.LEGAL_NOTICE, Reporter.AUTHORITY, Basis.REGULATOR_NOTICE, Lane.NOTICE, 0.003, 0.2),
)

# (share of in-app reports, share of notices, median relative to others). Shares are ours; paces follow the order of
# the published in-app medians of one service in GB, 2025-H1: harassment 3 min, sexual exploitation 4, self-harm 12.
_HARMS: Final = {
    Harm.BULLYING: (0.25, 0.02, 0.8),
    Harm.AGE_INAPPROPRIATE: (0.17, 0.14, 0.8),
    Harm.SELF_HARM: (0.10, 0.03, 1.9),
    Harm.GROOMING: (0.10, 0.14, 1.1),
    Harm.CSAM: (0.09, 0.42, 1.0),
    Harm.OTHER: (0.08, 0.01, 1.0),
    Harm.SEXTORTION: (0.05, 0.05, 1.1),
    Harm.INTIMATE_IMAGES: (0.05, 0.08, 1.0),
    Harm.EATING_DISORDER: (0.04, 0.01, 1.6),
    Harm.DANGEROUS_CHALLENGE: (0.03, 0.01, 1.1),
    Harm.CSAM_GENERATED: (0.02, 0.08, 1.0),
    Harm.TRAFFICKING: (0.02, 0.01, 1.3),
}

_SEVERITIES: Final = {
    Harm.CSAM: Severity.CRITICAL,
    Harm.CSAM_GENERATED: Severity.CRITICAL,
    Harm.GROOMING: Severity.CRITICAL,
    Harm.SEXTORTION: Severity.CRITICAL,
    Harm.TRAFFICKING: Severity.CRITICAL,
    Harm.SELF_HARM: Severity.HIGH,
    Harm.INTIMATE_IMAGES: Severity.HIGH,
    Harm.OTHER: Severity.UNSPECIFIED,
}

_JURISDICTIONS: Final = (
    (("DE",), 0.52),
    (("FR",), 0.22),
    (("GB",), 0.14),
    (("US",), 0.06),
    (("ZZ",), 0.03),
    (("DE", "FR"), 0.03),
)


@lru_cache(maxsize=2)
def _paces(column: int) -> dict[Harm, float]:
    """Return the paces of the harms, scaled to a geometric mean of one over in-app reports (0) or notices (1)."""
    total = sum(row[column] for row in _HARMS.values())
    mean = sum(row[column] * log(row[2]) for row in _HARMS.values()) / total
    return {harm: round(row[2] * exp(-mean), 9) for harm, row in _HARMS.items()}


def _combinations(door: _Door, turn: int) -> list[tuple[Label, float]]:
    """Return the labels that come through `door`; `turn` rotates which jurisdiction is the commonest."""
    column = int(door.lane in (Lane.NOTICE, Lane.FLAGGER))
    places = [_JURISDICTIONS[(turn + place) % 3 if place < 3 else place][0] for place in range(len(_JURISDICTIONS))]  # noqa: PLR2004 - the three large ones
    kept: list[tuple[Label, float]] = []
    for harm, row in _HARMS.items():
        for place, (_, weight) in zip(places, _JURISDICTIONS, strict=True):
            share = row[column] * weight
            if share >= door.least or (place is places[0] and row[column] >= door.least):
                kept.append((_label(door, harm, place, _paces(column)[harm]), share))
    total = sum(share for _, share in kept)
    return [(label, door.share * share / total) for label, share in kept]


def _label(door: _Door, harm: Harm, jurisdictions: tuple[str, ...], pace: float) -> Label:
    filed = ReportFiled(
        harm=harm,
        reporter=door.reporter,
        trusted_flagger=door.lane is Lane.FLAGGER,
        channel=door.channel,
        basis=door.basis,
        severity=_SEVERITIES.get(harm, Severity.STANDARD),
        jurisdictions=jurisdictions,
    )
    return Label(filed, door.lane, pace)


@lru_cache(maxsize=8)
def labels(turn: int) -> Choice[Label]:
    """Return the label combinations of a platform with their weights; platforms differ in their commonest country."""
    return Choice([pair for door in _DOORS for pair in _combinations(door, turn)])

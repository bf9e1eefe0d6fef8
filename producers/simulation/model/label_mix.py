"""Defines the labels of simulated reports: few common combinations, and many rare ones.

A combination is drawn as a whole. Independent draws of every label would give thousands of combinations with a few
reports each, which is not realistic.
"""

from enum import Enum
from functools import lru_cache
from math import exp, log
from typing import Final, NamedTuple

from producers.simulation.model.seeded_random import WeightedChoice
from streams.contract.events.schema.event_data import ReportFiled
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity


class QueueKind(Enum):
    """The queue in which a report waits; each has its own distribution of durations."""

    IN_APP = "in-app"
    MANUAL = "manual"
    NOTICE = "legal notice"
    FLAGGER = "trusted flagger"


class LabelMixEntry(NamedTuple):
    """One combination of labels; `duration_factor` is the duration of this harm relative to the platform's average."""

    report_data: ReportFiled
    queue: QueueKind
    duration_factor: float


class _ChannelMix(NamedTuple):
    channel: Channel
    reporter: Reporter
    basis: Basis
    queue: QueueKind
    share: float
    min_share: float  # Combinations with a smaller share of the channel are left out.


# The shares of the channels are ours, except for trusted flaggers: 0.03-10 % of notices (domain research, table 3.1
# and recipe), here about 7 %.
_CHANNEL_MIXES: Final = (
    _ChannelMix(Channel.IN_APP, Reporter.USER, Basis.TERMS, QueueKind.IN_APP, 0.80, 0.012),
    _ChannelMix(Channel.IN_APP, Reporter.GUARDIAN, Basis.TERMS, QueueKind.IN_APP, 0.05, 0.08),
    _ChannelMix(Channel.WEB_FORM, Reporter.USER, Basis.TERMS, QueueKind.MANUAL, 0.05, 0.08),
    _ChannelMix(Channel.EMAIL, Reporter.GUARDIAN, Basis.UNSPECIFIED, QueueKind.MANUAL, 0.01, 0.2),
    _ChannelMix(Channel.API, Reporter.ORGANISATION, Basis.TERMS, QueueKind.MANUAL, 0.015, 0.1),
    _ChannelMix(Channel.LEGAL_NOTICE, Reporter.ORGANISATION, Basis.STATUTORY_NOTICE, QueueKind.NOTICE, 0.06, 0.06),
    _ChannelMix(Channel.LEGAL_NOTICE, Reporter.HOTLINE, Basis.STATUTORY_NOTICE, QueueKind.FLAGGER, 0.005, 0.1),
    _ChannelMix(Channel.LEGAL_NOTICE, Reporter.AUTHORITY, Basis.ORDER, QueueKind.NOTICE, 0.004, 0.2),
    _ChannelMix(Channel.LEGAL_NOTICE, Reporter.AUTHORITY, Basis.REGULATOR_NOTICE, QueueKind.NOTICE, 0.003, 0.2),
)

# (share of in-app reports, share of notices, median relative to others). The shares are ours; the relative medians have
# the order of one service's published in-app medians in GB, 2025-H1: harassment 3 min, sexual exploitation 4,
# self-harm 12.
_HARM_MIX: Final = {
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

_JURISDICTION_MIX: Final = (
    (("DE",), 0.52),
    (("FR",), 0.22),
    (("GB",), 0.14),
    (("US",), 0.06),
    (("ZZ",), 0.03),
    (("DE", "FR"), 0.03),
)
_LARGE: Final = 3
"""How many jurisdictions can be the most common one, depending on the platform."""


@lru_cache(maxsize=2)
def _duration_factors(column: int) -> dict[Harm, float]:
    """Return the duration factors of the harms, with geometric mean 1 over in-app reports (0) or notices (1)."""
    total = sum(row[column] for row in _HARM_MIX.values())
    mean = sum(row[column] * log(row[2]) for row in _HARM_MIX.values()) / total
    return {harm: round(row[2] * exp(-mean), 9) for harm, row in _HARM_MIX.items()}


def _channel_entries(channel_mix: _ChannelMix, country_rotation: int) -> list[tuple[LabelMixEntry, float]]:
    """Return the weighted label combinations of a channel; `country_rotation` selects the most common jurisdiction."""
    column = int(channel_mix.queue in (QueueKind.NOTICE, QueueKind.FLAGGER))
    jurisdiction_sets = [
        _JURISDICTION_MIX[(country_rotation + jurisdictions) % _LARGE if jurisdictions < _LARGE else jurisdictions][0]
        for jurisdictions in range(len(_JURISDICTION_MIX))
    ]
    kept: list[tuple[LabelMixEntry, float]] = []
    for harm, row in _HARM_MIX.items():
        for jurisdictions, (_, weight) in zip(jurisdiction_sets, _JURISDICTION_MIX, strict=True):
            share = row[column] * weight
            if share >= channel_mix.min_share or (
                jurisdictions is jurisdiction_sets[0] and row[column] >= channel_mix.min_share
            ):
                kept.append(
                    (_label_mix_entry(channel_mix, harm, jurisdictions, _duration_factors(column)[harm]), share)
                )
    total = sum(share for _, share in kept)
    return [(label, channel_mix.share * share / total) for label, share in kept]


def _label_mix_entry(
    channel_mix: _ChannelMix, harm: Harm, jurisdictions: tuple[str, ...], duration_factor: float
) -> LabelMixEntry:
    filed = ReportFiled(
        harm=harm,
        reporter=channel_mix.reporter,
        trusted_flagger=channel_mix.queue is QueueKind.FLAGGER,
        channel=channel_mix.channel,
        basis=channel_mix.basis,
        severity=_SEVERITIES.get(harm, Severity.STANDARD),
        jurisdictions=jurisdictions,
    )
    return LabelMixEntry(filed, channel_mix.queue, duration_factor)


@lru_cache(maxsize=8)
def label_mix(country_rotation: int) -> WeightedChoice[LabelMixEntry]:
    """Return the weighted label combinations of a platform; platforms differ in their most common country."""
    return WeightedChoice(
        [pair for channel_mix in _CHANNEL_MIXES for pair in _channel_entries(channel_mix, country_rotation)]
    )

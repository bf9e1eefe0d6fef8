"""The closed lists of words: what events say, and why an event is refused.

Start with event_words.py and refusal_reasons.py.
Imports the standard library only.
"""

from streams.domain.vocabulary.event_words import (
    FINAL_RESTRICTIONS,
    Addressee,
    AmendReason,
    Appellant,
    Automation,
    Basis,
    Channel,
    Extent,
    Ground,
    Harm,
    Outcome,
    PauseReason,
    Reporter,
    Restriction,
    RetractReason,
    Reversal,
    Severity,
    Surface,
)
from streams.domain.vocabulary.refusal_reasons import RefusalReason

__all__ = [
    "FINAL_RESTRICTIONS",
    "Addressee",
    "AmendReason",
    "Appellant",
    "Automation",
    "Basis",
    "Channel",
    "Extent",
    "Ground",
    "Harm",
    "Outcome",
    "PauseReason",
    "RefusalReason",
    "Reporter",
    "Restriction",
    "RetractReason",
    "Reversal",
    "Severity",
    "Surface",
]

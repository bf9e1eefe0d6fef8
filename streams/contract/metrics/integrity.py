"""Tripwires: whether a pattern is there that makes figures better than deeds; see docs/integrity-checks.md."""

from typing import Final

from streams.contract.metrics.metric import CHECK, PLATFORM, board_gauge

INTEGRITY: Final = (
    board_gauge(
        "tripwire_ratio",
        "What a tripwire measures on 28 filing days, as a ratio to its threshold: above 1 a pattern is there that "
        "makes figures better than deeds. Absent on too few reports.",
        PLATFORM,
        CHECK,
        max_series=len(CHECK.values),
    ),
    board_gauge(
        "tripwire_tripped",
        "1 when a tripwire's ratio is above 1, else 0; absent on too few reports. A reason to ask, no proof.",
        PLATFORM,
        CHECK,
        max_series=len(CHECK.values),
    ),
)

"""Integrity checks: whether the data are implausible; see docs/integrity-checks.md."""

from typing import Final

from streams.contract.metrics.metric import CHECK, PLATFORM, board_gauge

INTEGRITY: Final = (
    board_gauge(
        "integrity_check_ratio",
        "What an integrity check measures on 28 filing days, as a ratio to its threshold: above 1 a pattern is there that "
        "makes figures better than deeds. Absent on too few reports.",
        PLATFORM,
        CHECK,
        max_series=len(CHECK.values),
    ),
    board_gauge(
        "integrity_check_failed",
        "1 when the ratio of an integrity check is above 1, else 0; absent on too few reports. A reason to ask, no proof.",
        PLATFORM,
        CHECK,
        max_series=len(CHECK.values),
    ),
)

"""Metrics of the integrity checks, which find implausible data; see docs/integrity-checks.md."""

from typing import Final

from streams.contract.metrics.metric import CHECK, PLATFORM, board_gauge

INTEGRITY: Final = (
    board_gauge(
        "integrity_check_ratio",
        "Result of an integrity check on 28 filing days, divided by its threshold. Above 1 a pattern is present that "
        "makes figures look better than the work. Absent with too few reports.",
        PLATFORM,
        CHECK,
        max_series=len(CHECK.values),
    ),
    board_gauge(
        "integrity_check_failed",
        "1 if the ratio of an integrity check is above 1, else 0; absent with too few reports. A reason for questions, "
        "not a proof.",
        PLATFORM,
        CHECK,
        max_series=len(CHECK.values),
    ),
)

"""As corrected: gauges of what holds now, given all events so far."""

from typing import Final

from streams.contract.metrics.metric import (
    ANY_CLOCK,
    BUDGETED_CLOCKS,
    LIMITED_CLOCK,
    PAUSING_CLOCK,
    PLATFORM,
    STATE,
    Metric,
    board_gauge,
)


def _limited_clock_gauge(name: str, text: str) -> Metric:
    """Return a gauge by platform and clock with a limit that starts at zero."""
    absent = "; absent while the platform says on some partitions only up to when it is complete."
    return board_gauge(
        name, f"{text}{absent}", PLATFORM, LIMITED_CLOCK, max_series=BUDGETED_CLOCKS, starts_at_zero=True
    )


GAUGES: Final = (
    board_gauge(
        "reports",
        "Reports by the state that holds now; the states are exclusive and sum to the reports filed.",
        PLATFORM,
        STATE,
        max_series=len(STATE.values),
        starts_at_zero=True,
    ),
    board_gauge(
        "open_reports",
        "Reports filed in any of the open states (open, acknowledged, interim, merged, paused, reopened).",
        PLATFORM,
        starts_at_zero=True,
    ),
    board_gauge(
        "oldest_open_report_timestamp_seconds",
        "When the oldest open report was filed; absent while none is open.",
        PLATFORM,
    ),
    _limited_clock_gauge("overdue_reports", "Reports whose clock is running and past its limit"),
    _limited_clock_gauge(
        "due_soon_reports",
        "Reports whose clock is running and will pass its limit within a quarter of that limit",
    ),
    _limited_clock_gauge(
        "urgent_overdue_reports",
        "Reports of severity critical, or unspecified, whose clock is running and past its limit by more than one "
        "cadence of the platform: its silence does not explain them",
    ),
    board_gauge(
        "oldest_running_clock_timestamp_seconds",
        "Since when the clock that has run longest is running, pauses taken off; absent while it runs on no report.",
        PLATFORM,
        ANY_CLOCK,
        max_series=BUDGETED_CLOCKS,
    ),
    board_gauge(
        "paused_reports",
        "Reports on which a clock is paused now.",
        PLATFORM,
        PAUSING_CLOCK,
        max_series=BUDGETED_CLOCKS,
        starts_at_zero=True,
    ),
    board_gauge(
        "orphans_waiting",
        "Reports whose actions wait for their filing; they are in no other figure.",
        PLATFORM,
        starts_at_zero=True,
    ),
    board_gauge(
        "capacity_used_ratio",
        "Remembered reports of the platform on its fullest partition, over how many it may have there: at 1, further "
        "reports are refused as `over_capacity`.",
        PLATFORM,
        starts_at_zero=True,
    ),
    board_gauge(
        "complete_through_timestamp_seconds",
        "Up to when the platform says that it has published everything, the smallest over all partitions; absent "
        "until it has said so.",
        PLATFORM,
    ),
    board_gauge(
        "last_event_timestamp_seconds",
        "Log time of the last event of the platform, heartbeats included; absent before the first.",
        PLATFORM,
    ),
)

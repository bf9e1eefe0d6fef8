"""As corrected: gauges of what holds now, given all events so far."""

from typing import Final

from streams.contract.metrics.metric import (
    ANY_CLOCK,
    CLOCKS_RECKONED,
    LIMITED_CLOCK,
    PAUSING_CLOCK,
    PLATFORM,
    STATE,
    Metric,
    gauge,
)


def _of_clocks(name: str, text: str) -> Metric:
    """Return a gauge by platform and clock with a limit that starts at zero."""
    absent = "; absent while the platform says on some partitions only up to when it is complete."
    return gauge(name, f"{text}{absent}", PLATFORM, LIMITED_CLOCK, budget=CLOCKS_RECKONED, zeros=True)


AS_CORRECTED: Final = (
    gauge(
        "reports",
        "Reports by the state that holds now; the states are exclusive and sum to the reports filed.",
        PLATFORM,
        STATE,
        budget=len(STATE.values),
        zeros=True,
    ),
    gauge(
        "open_reports",
        "Reports filed in any of the open states (open, acknowledged, interim, merged, paused, reopened).",
        PLATFORM,
        zeros=True,
    ),
    gauge(
        "oldest_open_report_timestamp_seconds",
        "When the oldest open report was filed; absent while none is open.",
        PLATFORM,
    ),
    _of_clocks("overdue_reports", "Reports whose clock is running and past its limit"),
    _of_clocks(
        "due_soon_reports",
        "Reports whose clock is running and will pass its limit within a quarter of that limit",
    ),
    _of_clocks(
        "urgent_overdue_reports",
        "Reports of severity critical, or unspecified, whose clock is running and past its limit by more than one "
        "cadence of the platform: its silence does not explain them",
    ),
    gauge(
        "oldest_running_clock_timestamp_seconds",
        "Since when the clock that has run longest is running, pauses taken off; absent while it runs on no report.",
        PLATFORM,
        ANY_CLOCK,
        budget=CLOCKS_RECKONED,
    ),
    gauge(
        "paused_reports",
        "Reports on which a clock is paused now.",
        PLATFORM,
        PAUSING_CLOCK,
        budget=CLOCKS_RECKONED,
        zeros=True,
    ),
    gauge(
        "orphans_waiting",
        "Reports whose actions wait for their filing; they are in no other figure.",
        PLATFORM,
        zeros=True,
    ),
    gauge(
        "capacity_used_ratio",
        "Remembered reports of the platform on its fullest partition, over how many it may have there: at 1, further "
        "reports are refused as `over_capacity`.",
        PLATFORM,
        zeros=True,
    ),
    gauge(
        "complete_through_timestamp_seconds",
        "Up to when the platform says that it has published everything, the smallest over all partitions; absent "
        "until it has said so.",
        PLATFORM,
    ),
    gauge(
        "last_told_timestamp_seconds",
        "Log time of the last event of the platform, heartbeats included; absent before the first.",
        PLATFORM,
    ),
)

"""Gauges of the current state, corrected by all events so far."""

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
    absent = "; absent while the platform has a declared watermark on some partitions only."
    return board_gauge(
        name, f"{text}{absent}", PLATFORM, LIMITED_CLOCK, max_series=BUDGETED_CLOCKS, starts_at_zero=True
    )


GAUGES: Final = (
    board_gauge(
        "reports",
        "Reports by their current state. Each report has one state, so the states sum to the reports filed.",
        PLATFORM,
        STATE,
        max_series=len(STATE.values),
        starts_at_zero=True,
    ),
    board_gauge(
        "open_reports",
        "Reports in any of the open states (open, acknowledged, interim, merged, paused, reopened).",
        PLATFORM,
        starts_at_zero=True,
    ),
    board_gauge(
        "oldest_open_report_timestamp_seconds",
        "When the oldest open report was filed; absent while no report is open.",
        PLATFORM,
    ),
    _limited_clock_gauge("overdue_reports", "Reports whose clock is running and beyond its limit"),
    _limited_clock_gauge(
        "due_soon_reports",
        "Reports whose clock is running and passes its limit within the next quarter of that limit",
    ),
    _limited_clock_gauge(
        "urgent_overdue_reports",
        "Reports of severity critical or unspecified whose clock is running and beyond its limit by more than one "
        "cadence of the platform, so that a late heartbeat does not explain them",
    ),
    board_gauge(
        "oldest_running_clock_timestamp_seconds",
        "Start, without paused time, of the clock that has been running longest; absent while the clock runs on no "
        "report.",
        PLATFORM,
        ANY_CLOCK,
        max_series=BUDGETED_CLOCKS,
    ),
    board_gauge(
        "paused_reports",
        "Reports on which the clock is paused.",
        PLATFORM,
        PAUSING_CLOCK,
        max_series=BUDGETED_CLOCKS,
        starts_at_zero=True,
    ),
    board_gauge(
        "orphans_waiting",
        "Orphans: reports whose actions wait for their filing; no other figure includes them.",
        PLATFORM,
        starts_at_zero=True,
    ),
    board_gauge(
        "capacity_used_ratio",
        "Retained reports of the platform on its fullest partition, divided by its capacity. At 1, further reports are "
        "refused as `over_capacity`.",
        PLATFORM,
        starts_at_zero=True,
    ),
    board_gauge(
        "complete_through_timestamp_seconds",
        "Declared watermark: the instant up to which the platform says that it has published everything, the minimum "
        "over all partitions; absent before the first heartbeat.",
        PLATFORM,
    ),
    board_gauge(
        "last_event_timestamp_seconds",
        "Log time of the last event of the platform, heartbeats included; absent before the first event.",
        PLATFORM,
    ),
)

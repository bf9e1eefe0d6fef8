"""Monotonic counters of what happened, which are restored and never recomputed; corrections have their own counters."""

from typing import Final

from streams.contract.metrics.metric import (
    BUDGETED_CLOCKS,
    CLOCK,
    HISTOGRAM_EDGES,
    LIMITED_CLOCK,
    OUTCOME,
    PAUSING_CLOCK,
    PLATFORM,
    REASON,
    TIMING,
    Label,
    Metric,
    MetricKind,
    Process,
    platform_counter,
)
from streams.domain.vocabulary import Outcome, RefusalReason


def _duration_histogram(name: str, text: str) -> Metric:
    """Return a histogram of clock durations by platform and clock: 20 edges, infinity, sum and count, three clocks."""
    labels = (PLATFORM, CLOCK)
    return Metric(
        f"safeclock_{name}_seconds",
        MetricKind.HISTOGRAM,
        text,
        Process.BOARD,
        labels,
        HISTOGRAM_EDGES,
        69,
        starts_at_zero=True,
    )


COUNTERS: Final = (
    platform_counter("reports_filed", "Reports counted when their filing was first accepted; test reports excluded."),
    platform_counter(
        "reports_unfiled", "Filings counted in safeclock_reports_filed_total that are not effective any more."
    ),
    _duration_histogram(
        "clock_stopped",
        "Closed reports only: duration of a clock when it was first counted as stopped. Open clocks are not included; "
        "never recomputed.",
    ),
    _duration_histogram(
        "clock_corrected",
        "Closed reports only: durations counted in safeclock_clock_stopped_seconds that a later event corrected. "
        "Counted minus corrected is the current value.",
    ),
    platform_counter(
        "deadline_reached",
        "Reports whose deadline outcome was decided: the clock stopped, its limit passed, or a competing ending came "
        "first. Late: the deadline had passed when the filing was logged.",
        LIMITED_CLOCK,
        TIMING,
        max_series=2 * BUDGETED_CLOCKS,
    ),
    platform_counter(
        "deadline_missed",
        "Reports whose limit passed before the clock stopped, open reports included. Late: the deadline had passed "
        "when the filing was logged.",
        LIMITED_CLOCK,
        TIMING,
        max_series=2 * BUDGETED_CLOCKS,
    ),
    platform_counter(
        "deadline_corrected",
        "Deadline outcomes counted as reached or as missed that a later event corrected. Counted minus corrected is "
        "the current value.",
        LIMITED_CLOCK,
        TIMING,
        Label("counted", ("reached", "missed")),
        max_series=4 * BUDGETED_CLOCKS,
    ),
    platform_counter(
        "clock_paused_seconds",
        "Paused time of clocks when they were first counted as ended; paused time does not count towards a limit.",
        PAUSING_CLOCK,
        max_series=BUDGETED_CLOCKS,
    ),
    platform_counter(
        "clock_paused_corrected_seconds",
        "Time counted in safeclock_clock_paused_seconds_total that a later event corrected. Counted minus corrected is "
        "the current value.",
        PAUSING_CLOCK,
        max_series=BUDGETED_CLOCKS,
    ),
    platform_counter(
        "events_refused",
        "Events refused, by reason; the platform is `unknown` if an event names no registered platform.",
        REASON,
        max_series=len(RefusalReason),
    ),
    platform_counter("events_duplicate", "Events that arrived again with the same id and content and changed nothing."),
    platform_counter(
        "events_folded", "Acknowledgements beyond the 1,152 events that are kept of a report; they change nothing."
    ),
    platform_counter("events_conflicting", "Events that reused an id or a report token with different content."),
    platform_counter(
        "events_skewed", "Actions up to two minutes before their filing, counted at the filing's instant."
    ),
    platform_counter("events_retracted", "Events that their platform retracted."),
    platform_counter("reports_amended", "Amendments of a report's labels; cohorts keep the labels as filed."),
    platform_counter("history_reports", "Filings of audited history; all their deadline outcomes are late."),
    platform_counter("reports_test", "Reports filed as a test; no other figure includes them."),
    platform_counter("reports_evicted", "Reports whose row was removed after its retention; cohorts keep them."),
    platform_counter("reports_unanswered", "Reports that stayed open for 400 days after their filing."),
    platform_counter(
        "actions",
        "Actions accepted, by outcome, including reopened, reversed and the steps of appeals.",
        OUTCOME,
        max_series=len(Outcome),
    ),
    platform_counter(
        "heartbeats", "Heartbeats accepted; a heartbeat on every partition of both topics counts once for each."
    ),
    platform_counter(
        "heartbeat_gaps",
        "Missing numbers in a platform's sequence of heartbeats, counted for every partition of both topics where they "
        "are missing.",
    ),
)

"""As it happened: monotonic counters, restored and never recomputed; corrections are counted beside them."""

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
from streams.domain.vocabulary import Outcome, Reason


def _duration_histogram(name: str, text: str) -> Metric:
    """Return a histogram of clock readings by platform and clock: 20 edges, infinity, sum and count, three clocks."""
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
    platform_counter("reports_unfiled", "Filings counted in safeclock_reports_filed_total that ceased to stand."),
    _duration_histogram(
        "clock_stopped",
        "Closed reports only: reading of a clock when it was first counted as stopped. Reports still waiting are "
        "not in it; never recomputed.",
    ),
    _duration_histogram(
        "clock_corrected",
        "Closed reports only: readings counted in safeclock_clock_stopped_seconds that a later event took back. "
        "Counted minus corrected is what holds now.",
    ),
    platform_counter(
        "deadline_reached",
        "Reports whose verdict came in: the clock stopped, its limit passed, or another ending came first. Late: the "
        "limit was past when the filing arrived.",
        LIMITED_CLOCK,
        TIMING,
        max_series=2 * BUDGETED_CLOCKS,
    ),
    platform_counter(
        "deadline_missed",
        "Reports whose limit passed before the clock stopped, those still open included. Late: the limit was past "
        "when the filing arrived.",
        LIMITED_CLOCK,
        TIMING,
        max_series=2 * BUDGETED_CLOCKS,
    ),
    platform_counter(
        "deadline_corrected",
        "Verdicts counted as reached or as missed that a later event took back. Counted minus corrected is what "
        "holds now.",
        LIMITED_CLOCK,
        TIMING,
        Label("counted", ("reached", "missed")),
        max_series=4 * BUDGETED_CLOCKS,
    ),
    platform_counter(
        "clock_paused_seconds",
        "For how long clocks had been paused when they were first counted as ended: time that counts against no limit.",
        PAUSING_CLOCK,
        max_series=BUDGETED_CLOCKS,
    ),
    platform_counter(
        "clock_paused_corrected_seconds",
        "Time counted in safeclock_clock_paused_seconds_total that a later event took back. Counted minus corrected is "
        "what holds now.",
        PAUSING_CLOCK,
        max_series=BUDGETED_CLOCKS,
    ),
    platform_counter(
        "events_refused",
        "Events refused, by reason; under platform unknown those that name no registered platform.",
        REASON,
        max_series=len(Reason),
    ),
    platform_counter("events_duplicate", "Events that came again with equal content and changed nothing."),
    platform_counter(
        "events_folded", "Acknowledgements beyond the 1,152 events that are kept of a report; they change nothing."
    ),
    platform_counter("events_conflicting", "Events that reused an id or a report token with other content."),
    platform_counter("events_skewed", "Actions up to two minutes before their filing, measured as zero."),
    platform_counter("events_retracted", "Events that their platform took back."),
    platform_counter("reports_amended", "Amendments of a report's labels; cohorts keep the labels as filed."),
    platform_counter("history_reports", "Filings taken as audited history; their verdicts are all late."),
    platform_counter("reports_test", "Reports filed as a test; they are in no other figure."),
    platform_counter("reports_evicted", "Reports whose row was removed after its retention; cohorts keep them."),
    platform_counter("reports_unanswered", "Reports that were still open 400 days after their filing."),
    platform_counter(
        "actions",
        "Actions accepted, by outcome: among them reopened, reversed and the steps of appeals.",
        OUTCOME,
        max_series=len(Outcome),
    ),
    platform_counter(
        "heartbeats", "Heartbeats accepted; one that went to every partition of both topics counts for each."
    ),
    platform_counter(
        "heartbeat_gaps",
        "Numbers missing in a platform's sequence of heartbeats, counted for every partition of both topics where they "
        "are missing.",
    ),
)

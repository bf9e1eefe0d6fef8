"""As it happened: monotonic counters, restored and never recomputed; corrections are counted beside them."""

from typing import Final

from streams.contract.metrics.metric import (
    CLOCK,
    CLOCKS_RECKONED,
    EDGES,
    LIMITED_CLOCK,
    OUTCOME,
    PAUSING_CLOCK,
    PLATFORM,
    REASON,
    TIMING,
    Kind,
    Label,
    Metric,
    Process,
    count,
)
from streams.domain.vocabulary import Outcome, Reason


def _readings(name: str, text: str) -> Metric:
    """Return a histogram of clock readings by platform and clock: 20 edges, infinity, sum and count, three clocks."""
    labels = (PLATFORM, CLOCK)
    return Metric(f"safeclock_{name}_seconds", Kind.HISTOGRAM, text, Process.BOARD, labels, EDGES, 69, zeros=True)


AS_IT_HAPPENED: Final = (
    count("reports_filed", "Reports counted when their filing was first accepted; test reports excluded."),
    count("reports_unfiled", "Filings counted in safeclock_reports_filed_total that ceased to stand."),
    _readings(
        "clock_stopped",
        "Closed reports only: reading of a clock when it was first counted as stopped. Reports still waiting are "
        "not in it; never recomputed.",
    ),
    _readings(
        "clock_corrected",
        "Closed reports only: readings counted in safeclock_clock_stopped_seconds that a later event took back. "
        "Counted minus corrected is what holds now.",
    ),
    count(
        "deadline_reached",
        "Reports whose verdict came in: the clock stopped, its limit passed, or another ending came first. Late: the "
        "limit was past when the filing arrived.",
        LIMITED_CLOCK,
        TIMING,
        budget=2 * CLOCKS_RECKONED,
    ),
    count(
        "deadline_missed",
        "Reports whose limit passed before the clock stopped, those still open included. Late: the limit was past "
        "when the filing arrived.",
        LIMITED_CLOCK,
        TIMING,
        budget=2 * CLOCKS_RECKONED,
    ),
    count(
        "deadline_corrected",
        "Verdicts counted as reached or as missed that a later event took back. Counted minus corrected is what "
        "holds now.",
        LIMITED_CLOCK,
        TIMING,
        Label("counted", ("reached", "missed")),
        budget=4 * CLOCKS_RECKONED,
    ),
    count(
        "clock_paused_seconds",
        "For how long clocks had been paused when they were first counted as ended: time that counts against no limit.",
        PAUSING_CLOCK,
        budget=CLOCKS_RECKONED,
    ),
    count(
        "clock_paused_corrected_seconds",
        "Time counted in safeclock_clock_paused_seconds_total that a later event took back. Counted minus corrected is "
        "what holds now.",
        PAUSING_CLOCK,
        budget=CLOCKS_RECKONED,
    ),
    count(
        "events_refused",
        "Events refused, by reason; under platform unknown those that name no registered platform.",
        REASON,
        budget=len(Reason),
    ),
    count("events_duplicate", "Events that came again with equal content and changed nothing."),
    count("events_folded", "Acknowledgements beyond the 1,152 events that are kept of a report; they change nothing."),
    count("events_conflicting", "Events that reused an id or a report token with other content."),
    count("events_skewed", "Actions up to two minutes before their filing, measured as zero."),
    count("events_retracted", "Events that their platform took back."),
    count("reports_amended", "Amendments of a report's labels; cohorts keep the labels as filed."),
    count("history_reports", "Filings taken as audited history; their verdicts are all late."),
    count("reports_test", "Reports filed as a test; they are in no other figure."),
    count("reports_forgotten", "Reports whose row was dropped long after their last event; cohorts keep them."),
    count("reports_sealed", "Reports sealed as unanswered, 400 days after their filing."),
    count(
        "actions",
        "Actions accepted, by outcome: among them reopened, reversed and the steps of appeals.",
        OUTCOME,
        budget=len(Outcome),
    ),
    count("heartbeats", "Heartbeats accepted; one that went to every partition of both topics counts for each."),
    count(
        "heartbeat_gaps",
        "Numbers missing in a platform's sequence of heartbeats, counted for every partition of both topics where they "
        "are missing.",
    ),
)

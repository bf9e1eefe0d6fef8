"""The metric catalogue: every metric that a Safeclock process exports, declared once, as data.

Board, worker, rules, dashboards and documentation read names, help and label sets from here and spell none
themselves. A metric whose label set is known starts at zero (`zeros`), because `increase` does not see a series that
is born at one. Product metrics (exported by the board) carry neither partition nor worker. A board exports none of
them before it has read every partition of `measures` to its end: a partial sum would read as a counter reset.
"""

from typing import Final

from streams.contract.metric import (
    ANY_CLOCK,
    BOUND,
    CLOCK,
    COHORT,
    COHORTS,
    EDGES,
    LIMITED_CLOCK,
    LIMITS,
    OUTCOME,
    PARTITION,
    PAUSING_CLOCK,
    PERIOD,
    PERIODS,
    PLATFORM,
    REASON,
    STATE,
    STATISTIC,
    TIMING,
    TRIPWIRE,
    Kind,
    Label,
    Metric,
    Process,
    Source,
)
from streams.domain.vocabulary import Outcome, Reason

CLOCKS_RECKONED: Final = 18
"""With how many clocks budgets reckon: the three standard ones and a pack of fifteen. More cost more."""


def _count(name: str, text: str, *labels: Label, budget: int = 1) -> Metric:
    """Return a product counter by platform, "as it happened", that starts at zero."""
    return Metric(
        f"safeclock_{name}_total", Kind.COUNTER, text, Process.BOARD, (PLATFORM, *labels), budget=budget, zeros=True
    )


def _gauge(name: str, text: str, *labels: Label, budget: int = 1, zeros: bool = False) -> Metric:
    """Return a product gauge, "as corrected"."""
    return Metric(f"safeclock_{name}", Kind.GAUGE, text, Process.BOARD, labels, budget=budget, zeros=zeros)


def _of_clocks(name: str, text: str) -> Metric:
    """Return a gauge by platform and clock with a limit that starts at zero."""
    return _gauge(name, text, PLATFORM, LIMITED_CLOCK, budget=CLOCKS_RECKONED, zeros=True)


def _objective(name: str, text: str, *labels: Label, zeros: bool = False) -> Metric:
    """Return a gauge of how a rule is kept, by platform, clock and whatever else."""
    each = len(PERIODS) if PERIOD in labels else 1
    budget = each * CLOCKS_RECKONED
    return _gauge(f"objective_{name}", text, PLATFORM, LIMITED_CLOCK, *labels, budget=budget, zeros=zeros)


def _readings(name: str, text: str) -> Metric:
    """Return a histogram of clock readings by platform and clock: 20 edges, infinity, sum and count, three clocks."""
    labels = (PLATFORM, CLOCK)
    return Metric(f"safeclock_{name}_seconds", Kind.HISTOGRAM, text, Process.BOARD, labels, EDGES, 69, zeros=True)


AS_IT_HAPPENED: Final = (
    _count("reports_filed", "Reports counted when their filing was first accepted; test reports excluded."),
    _count("reports_unfiled", "Filings counted in safeclock_reports_filed_total that ceased to stand."),
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
    _count(
        "deadline_reached",
        "Reports whose verdict came in: the clock stopped, its limit passed, or another ending came first. Late: the "
        "limit was past when the filing arrived.",
        LIMITED_CLOCK,
        TIMING,
        budget=2 * CLOCKS_RECKONED,
    ),
    _count(
        "deadline_missed",
        "Reports whose limit passed before the clock stopped, those still open included. Late: the limit was past "
        "when the filing arrived.",
        LIMITED_CLOCK,
        TIMING,
        budget=2 * CLOCKS_RECKONED,
    ),
    _count(
        "deadline_corrected",
        "Verdicts counted as reached or as missed that a later event took back. Counted minus corrected is what "
        "holds now.",
        LIMITED_CLOCK,
        TIMING,
        Label("counted", ("reached", "missed")),
        budget=4 * CLOCKS_RECKONED,
    ),
    _count(
        "clock_paused_seconds",
        "For how long clocks had been paused when they were first counted as ended: time that counts against no limit.",
        PAUSING_CLOCK,
        budget=CLOCKS_RECKONED,
    ),
    _count(
        "clock_paused_corrected_seconds",
        "Time counted in safeclock_clock_paused_seconds_total that a later event took back. Counted minus corrected is "
        "what holds now.",
        PAUSING_CLOCK,
        budget=CLOCKS_RECKONED,
    ),
    _count(
        "events_refused",
        "Events refused, by reason; under platform unknown those that name no registered platform.",
        REASON,
        budget=len(Reason),
    ),
    _count("events_duplicate", "Events that came again with equal content and changed nothing."),
    _count("events_conflicting", "Events that reused an id or a report token with other content."),
    _count("events_skewed", "Actions up to two minutes before their filing, measured as zero."),
    _count("events_retracted", "Events that their platform took back."),
    _count("reports_amended", "Amendments of a report's labels; cohorts keep the labels as filed."),
    _count("reports_test", "Reports filed as a test; they are in no other figure."),
    _count("reports_forgotten", "Reports whose row was dropped long after their last event; cohorts keep them."),
    _count("reports_sealed", "Reports sealed as unanswered, 400 days after their filing."),
    _count(
        "actions",
        "Actions accepted, by outcome: among them reopened, reversed and the steps of appeals.",
        OUTCOME,
        budget=len(Outcome),
    ),
    _count("heartbeats", "Heartbeats accepted."),
    _count("heartbeat_gaps", "Numbers missing in a platform's sequence of heartbeats."),
)
"""Monotonic counters, restored and never recomputed; corrections are counted beside them."""

AS_CORRECTED: Final = (
    _gauge(
        "reports",
        "Reports by the state that holds now; the states are exclusive and sum to the reports filed.",
        PLATFORM,
        STATE,
        budget=len(STATE.values),
        zeros=True,
    ),
    _gauge(
        "open_reports",
        "Reports filed in any of the open states (open, acknowledged, interim, merged, paused, reopened).",
        PLATFORM,
        zeros=True,
    ),
    _gauge(
        "oldest_open_report_timestamp_seconds",
        "When the oldest open report was filed; absent while none is open.",
        PLATFORM,
    ),
    _of_clocks("overdue_reports", "Reports whose clock is running and past its limit."),
    _of_clocks(
        "due_soon_reports",
        "Reports whose clock is running and will pass its limit within a quarter of that limit.",
    ),
    _of_clocks(
        "urgent_overdue_reports",
        "Reports of severity critical, or unspecified, whose clock is running and past its limit by more than one "
        "cadence of the platform: its silence does not explain them.",
    ),
    _gauge(
        "oldest_running_clock_timestamp_seconds",
        "Since when the clock that has run longest is running, pauses taken off; absent while it runs on no report.",
        PLATFORM,
        ANY_CLOCK,
        budget=CLOCKS_RECKONED,
    ),
    _gauge(
        "paused_reports",
        "Reports on which a clock is paused now.",
        PLATFORM,
        PAUSING_CLOCK,
        budget=CLOCKS_RECKONED,
        zeros=True,
    ),
    _gauge(
        "orphans_waiting",
        "Reports whose actions wait for their filing; they are in no other figure.",
        PLATFORM,
        zeros=True,
    ),
    _gauge(
        "complete_through_timestamp_seconds",
        "Up to when the platform says that it has published everything, the smallest over all partitions; absent "
        "until it has said so.",
        PLATFORM,
    ),
    _gauge(
        "last_told_timestamp_seconds",
        "Log time of the last event of the platform, heartbeats included; absent before the first.",
        PLATFORM,
    ),
)
"""Gauges of what holds now, given all events so far."""

COHORT_FIGURES: Final = (
    _gauge(
        "cohort_start_timestamp_seconds",
        "First instant of a filing cohort, UTC: week-00 is the current ISO week, recent all fourteen together.",
        COHORT,
        budget=len(COHORTS),
    ),
    _gauge(
        "cohort_filed_reports",
        "Reports filed in a cohort, whatever became of them.",
        PLATFORM,
        COHORT,
        budget=15,
        zeros=True,
    ),
    _gauge(
        "cohort_open_reports",
        "Reports of a cohort that have had no ending so far.",
        PLATFORM,
        COHORT,
        budget=15,
        zeros=True,
    ),
    _gauge(
        "cohort_measurable",
        "1 when the cohort's shares and quantiles can be given, 0 when more than 5 % of its filings were told only "
        "at closing or nothing was filed.",
        PLATFORM,
        COHORT,
        CLOCK,
        budget=45,
        zeros=True,
    ),
    _gauge(
        "cohort_within_ratio",
        "Share of a cohort's reports whose clock stopped within a limit, open reports included, with its 95 % "
        "interval; absent where it cannot be given (yet).",
        PLATFORM,
        COHORT,
        CLOCK,
        Label("limit", tuple(LIMITS)),
        BOUND,
        budget=540,
    ),
    _gauge(
        "cohort_quantile_seconds",
        "Time by which half (median) or nine tenths (p90) of a cohort's reports had their clock stopped, open "
        "reports included, with its 95 % interval; absent where not reached or not measurable.",
        PLATFORM,
        COHORT,
        CLOCK,
        STATISTIC,
        BOUND,
        budget=270,
    ),
    _gauge(
        "cohort_quantile_reached",
        "1 when a cohort's quantile exists, 0 when too many reports are still open or ended otherwise.",
        PLATFORM,
        COHORT,
        CLOCK,
        STATISTIC,
        budget=90,
        zeros=True,
    ),
    _gauge(
        "cohort_closed_only_median_seconds",
        "Closed reports only: median of a cohort's stopped clocks, as transparency reports print it. Not comparable "
        "between platforms; absent while none has stopped.",
        PLATFORM,
        COHORT,
        CLOCK,
        budget=45,
    ),
)
"""Figures by filing cohort. The age of a cohort is the label, not its date: dates would add series for ever."""

OBJECTIVES: Final = (
    _objective(
        "reports",
        "Filings of the period on which the clock runs or ran, by day of filing.",
        PERIOD,
        zeros=True,
    ),
    _objective(
        "ratio",
        "Where a share or each report is judged: the share of the period's reports that do not miss, open reports "
        "included; absent where it cannot be given (yet).",
        PERIOD,
    ),
    _objective(
        "seconds",
        "Where a mean or a quantile is judged: its value over the period's reports, open ones included; absent where "
        "not reached or not measurable.",
        PERIOD,
    ),
    _objective(
        "lower_bound",
        "Where a mean is judged: 1 when safeclock_objective_seconds is only a lower bound, since reports are open.",
        PERIOD,
    ),
    _objective(
        "met",
        "1 when the period's filings so far keep the rule whatever becomes of open ones, 0 when they do not; absent "
        "where it cannot be told yet. No finding about a law.",
        PERIOD,
    ),
    _objective(
        "budget_reports",
        "Misses left among the current period's filings so far, negative when there were too many; absent where a mean "
        "is judged.",
    ),
)
"""How the filings of a rule's period keep to what it asks; a clock that has no limit has none."""

INTEGRITY: Final = (
    _gauge(
        "tripwire_ratio",
        "What a tripwire measures on 28 filing days, as a ratio to its threshold: above 1 a pattern is there that "
        "makes figures better than deeds. Absent on too few reports.",
        PLATFORM,
        TRIPWIRE,
        budget=len(TRIPWIRE.values),
    ),
    _gauge(
        "tripwire_tripped",
        "1 when a tripwire's ratio is above 1, else 0; absent on too few reports. A reason to ask, no proof.",
        PLATFORM,
        TRIPWIRE,
        budget=len(TRIPWIRE.values),
    ),
)
"""Tripwires: see docs/tripwires.md."""

FRESHNESS: Final = (
    _gauge(
        "as_of_timestamp_seconds",
        "Log time up to which every partition has been measured, the smallest over all partitions: what every "
        "product metric is true as of.",
    ),
    _gauge(
        "figures_timestamp_seconds",
        "The as-of time of the inputs from which the cohort figures and gauges now shown were computed.",
    ),
    _gauge(
        "input_timestamp_seconds", "Wall clock when the board last knew that it had read every partition to its end."
    ),
    _gauge("partitions_expected", "Partitions of the measured topics."),
    _gauge(
        "partition_ready",
        "1 when the board has read this partition of the measures to its end and a worker has reported for it.",
        PARTITION,
        zeros=True,
    ),
    Metric(
        "safeclock_partition_records_lost_total",
        Kind.COUNTER,
        "Records that left the log before they were read, as every owner of the partition has counted them; every one "
        "is a gap in the figures.",
        Process.BOARD,
        (PARTITION,),
        zeros=True,
    ),
    _gauge("cadence_seconds", "How often the platform is registered to say that it is complete.", PLATFORM),
    Metric(
        "safeclock_platform_info",
        Kind.INFO,
        "A registered platform.",
        Process.BOARD,
        (PLATFORM, Label("provider", Source.REGISTRY), Label("jurisdictions", Source.REGISTRY)),
    ),
    Metric(
        "safeclock_pack_info",
        Kind.INFO,
        "The rule pack that defines the clocks, by name and digest; its legal readings are unreviewed.",
        Process.BOARD,
        (Label("pack", Source.RELEASE), Label("digest", Source.RELEASE)),
    ),
    Metric(
        "safeclock_clock_info",
        Kind.INFO,
        "A clock of the rule packs: what its rule asks within which limit in seconds (empty: none), whether anybody "
        "answers for the reading of a law.",
        Process.BOARD,
        (
            ANY_CLOCK,
            *[Label(name, Source.RELEASE) for name in ("version", "statistic", "limit", "reviewed", "pack")],
        ),
        budget=CLOCKS_RECKONED,
    ),
    Metric(
        "safeclock_registry_info",
        Kind.INFO,
        "The registry that the board goes by, by its hash.",
        Process.BOARD,
        (Label("hash", Source.RELEASE),),
    ),
    Metric(
        "safeclock_build_info", Kind.INFO, "The running version.", Process.BOARD, (Label("version", Source.RELEASE),)
    ),
)
"""What the figures rest on, and how old it is."""


def _pipe(name: str, kind: Kind, text: str, *labels: Label, zeros: bool = True) -> Metric:
    """Return a metric of the worker's own health; a worker may hold up to 64 partitions."""
    return Metric(f"safeclock_{name}", kind, text, Process.WORKER, labels, budget=64, zeros=zeros)


PIPELINE: Final = (
    _pipe("worker_records_applied_total", Kind.COUNTER, "Records applied to a ledger and committed.", PARTITION),
    _pipe("worker_records_refused_total", Kind.COUNTER, "Records refused and committed as such, by reason.", REASON),
    _pipe("worker_lag_records", Kind.GAUGE, "Records between the position and the end of the log.", PARTITION),
    _pipe("worker_now_timestamp_seconds", Kind.GAUGE, "Log time that a partition has reached.", PARTITION, zeros=False),
    _pipe("worker_commits_total", Kind.COUNTER, "Transactions committed.", PARTITION),
    _pipe("worker_rebalances_total", Kind.COUNTER, "Assignments of partitions received."),
    _pipe("worker_restore_seconds", Kind.GAUGE, "How long the last restore took.", PARTITION, zeros=False),
    _pipe(
        "source_records_lost_total",
        Kind.COUNTER,
        "Records that left the log before they were read; every one is a gap in the figures.",
        PARTITION,
    ),
)
"""Pipeline health, per worker; figures of platforms are never read from here."""

METRICS: Final = (*AS_IT_HAPPENED, *AS_CORRECTED, *COHORT_FIGURES, *OBJECTIVES, *INTEGRITY, *FRESHNESS, *PIPELINE)
"""Every metric, in the order of the documentation."""

BUDGET: Final = 1_750
"""The most product series that one platform may cost, with `CLOCKS_RECKONED` clocks that all have a limit and pause."""


def named(name: str) -> Metric:
    """Return the metric called `name`; KeyError when the catalogue does not declare it."""
    for metric in METRICS:
        if metric.name == name:
            return metric
    raise KeyError(name)

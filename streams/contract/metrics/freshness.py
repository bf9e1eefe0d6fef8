"""What the figures rest on, and how old it is."""

from typing import Final

from streams.contract.metrics.metric import (
    ANY_CLOCK,
    BUDGETED_CLOCKS,
    PARTITION,
    PLATFORM,
    Label,
    LabelSource,
    Metric,
    MetricKind,
    Process,
    board_gauge,
)

FRESHNESS: Final = (
    board_gauge(
        "as_of_timestamp_seconds",
        "Log time up to which every partition has been measured, the smallest over all partitions: what every "
        "product metric is true as of.",
    ),
    board_gauge(
        "figures_timestamp_seconds",
        "The as-of time of the inputs from which the cohort figures and gauges now shown were computed.",
    ),
    board_gauge(
        "input_timestamp_seconds", "Wall clock when the board last knew that it had read every partition to its end."
    ),
    board_gauge("partitions_expected", "Partitions of the measured topics."),
    board_gauge(
        "partition_ready",
        "1 when the board has read this partition of the measures to its end and a worker has reported for it within "
        "a minute.",
        PARTITION,
        starts_at_zero=True,
    ),
    Metric(
        "safeclock_partition_records_lost_total",
        MetricKind.COUNTER,
        "Records that left the log before they were read, as every owner of the partition has counted them; every one "
        "is a gap in the figures.",
        Process.BOARD,
        (PARTITION,),
        starts_at_zero=True,
    ),
    board_gauge("cadence_seconds", "How often the platform is registered to say that it is complete.", PLATFORM),
    Metric(
        "safeclock_platform_info",
        MetricKind.INFO,
        "A registered platform.",
        Process.BOARD,
        (PLATFORM, Label("provider", LabelSource.REGISTRY), Label("jurisdictions", LabelSource.REGISTRY)),
    ),
    Metric(
        "safeclock_history_info",
        MetricKind.INFO,
        "A span of audited history that was opened for a platform: from and until when, on which days (UTC) and by whom "
        "it was opened, and when it closes (empty: not known yet).",
        Process.BOARD,
        (
            PLATFORM,
            *[Label(name, LabelSource.REGISTRY) for name in ("since", "until", "opened_on", "opened_by", "closes_on")],
        ),
    ),
    Metric(
        "safeclock_pack_info",
        MetricKind.INFO,
        "The rule pack that defines the clocks, by name and digest.",
        Process.BOARD,
        (Label("pack", LabelSource.RELEASE), Label("digest", LabelSource.RELEASE)),
    ),
    Metric(
        "safeclock_clock_info",
        MetricKind.INFO,
        "A clock of the rule packs: what its rule asks within which limit in seconds (empty: none), whether anybody "
        "answers for the reading of a law, whether it is judged by calendar month or quarter (no: over the last days).",
        Process.BOARD,
        (
            ANY_CLOCK,
            *[
                Label(name, LabelSource.RELEASE)
                for name in ("version", "statistic", "limit", "reviewed", "calendar", "pack")
            ],
        ),
        max_series=BUDGETED_CLOCKS,
    ),
    Metric(
        "safeclock_registry_info",
        MetricKind.INFO,
        "The registry that the board goes by, by its hash.",
        Process.BOARD,
        (Label("hash", LabelSource.RELEASE),),
    ),
    Metric(
        "safeclock_build_info",
        MetricKind.INFO,
        "The running version.",
        Process.BOARD,
        (Label("version", LabelSource.RELEASE),),
    ),
)

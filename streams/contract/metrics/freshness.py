"""Metrics of the inputs of figures: their age, the registry, the rule packs and the version."""

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
        "Log time up to which every partition has been measured, the minimum over all partitions. Every product metric "
        "describes this instant.",
    ),
    board_gauge(
        "figures_timestamp_seconds",
        "As-of time of the inputs from which the exported cohort figures and gauges were computed.",
    ),
    board_gauge("input_timestamp_seconds", "Wall clock when the board had last read every partition to its end."),
    board_gauge("partitions_expected", "Partitions of the measured topics."),
    board_gauge(
        "partition_ready",
        "1 if the board has read this partition of the measures to its end and a worker has reported for the partition "
        "within a minute.",
        PARTITION,
        starts_at_zero=True,
    ),
    Metric(
        "safeclock_partition_records_lost_total",
        MetricKind.COUNTER,
        "Records that left the log before they were read, as counted by all owners of the partition; each record is a "
        "gap in the figures.",
        Process.BOARD,
        (PARTITION,),
        starts_at_zero=True,
    ),
    board_gauge("cadence_seconds", "How often the platform promises a heartbeat, as registered.", PLATFORM),
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
        "A span of audited history of a platform: its begin and end (exclusive), the day (UTC) and office that opened "
        "it, and the day on which the span closes (empty: not known yet).",
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
        "A clock of the rule packs: the statistic and the limit in seconds of its rule (empty: none), whether a named "
        "reviewer confirmed it, and whether it applies to calendar months or quarters (no: to the last days).",
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
        "The hash of the registry that the board uses.",
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

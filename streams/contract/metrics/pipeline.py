"""Metrics of the health of each worker; no figure of a platform is computed from them."""

from typing import Final

from streams.contract.metrics.metric import PARTITION, PLATFORM, REASON, Label, Metric, MetricKind, Process


def _worker_metric(name: str, kind: MetricKind, text: str, *labels: Label, starts_at_zero: bool = True) -> Metric:
    """Return a metric of a worker's health; a worker may own up to 64 partitions."""
    return Metric(f"safeclock_{name}", kind, text, Process.WORKER, labels, max_series=64, starts_at_zero=starts_at_zero)


PIPELINE: Final = (
    _worker_metric(
        "worker_records_applied_total", MetricKind.COUNTER, "Records applied to a ledger and committed.", PARTITION
    ),
    _worker_metric(
        "worker_records_refused_total", MetricKind.COUNTER, "Records refused and committed as such, by reason.", REASON
    ),
    _worker_metric(
        "worker_lag_records",
        MetricKind.GAUGE,
        "Records between the worker's position and the end of the log.",
        PARTITION,
        starts_at_zero=False,
    ),
    _worker_metric(
        "worker_log_time_timestamp_seconds",
        MetricKind.GAUGE,
        "Log time that a partition has reached.",
        PARTITION,
        starts_at_zero=False,
    ),
    _worker_metric(
        "worker_uncommittable_platforms",
        MetricKind.GAUGE,
        "Platforms that a partition does not count, since their changes cannot be committed.",
        PARTITION,
    ),
    _worker_metric("worker_commits_total", MetricKind.COUNTER, "Transactions committed.", PARTITION),
    _worker_metric("worker_rebalances_total", MetricKind.COUNTER, "Assignments of partitions received."),
    _worker_metric(
        "worker_clock_ahead_seconds",
        MetricKind.GAUGE,
        "Lower bound of how far the worker's clock is ahead of the broker's clock; negative: behind it.",
        PARTITION,
        starts_at_zero=False,
    ),
    _worker_metric(
        "worker_restore_seconds", MetricKind.GAUGE, "Duration of the last restore.", PARTITION, starts_at_zero=False
    ),
    _worker_metric(
        "source_records_lost_total",
        MetricKind.COUNTER,
        "Records that left the log before they were read; each record is a gap in the figures.",
        PARTITION,
    ),
    _worker_metric(
        "worker_suspended_partitions",
        MetricKind.GAUGE,
        "Partitions on which a platform is suspended, because one of its topics is missing or has wrong settings.",
        PLATFORM,
    ),
    _worker_metric(
        "worker_feedback_failing",
        MetricKind.GAUGE,
        "1 if a platform gets no statuses and refusals, because its feedback topic cannot be written.",
        PLATFORM,
    ),
)

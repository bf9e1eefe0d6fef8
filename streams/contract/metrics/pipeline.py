"""Pipeline health, per worker; figures of platforms are never read from here."""

from typing import Final

from streams.contract.metrics.metric import PARTITION, PLATFORM, REASON, Label, Metric, MetricKind, Process


def _worker_metric(name: str, kind: MetricKind, text: str, *labels: Label, starts_at_zero: bool = True) -> Metric:
    """Return a metric of the worker's own health; a worker may hold up to 64 partitions."""
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
        "Records between the position and the end of the log.",
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
        "Platforms that a partition does not count, since what it holds of them cannot be committed.",
        PARTITION,
    ),
    _worker_metric("worker_commits_total", MetricKind.COUNTER, "Transactions committed.", PARTITION),
    _worker_metric("worker_rebalances_total", MetricKind.COUNTER, "Assignments of partitions received."),
    _worker_metric(
        "worker_clock_ahead_seconds",
        MetricKind.GAUGE,
        "By how much, at least, the worker's clock is ahead of the broker's; negative: behind it.",
        PARTITION,
        starts_at_zero=False,
    ),
    _worker_metric(
        "worker_restore_seconds", MetricKind.GAUGE, "How long the last restore took.", PARTITION, starts_at_zero=False
    ),
    _worker_metric(
        "source_records_lost_total",
        MetricKind.COUNTER,
        "Records that left the log before they were read; every one is a gap in the figures.",
        PARTITION,
    ),
    _worker_metric(
        "worker_suspended_partitions",
        MetricKind.GAUGE,
        "Partitions on which a platform is not read, because one of its topics is not as it must be.",
        PLATFORM,
    ),
    _worker_metric(
        "worker_feedback_failing",
        MetricKind.GAUGE,
        "1 where a platform is not told what became of its events, because its feedback topic cannot be written.",
        PLATFORM,
    ),
)

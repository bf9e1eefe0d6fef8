"""Pipeline health, per worker; figures of platforms are never read from here."""

from typing import Final

from streams.contract.metrics.metric import PARTITION, PLATFORM, REASON, Kind, Label, Metric, Process


def _pipe(name: str, kind: Kind, text: str, *labels: Label, zeros: bool = True) -> Metric:
    """Return a metric of the worker's own health; a worker may hold up to 64 partitions."""
    return Metric(f"safeclock_{name}", kind, text, Process.WORKER, labels, budget=64, zeros=zeros)


PIPELINE: Final = (
    _pipe("worker_records_applied_total", Kind.COUNTER, "Records applied to a ledger and committed.", PARTITION),
    _pipe("worker_records_refused_total", Kind.COUNTER, "Records refused and committed as such, by reason.", REASON),
    _pipe(
        "worker_lag_records", Kind.GAUGE, "Records between the position and the end of the log.", PARTITION, zeros=False
    ),
    _pipe("worker_now_timestamp_seconds", Kind.GAUGE, "Log time that a partition has reached.", PARTITION, zeros=False),
    _pipe(
        "worker_uncommittable_platforms",
        Kind.GAUGE,
        "Platforms that a partition does not count, since what it holds of them cannot be committed.",
        PARTITION,
    ),
    _pipe("worker_commits_total", Kind.COUNTER, "Transactions committed.", PARTITION),
    _pipe("worker_rebalances_total", Kind.COUNTER, "Assignments of partitions received."),
    _pipe(
        "worker_clock_ahead_seconds",
        Kind.GAUGE,
        "By how much, at least, the worker's clock is ahead of the broker's; negative: behind it.",
        PARTITION,
        zeros=False,
    ),
    _pipe("worker_restore_seconds", Kind.GAUGE, "How long the last restore took.", PARTITION, zeros=False),
    _pipe(
        "source_records_lost_total",
        Kind.COUNTER,
        "Records that left the log before they were read; every one is a gap in the figures.",
        PARTITION,
    ),
    _pipe(
        "worker_suspended_partitions",
        Kind.GAUGE,
        "Partitions on which a platform is not read, because one of its topics is not as it must be.",
        PLATFORM,
    ),
    _pipe(
        "worker_feedback_failing",
        Kind.GAUGE,
        "1 where a platform is not told what became of its events, because its feedback topic cannot be written.",
        PLATFORM,
    ),
)

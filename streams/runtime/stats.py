"""Numbers that a worker keeps about its own work; the health pages and the metrics page read them."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from streams.domain.vocabulary import RefusalReason


class PartitionState(StrEnum):
    """Whether a partition is being restored, is being served, or is closed."""

    RESTORING = "restoring"
    SERVING = "serving"
    CLOSED = "closed"


@dataclass(slots=True)
class PartitionStats:
    """Numbers of one owned partition; instants in epoch milliseconds: `log_time` by the logs, others by the wall clock.

    `last_progress`: when the partition last applied a record or was last at the ends of its logs. `lag`: by how many
    offsets the source topics are ahead, None until all log ends are known. `restored_rows`: how many rows were
    restored. `clock_ahead_ms`: by how many milliseconds, at least, this host's clock is ahead of the broker's, None
    before the first broker timestamp. `suspended_platforms`: the platforms whose topics are not read.
    `uncommittable_platforms`: how many platforms are suspended since their state could not be committed.
    """

    state: PartitionState = PartitionState.RESTORING
    log_time: int = 0
    last_progress: int = 0
    lag: int | None = None
    clock_ahead_ms: int | None = None
    restored_rows: int = 0
    restore_seconds: float | None = None
    commit_seconds: float = 0.0
    uncommittable_platforms: int = 0
    suspended_platforms: frozenset[str] = frozenset()


@dataclass(slots=True)
class WorkerStats:
    """Numbers of one worker since its start; `owned` has the present partitions, the counters all former ones too.

    `has_assignment` is true while `owned` is what the group assigned: not before the first assignment, during a
    rebalance, or after the worker was asked to stop. `platforms` are those of the registry,
    `platforms_without_feedback` those whose feedback topic fails.
    """

    platforms: tuple[str, ...] = ()

    applied: Counter[int] = field(default_factory=Counter)
    refused: Counter[RefusalReason] = field(default_factory=Counter)
    lost_records: Counter[int] = field(default_factory=Counter)
    commits: Counter[int] = field(default_factory=Counter)
    rebalances: int = 0
    has_assignment: bool = False
    platforms_without_feedback: frozenset[str] = frozenset()
    owned: dict[int, PartitionStats] = field(default_factory=dict)

"""What a worker counts about its own work: plain numbers, kept where they arise and read when asked."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from streams.domain.vocabulary import Reason


class PartitionState(StrEnum):
    """Where a partition's owner is in its life."""

    RESTORING = "restoring"
    SERVING = "serving"
    CLOSED = "closed"


@dataclass(slots=True)
class PartitionStats:
    """One owned partition; instants in epoch milliseconds by the wall clock, `now` by the logs.

    `moved` is when it last applied a record or was last seen at its heads; `lag` how many offsets the source topics
    are ahead, None before the ends of all of them have been seen; `restored` how many rows it began with; `ahead` by
    how many milliseconds our clock is ahead of the broker's, at least, None before the broker has stamped anything;
    `suspended` are the platforms that are not read; `uncommittable` how many platforms are not counted, since their
    state could not be committed.
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
    """One worker, since it started; `owned` holds the partitions that it owns now, the counters all it ever owned.

    `assigned` says that these are the ones that the group has given it: not so before it has given any, while
    partitions are given anew, and after the worker was told to stop. `platforms` are those of the registry,
    `untold` those that cannot be told what became of their events.
    """

    platforms: tuple[str, ...] = ()

    applied: Counter[int] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)
    lost_records: Counter[int] = field(default_factory=Counter)
    commits: Counter[int] = field(default_factory=Counter)
    rebalances: int = 0
    has_assignment: bool = False
    platforms_without_feedback: frozenset[str] = frozenset()
    owned: dict[int, PartitionStats] = field(default_factory=dict)

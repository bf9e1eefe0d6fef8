"""What a worker says about itself."""

from aiohttp.test_utils import make_mocked_request

from streams.contract.metrics.all_metrics import PIPELINE
from streams.domain.vocabulary import RefusalReason
from streams.runtime.health import NOT_READY_AFTER_MS, STUCK_AFTER_MS, Health, WorkerCollector
from streams.runtime.stats import PartitionState, PartitionStats, WorkerStats
from tests.support.monitoring.exposition import NOON, busy_worker, exposition


def test_the_pipelines_metrics_are_those_of_the_catalogue() -> None:
    lines = {
        line.split()[2] for line in exposition(WorkerCollector(busy_worker())).splitlines() if line.startswith("# TYPE")
    }

    assert lines == {metric.name for metric in PIPELINE}


def test_counters_of_a_partition_that_went_elsewhere_stay() -> None:
    lines = exposition(WorkerCollector(busy_worker())).splitlines()

    assert 'safeclock_source_records_lost_total{partition="1"} 4.0' in lines
    assert 'safeclock_source_records_lost_total{partition="3"} 0.0' in lines
    assert 'safeclock_worker_lag_records{partition="3"} 7.0' in lines


def test_how_far_behind_a_partition_is_is_reported_once_it_is_known() -> None:
    restoring = WorkerStats(owned={5: PartitionStats(last_progress=NOON)})

    lines = [
        line
        for line in exposition(WorkerCollector(restoring)).splitlines()
        if line.startswith("safeclock_worker_lag_records{")
    ]

    assert lines == []


def test_every_reason_of_refusal_starts_at_zero() -> None:
    lines = exposition(WorkerCollector(WorkerStats())).splitlines()

    zeros = [
        line for line in lines if line.startswith("safeclock_worker_records_refused_total{") and line.endswith(" 0.0")
    ]
    assert len(zeros) == len(RefusalReason)


def test_a_served_partition_that_neither_moves_nor_is_at_its_heads_is_stuck() -> None:
    health = Health(busy_worker(), lambda: NOON + STUCK_AFTER_MS + 1)

    assert health.stuck_partitions() == [3]


def test_a_partition_that_is_being_restored_is_waited_for_and_not_stuck() -> None:
    figures = WorkerStats(owned={5: PartitionStats(last_progress=NOON)})
    health = Health(figures, lambda: NOON + STUCK_AFTER_MS + 1)

    assert health.restoring_partitions() == [5]
    assert health.stuck_partitions() == []


async def readiness(figures: WorkerStats, now: int) -> tuple[int, str]:
    """Return what a worker answers that is asked whether it is ready."""
    answer = await Health(figures, lambda: now).readyz(make_mocked_request("GET", "/readyz"))
    return answer.status, answer.text or ""


async def test_a_worker_is_ready_while_its_partitions_move_or_are_at_their_heads() -> None:
    figures = busy_worker()
    figures.has_assignment = True

    assert await readiness(figures, NOON + NOT_READY_AFTER_MS) == (200, "ok\n")


async def test_a_worker_is_not_ready_when_a_partition_has_stood_still_for_half_a_minute() -> None:
    figures = busy_worker()
    figures.has_assignment = True
    figures.owned[4] = PartitionStats(state=PartitionState.SERVING, last_progress=NOON + NOT_READY_AFTER_MS)

    status, text = await readiness(figures, NOON + NOT_READY_AFTER_MS + 1)

    assert (status, text) == (
        503,
        "partitions that applied no record and did not reach the ends of their logs for 30 s: 3\n",
    )


async def test_a_partition_that_is_being_restored_is_named_as_such_however_long_it_takes() -> None:
    figures = WorkerStats(has_assignment=True, owned={5: PartitionStats(last_progress=NOON)})

    assert await readiness(figures, NOON + 10 * NOT_READY_AFTER_MS) == (503, "partitions being restored: 5\n")

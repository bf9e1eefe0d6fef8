import pytest

from dashboards.board.inputs.freshness import MAX_INPUT_AGE_MS, assess_freshness
from streams.contract.outputs.measures import PartitionStatus

WALL = 10_000_000_000
PACK = "standard@1"


def status(now: int = WALL - 5_000, at: int = WALL - 1_000, partitions: int = 2, pack: str = PACK) -> PartitionStatus:
    """Return a status that is fresh unless told otherwise."""
    return PartitionStatus(now, at, partitions, pack, "registry")


def test_the_figures_are_as_old_as_the_oldest_partition() -> None:
    fresh = assess_freshness({0: status(now=WALL - 9_000), 1: status()}, {0, 1}, WALL, PACK)

    assert fresh.as_of == WALL - 9_000
    assert fresh.ready_partitions == {0, 1}
    assert fresh.reasons == ()


def test_what_was_lost_is_reported_of_every_partition() -> None:
    fresh = assess_freshness({0: status(), 1: PartitionStatus(WALL, WALL, 2, PACK, "registry", 7)}, {0, 1}, WALL, PACK)

    assert fresh.lost_records == {0: 0, 1: 7}


def test_before_any_status_nobody_knows_how_many_partitions_there_are() -> None:
    fresh = assess_freshness({}, {0, 1}, WALL, PACK)

    assert (fresh.as_of, fresh.partition_count) == (None, None)
    assert fresh.reasons == ("no worker has sent a status yet",)


@pytest.mark.parametrize(
    ("statuses", "read", "reason"),
    [
        ({0: status()}, {0, 1}, "partition 1: no worker has sent a status yet"),
        ({0: status(), 1: status()}, {0}, "partition 1: not read to its end yet"),
        ({0: status(), 1: status(now=0)}, {0, 1}, "partition 1: nothing measured yet"),
    ],
    ids=["no status", "not read", "nothing measured"],
)
def test_without_one_partition_there_is_no_figure(
    statuses: dict[int, PartitionStatus], read: set[int], reason: str
) -> None:
    fresh = assess_freshness(statuses, read, WALL, PACK)

    assert fresh.as_of is None
    assert fresh.ready_partitions == {0}
    assert fresh.reasons == (reason,)


def test_a_partition_that_falls_silent_greys_the_figures_and_leaves_them_visible() -> None:
    fresh = assess_freshness({0: status(), 1: status(at=WALL - MAX_INPUT_AGE_MS - 1)}, {0, 1}, WALL, PACK)

    assert fresh.as_of == WALL - 5_000
    assert fresh.ready_partitions == {0}
    assert fresh.reasons == ("partition 1: no status for more than 60 s",)


def test_a_backlog_greys_the_figures_and_says_up_to_when_they_are() -> None:
    fresh = assess_freshness(
        {0: status(now=WALL - MAX_INPUT_AGE_MS - 1), 1: status(now=WALL - MAX_INPUT_AGE_MS - 2)}, {0, 1}, WALL, PACK
    )

    assert fresh.ready_partitions == {0, 1}
    assert fresh.reasons == ("partitions 0, 1: measured up to 1970-04-26T17:45:39.998Z, more than 60 s behind",)


def test_workers_that_go_by_other_rules_grey_the_figures() -> None:
    other = PartitionStatus(WALL, WALL, 3, "local@2", "another registry")

    fresh = assess_freshness({0: status(), 1: status(), 2: other}, {0, 1, 2}, WALL, PACK)

    assert fresh.reasons == (
        "workers use the rule pack local@2, this board uses standard@1",
        "workers use different registries",
        "workers disagree on the number of partitions",
    )

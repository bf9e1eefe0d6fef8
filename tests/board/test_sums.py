from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.board.pool import merged
from dashboards.board.sums import Sums, UnknownMeasureError
from streams.contract.measures import STATUS_KEY, Status, encode_status
from streams.contract.rows import RowCodec
from streams.domain.clocks import ALWAYS
from streams.domain.figures import Sample, grouping, samples
from streams.domain.grid import DAY, FOREVER_MS
from streams.domain.profile import Reading, Signature
from streams.domain.roster import Enrolled
from streams.domain.standard import STANDARD
from streams.domain.states import State
from tests.ledger.signatures import pack

CLOCKS = (b"ab", b"cd")
THROUGH = 40 * DAY
DAYS = (20, 21, 30)

signatures = st.builds(
    Signature,
    state=st.sampled_from((State.OPEN, State.RESTRICTED, State.UNANSWERED)),
    entry=st.sampled_from((-1, 4)),
    filed_minute=st.sampled_from((None, 10, 1_000)),
    clocks=st.lists(
        st.builds(
            lambda clock, said: Reading(clock, *said),
            st.sampled_from(CLOCKS),
            st.sampled_from(((10, 0), (15, 1), (7, 254))),
        ),
        max_size=2,
        unique_by=lambda reading: reading.clock,
    ).map(tuple),
)
cohorts = st.dictionaries(st.one_of(signatures.map(pack), st.sampled_from(CLOCKS)), st.integers(1, 5), max_size=4)
keys = st.builds(
    lambda platform, day, labels: f"c|{platform}|{day}|{labels}".encode(),
    st.sampled_from(("harbor", "meadow")),
    st.sampled_from(DAYS),
    st.sampled_from(("aaaaaaEU", "baaaaaUK")),
)
updates = st.lists(st.tuples(st.integers(0, 2), keys, st.one_of(st.none(), cohorts)), max_size=30)


def finish(sums: Sums) -> None:
    """Tell the status of every partition, which ends a commit."""
    for partition in range(3):
        sums.take(partition, STATUS_KEY, encode_status(Status(now=1, at=1, partitions=3, pack="", registry="")))


def last_values(told: list[tuple[int, bytes, dict[bytes, int] | None]]) -> list[tuple[str, Mapping[bytes, int]]]:
    """Return the cohorts that stand in the end, of every partition, as the domain takes them."""
    last = {(partition, key): cohort for partition, key, cohort in told}
    return [(key[2:].decode(), cohort) for (_, key), cohort in last.items() if cohort]


def content(sample: Sample) -> object:
    """Return what a sample says, without what it counts as zero."""
    return (
        +sample.states,
        +sample.reports,
        +sample.paused,
        {clock: +cells for clock, cells in sample.cells.items() if +cells},
        +sample.stop_sums,
        +sample.open_sums,
        sample.oldest_open,
    )


@given(told=updates, fold_after=st.sets(st.integers(0, 30)))
def test_whatever_was_told_before_the_sums_are_the_fold_of_the_last_values(
    told: list[tuple[int, bytes, dict[bytes, int] | None]], fold_after: set[int]
) -> None:
    sums, codec = Sums(), RowCodec()
    for place, (partition, key, cohort) in enumerate(told):
        sums.take(partition, key, None if cohort is None else codec.pack(cohort))
        if place in fold_after:
            finish(sums)
            sums.fold()
    finish(sums)
    sums.fold()

    expected = samples(last_values(told), grouping(["platform"]), lambda _: THROUGH)

    for platform, pools in sums.pools.items():
        whole = merged(pool.sample(THROUGH) for pool in pools.values())
        assert content(whole) == content(expected.get((platform,), Sample()))
    assert {platform for (platform,) in expected} <= set(sums.pools)


@given(told=updates)
def test_the_cohorts_that_are_kept_are_the_last_values(
    told: list[tuple[int, bytes, dict[bytes, int] | None]],
) -> None:
    sums, codec = Sums(), RowCodec()

    for partition, key, cohort in told:
        sums.take(partition, key, None if cohort is None else codec.pack(cohort))
    finish(sums)
    sums.fold(3)
    sums.fold()

    kept = [(key, dict(cohort)) for key, cohort in sums.cohorts() if cohort]
    assert sorted(kept, key=repr) == sorted(last_values(told), key=repr)


def test_a_commit_that_is_read_in_part_changes_no_cohort() -> None:
    sums, codec = Sums(), RowCodec()
    moved = pack(Signature(State.OPEN, -1, 10, ()))
    sums.take(0, b"c|harbor|20/0|aaaaaaEU", codec.pack({moved: 1}))
    finish(sums)
    sums.fold()

    sums.take(0, b"c|harbor|20/0|aaaaaaEU", codec.pack({}))
    sums.fold()
    half_read = [dict(cohort) for _, cohort in sums.cohorts()]
    sums.take(0, b"c|harbor|20/1|aaaaaaEU", codec.pack({moved: 1}))
    finish(sums)
    sums.fold()

    assert half_read == [{moved: 1}]
    assert [dict(cohort) for _, cohort in sums.cohorts() if cohort] == [{moved: 1}]
    assert merged(pool.sample(THROUGH) for pool in sums.pools["harbor"].values()).filed == 1


def test_counters_add_up_and_instants_do_not() -> None:
    sums, codec = Sums(), RowCodec()
    sums.take(0, b"n|harbor", codec.pack({"filed": 1, "last_told": 100, "horizon": 90}))
    sums.take(0, b"n|harbor", codec.pack({"filed": 3, "last_told": 200, "horizon": 95, "sequence|report-filed": 4}))
    sums.take(1, b"n|harbor", codec.pack({"filed": 5, "last_told": 150, "waiting": 2}))

    total = sums.counts.total("harbor")

    assert total == {"filed": 8, "waiting": 2}
    assert sums.counts.last_told("harbor") == 200


def test_the_fullest_partition_says_how_much_of_the_capacity_is_used() -> None:
    sums, codec = Sums(), RowCodec()
    for partition, remembered in enumerate((5, 7, 0)):
        sums.take(partition, b"n|harbor", codec.pack({"remembered": remembered}))

    assert sums.counts.remembered("harbor") == 7
    assert sums.counts.remembered("lantern") == 0


@pytest.mark.parametrize(
    ("rows", "through"),
    [
        ({}, None),
        ({0: {"filed": 1}}, None),
        ({0: {"heartbeats": 2, "through|report-filed": 50, "through|action-taken": 60}}, 0),
        (
            {
                0: {"heartbeats": 2, "through|report-filed": 50, "through|action-taken": 60},
                1: {"heartbeats": 2, "through|report-filed": 70, "through|action-taken": 40},
            },
            40,
        ),
    ],
    ids=["never told of", "no heartbeat", "not on every partition", "everywhere"],
)
def test_a_platform_is_complete_to_the_least_that_it_said_anywhere(
    rows: dict[int, dict[str, int]], through: int | None
) -> None:
    sums, codec = Sums(), RowCodec()

    for partition, row in rows.items():
        sums.take(partition, b"n|harbor", codec.pack(row))

    assert sums.counts.complete_through("harbor", 2) == through


def test_a_clock_that_left_the_pack_is_known_as_long_as_a_partition_says_that_it_had_it() -> None:
    sums, codec = Sums(), RowCodec()
    former, later = STANDARD[2], STANDARD[2]._replace(version="2")

    sums.take(0, b"k|time_to_action@1", codec.pack(Enrolled(former, ((0, DAY),))))
    sums.take(1, b"k|time_to_action@1", codec.pack(Enrolled(former, ALWAYS)))
    sums.take(0, b"k|time_to_action@2", codec.pack(Enrolled(later, ((DAY, FOREVER_MS),))))

    assert sums.clocks == {former.key: former, later.key: later}


def test_a_key_that_is_none_of_the_contract_ends_the_board() -> None:
    with pytest.raises(UnknownMeasureError, match="partition 3: expected a cohort, counters, a clock or a status"):
        Sums().take(3, b"z|what", b"")

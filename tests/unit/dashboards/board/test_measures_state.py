from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.board.inputs.accumulator import merge_cohort_samples
from dashboards.board.inputs.measures_state import MeasuresState, UnknownMeasureError
from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, encode_partition_status
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.clocks.clock_history import LoadedClock
from streams.domain.clocks.definition import ALWAYS_VALID
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.profile import ClockValue, ReportProfile
from streams.domain.cohorts.statistics import CohortSample, group_key, samples_by_group
from streams.domain.duration_bins import DAY, FOREVER_MS
from tests.support.ledger.profiles import pack

CLOCKS = (b"ab", b"cd")
THROUGH = 40 * DAY
DAYS = (20, 21, 30)

stored_profiles = st.builds(
    ReportProfile,
    state=st.sampled_from((State.OPEN, State.RESTRICTED, State.UNANSWERED)),
    entry_bin=st.sampled_from((-1, 4)),
    filed_minute=st.sampled_from((None, 10, 1_000)),
    clocks=st.lists(
        st.builds(
            lambda clock, said: ClockValue(clock, *said),
            st.sampled_from(CLOCKS),
            st.sampled_from(((10, 0), (15, 1), (7, 254))),
        ),
        max_size=2,
        unique_by=lambda reading: reading.clock_hash,
    ).map(tuple),
)
cohorts = st.dictionaries(st.one_of(stored_profiles.map(pack), st.sampled_from(CLOCKS)), st.integers(1, 5), max_size=4)
keys = st.builds(
    lambda platform, day, labels: f"c|{platform}|{day}|{labels}".encode(),
    st.sampled_from(("harbor", "meadow")),
    st.sampled_from(DAYS),
    st.sampled_from(("aaaaaaEU", "baaaaaUK")),
)
updates = st.lists(st.tuples(st.integers(0, 2), keys, st.one_of(st.none(), cohorts)), max_size=30)


def publish_status(sums: MeasuresState) -> None:
    """Tell the status of every partition, which ends a commit."""
    for partition in range(3):
        sums.apply_record(
            partition,
            STATUS_KEY,
            encode_partition_status(PartitionStatus(log_time=1, reported_at=1, partitions=3, pack="", registry="")),
        )


def last_values(records: list[tuple[int, bytes, dict[bytes, int] | None]]) -> list[tuple[str, Mapping[bytes, int]]]:
    """Return the cohorts that stand in the end, of every partition, as the domain takes them."""
    last = {(partition, key): cohort for partition, key, cohort in records}
    return [(key[2:].decode(), cohort) for (_, key), cohort in last.items() if cohort]


def sample_content(sample: CohortSample) -> object:
    """Return what a sample says, without what it counts as zero."""
    return (
        +sample.states,
        +sample.reports,
        +sample.paused,
        {clock: +cells for clock, cells in sample.cells.items() if +cells},
        +sample.stopped_totals,
        +sample.open_totals,
        sample.oldest_open_at,
    )


@given(records=updates, fold_after=st.sets(st.integers(0, 30)))
def test_whatever_was_published_before_the_sums_are_the_fold_of_the_last_values(
    records: list[tuple[int, bytes, dict[bytes, int] | None]], fold_after: set[int]
) -> None:
    sums, codec = MeasuresState(), MessagePackCodec()
    for place, (partition, key, cohort) in enumerate(records):
        sums.apply_record(partition, key, None if cohort is None else codec.pack(cohort))
        if place in fold_after:
            publish_status(sums)
            sums.apply_pending()
    publish_status(sums)
    sums.apply_pending()

    expected = samples_by_group(last_values(records), group_key(["platform"]), lambda _: THROUGH)

    for platform, pools in sums.accumulators_by_week.items():
        whole = merge_cohort_samples(pool.to_sample(THROUGH) for pool in pools.values())
        assert sample_content(whole) == sample_content(expected.get((platform,), CohortSample()))
    assert {platform for (platform,) in expected} <= set(sums.accumulators_by_week)


@given(records=updates)
def test_the_cohorts_that_are_kept_are_the_last_values(
    records: list[tuple[int, bytes, dict[bytes, int] | None]],
) -> None:
    sums, codec = MeasuresState(), MessagePackCodec()

    for partition, key, cohort in records:
        sums.apply_record(partition, key, None if cohort is None else codec.pack(cohort))
    publish_status(sums)
    sums.apply_pending(3)
    sums.apply_pending()

    kept = [(key, dict(cohort)) for key, cohort in sums.cohorts() if cohort]
    assert sorted(kept, key=repr) == sorted(last_values(records), key=repr)


def test_a_commit_that_is_read_in_part_changes_no_cohort() -> None:
    sums, codec = MeasuresState(), MessagePackCodec()
    moved = pack(ReportProfile(State.OPEN, -1, 10, ()))
    sums.apply_record(0, b"c|harbor|20/0|aaaaaaEU", codec.pack({moved: 1}))
    publish_status(sums)
    sums.apply_pending()

    sums.apply_record(0, b"c|harbor|20/0|aaaaaaEU", codec.pack({}))
    sums.apply_pending()
    half_read = [dict(cohort) for _, cohort in sums.cohorts()]
    sums.apply_record(0, b"c|harbor|20/1|aaaaaaEU", codec.pack({moved: 1}))
    publish_status(sums)
    sums.apply_pending()

    assert half_read == [{moved: 1}]
    assert [dict(cohort) for _, cohort in sums.cohorts() if cohort] == [{moved: 1}]
    assert (
        merge_cohort_samples(pool.to_sample(THROUGH) for pool in sums.accumulators_by_week["harbor"].values()).filed
        == 1
    )


def test_counters_add_up_and_instants_do_not() -> None:
    sums, codec = MeasuresState(), MessagePackCodec()
    sums.apply_record(0, b"n|harbor", codec.pack({"filed": 1, "last_logged_at": 100, "decided_through": 90}))
    sums.apply_record(
        0,
        b"n|harbor",
        codec.pack({"filed": 3, "last_logged_at": 200, "decided_through": 95, "sequence|report-filed": 4}),
    )
    sums.apply_record(1, b"n|harbor", codec.pack({"filed": 5, "last_logged_at": 150, "orphans": 2}))

    total = sums.platform_counters.total("harbor")

    assert total == {"filed": 8, "orphans": 2}
    assert sums.platform_counters.last_logged_at("harbor") == 200


def test_the_fullest_partition_says_how_much_of_the_capacity_is_used() -> None:
    sums, codec = MeasuresState(), MessagePackCodec()
    for partition, remembered in enumerate((5, 7, 0)):
        sums.apply_record(partition, b"n|harbor", codec.pack({"retained": remembered}))

    assert sums.platform_counters.max_retained_reports("harbor") == 7
    assert sums.platform_counters.max_retained_reports("lantern") == 0


@pytest.mark.parametrize(
    ("rows", "through"),
    [
        ({}, None),
        ({0: {"filed": 1}}, None),
        ({0: {"heartbeats": 2, "declared_watermark|report-filed": 50, "declared_watermark|action-taken": 60}}, 0),
        (
            {
                0: {"heartbeats": 2, "declared_watermark|report-filed": 50, "declared_watermark|action-taken": 60},
                1: {"heartbeats": 2, "declared_watermark|report-filed": 70, "declared_watermark|action-taken": 40},
            },
            40,
        ),
    ],
    ids=["never told of", "no heartbeat", "not on every partition", "everywhere"],
)
def test_a_platform_is_complete_to_the_least_that_it_said_anywhere(
    rows: dict[int, dict[str, int]], through: int | None
) -> None:
    sums, codec = MeasuresState(), MessagePackCodec()

    for partition, row in rows.items():
        sums.apply_record(partition, b"n|harbor", codec.pack(row))

    assert sums.platform_counters.complete_through("harbor", 2) == through


def test_a_clock_that_left_the_pack_is_known_as_long_as_a_partition_says_that_it_had_it() -> None:
    sums, codec = MeasuresState(), MessagePackCodec()
    former, later = STANDARD_CLOCKS[2], STANDARD_CLOCKS[2]._replace(version="2")

    sums.apply_record(0, b"k|time_to_action@1", codec.pack(LoadedClock(former, ((0, DAY),))))
    sums.apply_record(1, b"k|time_to_action@1", codec.pack(LoadedClock(former, ALWAYS_VALID)))
    sums.apply_record(0, b"k|time_to_action@2", codec.pack(LoadedClock(later, ((DAY, FOREVER_MS),))))

    assert sums.clocks == {former.key: former, later.key: later}


def test_a_key_that_is_none_of_the_contract_ends_the_board() -> None:
    with pytest.raises(
        UnknownMeasureError, match="partition 3: expected a cohort, counters, a clock, a declaration or a status"
    ):
        MeasuresState().apply_record(3, b"z|what", b"")

from math import isfinite

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.domain.clocks.endings import EXPIRED, OPEN, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.clocks.state_machine import State
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import ClockValue, ReportProfile
from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, OVERFLOW_BIN, bin_of
from streams.domain.integrity.checks import INTEGRITY_CHECKS, ratios
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.integrity.confidence import (
    distance_lower_bound,
    increase_lower_bound,
    share_lower_bound,
    share_upper_bound,
)
from streams.domain.integrity.counts import CheckInput, ReportTraits, Trait, TraitCounts, Zone, limit_neighbourhood
from streams.domain.integrity.window import BASELINE_DAYS, SETTLE_DAYS, WINDOW_DAYS, DailyCounts
from streams.domain.labels import DOWNGRADED, Labels, encode_labels
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity
from tests.support.ledger.profiles import pack

CLASSIFIER = ReportClassifier(STANDARD_CLOCKS)
NOW = 20_000
"""The day up to which everything was told."""


def _window_counts(
    traits: dict[Trait, int], channels: dict[Channel, int], near: dict[tuple[bytes, Zone], int], decided: dict[int, int]
) -> TraitCounts:
    seen = TraitCounts()
    seen.traits.update(traits)
    seen.channels.update(channels)
    seen.stops_near_limits.update(near)
    seen.decision_bins.update(decided)
    return seen


readings = st.tuples(
    *(
        st.builds(
            ClockValue,
            st.just(clock.hash),
            st.integers(0, OVERFLOW_BIN),
            st.sampled_from((OPEN, STOPPED, 2, EXPIRED, 254)),
        )
        for clock in STANDARD_CLOCKS
    )
)
signatures = st.builds(
    ReportProfile,
    state=st.sampled_from(State),
    entry_bin=st.one_of(st.just(-1), st.integers(0, OVERFLOW_BIN)),
    filed_minute=st.one_of(st.none(), st.integers(0, 1439)),
    clocks=readings,
)
attributes = st.builds(
    Labels,
    harm=st.sampled_from(Harm),
    reporter=st.just(Reporter.USER),
    trusted_flagger=st.booleans(),
    channel=st.sampled_from(Channel),
    basis=st.just(Basis.TERMS),
    severity=st.sampled_from(Severity),
    jurisdictions=st.sampled_from(("EU", "ZZ", "EU+ZZ")),
)
keys = st.builds(
    lambda age, labels: CohortKey("harbor", NOW - age, encode_labels(labels)),
    st.integers(0, WINDOW_DAYS + BASELINE_DAYS + 5),
    attributes,
)
names = st.one_of(signatures.map(pack), st.just(DOWNGRADED), st.just(STANDARD_CLOCKS[0].hash))
anything = st.integers(-10, 1_000_000)
window_counts = st.builds(
    _window_counts,
    st.dictionaries(st.sampled_from(Trait), anything),
    st.dictionaries(st.sampled_from(Channel), anything),
    st.dictionaries(
        st.tuples(st.sampled_from([clock.hash for clock in STANDARD_CLOCKS]), st.sampled_from(Zone)), anything
    ),
    st.dictionaries(st.integers(0, OVERFLOW_BIN), anything, max_size=5),
)


def classify_report(
    state: State, entry: int = -1, decision: tuple[int, int] | None = None, harm: Harm = Harm.CSAM
) -> ReportTraits:
    """Return what a report adds whose decision clock reads a duration and an ending."""
    value, ending = (0, OPEN) if decision is None else (bin_of(decision[0]), decision[1])
    signature = ReportProfile(state, entry, None, (ClockValue(STANDARD_CLOCKS[1].hash, value, ending),))
    return CLASSIFIER.classify(signature, is_grave=harm is not Harm.AGE_INAPPROPRIATE)


@example(now=_window_counts({Trait.FILED: 100, Trait.ACTED: -1}, {}, {}, {}), before=TraitCounts(), promised=False)
@given(now=window_counts, before=window_counts, promised=st.booleans())
def test_nothing_that_can_be_counted_makes_a_integrity_check_fail(
    now: TraitCounts, before: TraitCounts, *, promised: bool
) -> None:
    found = ratios(CheckInput(now, before, CLASSIFIER.neighbourhoods, promised))

    assert all(isfinite(ratio) and ratio >= 0 for ratio in found.values())


@given(
    st.lists(st.tuples(keys, signatures.map(pack)), max_size=min(check.min_reports for check in INTEGRITY_CHECKS) - 1)
)
def test_on_a_handful_of_reports_no_integrity_check_says_anything(reports: list[tuple[CohortKey, bytes]]) -> None:
    days = DailyCounts(lambda _: CLASSIFIER)
    for key, name in reports:
        days.add(key, name, 1)

    found = ratios(days.check_input("harbor", NOW * DAY, is_declared_complete=True))

    assert found == {}


@given(st.lists(st.tuples(keys, names, st.integers(1, 5))), st.randoms(use_true_random=False))
def test_what_is_taken_out_leaves_what_its_absence_leaves(changes: list[tuple[CohortKey, bytes, int]], random) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    kept, twice = DailyCounts(lambda _: CLASSIFIER), DailyCounts(lambda _: CLASSIFIER)
    gone = changes[: len(changes) // 2]
    both = [*changes, *[(key, name, -by) for key, name, by in gone]]
    random.shuffle(both)

    for key, name, by in changes[len(gone) :]:
        kept.add(key, name, by)
    for key, name, by in both:
        twice.add(key, name, by)

    one, other = (days.check_input("harbor", NOW * DAY, is_declared_complete=True) for days in (kept, twice))
    for seen, same in zip(one[:2], other[:2], strict=True):
        assert (+seen.traits, +seen.channels, +seen.stops_near_limits, +seen.decision_bins) == (
            +same.traits,
            +same.channels,
            +same.stops_near_limits,
            +same.decision_bins,
        )


@pytest.mark.parametrize(
    ("age", "in_window", "in_baseline"),
    [
        (SETTLE_DAYS, 0, 0),
        (SETTLE_DAYS + 1, 1, 0),
        (SETTLE_DAYS + WINDOW_DAYS, 1, 0),
        (SETTLE_DAYS + WINDOW_DAYS + 1, 0, 1),
        (SETTLE_DAYS + WINDOW_DAYS + BASELINE_DAYS + 1, 0, 0),
    ],
)
def test_a_filing_day_is_judged_when_it_is_ripe_and_then_compared_with(
    age: int, in_window: int, in_baseline: int
) -> None:
    days = DailyCounts(lambda _: CLASSIFIER)
    labels = Labels(Harm.CSAM, Reporter.USER, False, Channel.API, Basis.TERMS, Severity.HIGH, "EU")  # noqa: FBT003
    days.add(CohortKey("harbor", NOW - age, encode_labels(labels)), pack(ReportProfile(State.OPEN, -1, 5, ())), 1)

    recent = days.check_input("harbor", NOW * DAY, is_declared_complete=True)

    assert (recent.now.filed, recent.before.filed) == (in_window, in_baseline)


@pytest.mark.parametrize(
    ("state", "entry", "decision", "expected"),
    [
        (
            State.NO_VIOLATION,
            -1,
            (MINUTE, STOPPED),
            {Trait.REJECTED, Trait.REJECTED_AT_ONCE, Trait.DECIDED, Trait.FAST},
        ),
        (State.NO_VIOLATION, -1, (MINUTE + 1, STOPPED), {Trait.REJECTED, Trait.DECIDED, Trait.FAST}),
        (State.ACKNOWLEDGED, -1, None, {Trait.ACKNOWLEDGED_ONLY, Trait.SLOW}),
        (State.WITHDRAWN, -1, (20 * HOUR, 7), {Trait.ENDED_SLOWLY, Trait.SLOW, Trait.SLOW_DROPPED}),
        (State.WITHDRAWN, -1, (HOUR, 7), {Trait.ENDED_SLOWLY, Trait.FAST, Trait.FAST_DROPPED}),
        (
            State.RESTRICTED,
            bin_of(5 * HOUR),
            (5 * HOUR, STOPPED),
            {
                *(Trait.ACTED, Trait.ACTED_GRAVE, Trait.DECIDED, Trait.FAST),
                *(Trait.ENDED_SLOWLY, Trait.LOGGED_ONLY_AT_END, Trait.LOGGED_LATE),
            },
        ),
        (State.OPEN, bin_of(5 * HOUR), None, {Trait.LOGGED_LATE, Trait.LOGGED_LATE_AND_OPEN, Trait.SLOW}),
        (State.INTERIM, bin_of(5 * HOUR), None, {Trait.LOGGED_LATE, Trait.PARTIAL_ONLY_GRAVE, Trait.SLOW}),
    ],
)
def test_a_report_is_counted_for_what_became_of_it(
    state: State, entry: int, decision: tuple[int, int] | None, expected: set[Trait]
) -> None:
    assert set(classify_report(state, entry, decision).traits) == {Trait.FILED, *expected}


def test_where_a_label_may_do_it_is_not_counted() -> None:
    assert Trait.PARTIAL_ONLY_GRAVE not in classify_report(State.INTERIM, harm=Harm.AGE_INAPPROPRIATE).traits


def test_a_platform_that_vouches_for_nothing_cannot_break_its_word() -> None:
    late = TraitCounts()
    late.traits.update({Trait.FILED: 1000, Trait.LOGGED_LATE: 900, Trait.LOGGED_LATE_AND_OPEN: 500})

    promised, silent = (
        ratios(CheckInput(late, TraitCounts(), CLASSIFIER.neighbourhoods, is_declared_complete=said))
        for said in (True, False)
    )

    assert promised["backdated_filings"] > 1
    assert "backdated_filings" not in silent


@pytest.mark.parametrize(("fast", "tripped"), [(0, False), (3, False), (300, True)])
def test_slow_reports_are_held_against_fast_ones_only_where_there_are_enough(fast: int, *, tripped: bool) -> None:
    seen = TraitCounts()
    seen.traits.update({Trait.FILED: 60 + fast, Trait.SLOW: 60, Trait.SLOW_DROPPED: 40, Trait.FAST: fast})

    found = ratios(CheckInput(seen, TraitCounts(), CLASSIFIER.neighbourhoods, is_declared_complete=True))

    assert (found["withdrawn_when_slow"] > 1) is tripped


@pytest.mark.parametrize("limit", [HOUR, 2 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY])
def test_a_limit_lies_at_the_upper_end_of_its_stretch(limit: int) -> None:
    around = limit_neighbourhood(limit)
    assert around is not None

    sides = [around.zone_of(bin_of(duration)) for duration in (limit - limit // 24 - 1, limit, limit + 1)]

    assert EDGES[around.limit] == limit
    assert sides == [Zone.BEFORE, Zone.BELOW, Zone.AFTER]
    assert around.neighbour_width_ratio == pytest.approx(2.25, abs=0.3)


@pytest.mark.parametrize("limit", [MINUTE, 2 * MINUTE, 400 * DAY])
def test_a_limit_without_neighbours_on_the_grid_is_left_alone(limit: int) -> None:
    assert limit_neighbourhood(limit) is None


def test_what_luck_can_make_is_taken_off() -> None:
    assert share_lower_bound(5, 5) < 0.5 < share_lower_bound(5_000, 5_000)
    assert share_upper_bound(0, 0) == 1 > share_upper_bound(0, 5) > 0.5 > share_upper_bound(0, 5_000) > 0
    assert increase_lower_bound((12, 100), (8, 100)) == 0
    assert increase_lower_bound((1_200, 4_000), (800, 4_000)) == pytest.approx(0.1, abs=0.03)
    assert distance_lower_bound({Channel.API: 6, Channel.EMAIL: 4}, {Channel.API: 4, Channel.EMAIL: 6}) == 0
    assert distance_lower_bound({Channel.API: 6_000}, {Channel.EMAIL: 6_000}) == pytest.approx(1, abs=0.03)

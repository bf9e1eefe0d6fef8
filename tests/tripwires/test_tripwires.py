from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.clocks.endings import EXPIRED, OPEN, STOPPED
from streams.domain.clocks.report_state import State
from streams.domain.clocks.standard import STANDARD
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import Reading, Signature
from streams.domain.duration_bins import DAY, EDGES, HOUR, MINUTE, TOP, bin_of
from streams.domain.integrity.checks import TRIPWIRES, ratios
from streams.domain.integrity.classifier import Lens
from streams.domain.integrity.confidence import least_rise, least_share, least_shift, most_share
from streams.domain.integrity.counts import Glimpse, Recent, Seen, Side, Trait, stretch
from streams.domain.integrity.window import BEFORE, RIPE, WINDOW, Days
from streams.domain.labels import SOFTENED, Attributes, encode
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity
from tests.ledger.signatures import pack

LENS = Lens(STANDARD)
NOW = 20_000
"""The day up to which everything was told."""


def _seen(
    traits: dict[Trait, int], channels: dict[Channel, int], near: dict[tuple[bytes, Side], int], decided: dict[int, int]
) -> Seen:
    seen = Seen()
    seen.traits.update(traits)
    seen.channels.update(channels)
    seen.near.update(near)
    seen.decided.update(decided)
    return seen


readings = st.tuples(
    *(
        st.builds(Reading, st.just(clock.mark), st.integers(0, TOP), st.sampled_from((OPEN, STOPPED, 2, EXPIRED, 254)))
        for clock in STANDARD
    )
)
signatures = st.builds(
    Signature,
    state=st.sampled_from(State),
    entry=st.one_of(st.just(-1), st.integers(0, TOP)),
    filed_minute=st.one_of(st.none(), st.integers(0, 1439)),
    clocks=readings,
)
attributes = st.builds(
    Attributes,
    harm=st.sampled_from(Harm),
    reporter=st.just(Reporter.USER),
    trusted_flagger=st.booleans(),
    channel=st.sampled_from(Channel),
    basis=st.just(Basis.TERMS),
    severity=st.sampled_from(Severity),
    jurisdictions=st.sampled_from(("EU", "ZZ", "EU+ZZ")),
)
keys = st.builds(
    lambda age, labels: CohortKey("harbor", NOW - age, encode(labels)), st.integers(0, WINDOW + BEFORE + 5), attributes
)
names = st.one_of(signatures.map(pack), st.just(SOFTENED), st.just(STANDARD[0].mark))
anything = st.integers(-10, 1_000_000)
digests = st.builds(
    _seen,
    st.dictionaries(st.sampled_from(Trait), anything),
    st.dictionaries(st.sampled_from(Channel), anything),
    st.dictionaries(st.tuples(st.sampled_from([clock.mark for clock in STANDARD]), st.sampled_from(Side)), anything),
    st.dictionaries(st.integers(0, TOP), anything, max_size=5),
)


def glimpse(state: State, entry: int = -1, decision: tuple[int, int] | None = None, harm: Harm = Harm.CSAM) -> Glimpse:
    """Return what a report adds whose decision clock reads a duration and an ending."""
    value, ending = (0, OPEN) if decision is None else (bin_of(decision[0]), decision[1])
    signature = Signature(state, entry, None, (Reading(STANDARD[1].mark, value, ending),))
    return LENS.glimpse(signature, grave=harm is not Harm.AGE_INAPPROPRIATE)


@given(now=digests, before=digests, promised=st.booleans())
def test_nothing_that_can_be_counted_makes_a_tripwire_fail(now: Seen, before: Seen, *, promised: bool) -> None:
    found = ratios(Recent(now, before, LENS.stretches, promised))

    assert all(isfinite(ratio) and ratio >= 0 for ratio in found.values())


@given(st.lists(st.tuples(keys, signatures.map(pack)), max_size=min(tripwire.least for tripwire in TRIPWIRES) - 1))
def test_on_a_handful_of_reports_no_tripwire_says_anything(reports: list[tuple[CohortKey, bytes]]) -> None:
    days = Days(lambda _: LENS)
    for key, name in reports:
        days.change(key, name, 1)

    found = ratios(days.recent("harbor", NOW * DAY, promised=True))

    assert found == {}


@given(st.lists(st.tuples(keys, names, st.integers(1, 5))), st.randoms(use_true_random=False))
def test_what_is_taken_out_leaves_what_its_absence_leaves(changes: list[tuple[CohortKey, bytes, int]], random) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    kept, twice = Days(lambda _: LENS), Days(lambda _: LENS)
    gone = changes[: len(changes) // 2]
    both = [*changes, *[(key, name, -by) for key, name, by in gone]]
    random.shuffle(both)

    for key, name, by in changes[len(gone) :]:
        kept.change(key, name, by)
    for key, name, by in both:
        twice.change(key, name, by)

    one, other = (days.recent("harbor", NOW * DAY, promised=True) for days in (kept, twice))
    for seen, same in zip(one[:2], other[:2], strict=True):
        assert (+seen.traits, +seen.channels, +seen.near, +seen.decided) == (
            +same.traits,
            +same.channels,
            +same.near,
            +same.decided,
        )


@pytest.mark.parametrize(
    ("age", "in_window", "in_baseline"),
    [
        (RIPE, 0, 0),
        (RIPE + 1, 1, 0),
        (RIPE + WINDOW, 1, 0),
        (RIPE + WINDOW + 1, 0, 1),
        (RIPE + WINDOW + BEFORE + 1, 0, 0),
    ],
)
def test_a_filing_day_is_judged_when_it_is_ripe_and_then_compared_with(
    age: int, in_window: int, in_baseline: int
) -> None:
    days = Days(lambda _: LENS)
    labels = Attributes(Harm.CSAM, Reporter.USER, False, Channel.API, Basis.TERMS, Severity.HIGH, "EU")  # noqa: FBT003
    days.change(CohortKey("harbor", NOW - age, encode(labels)), pack(Signature(State.OPEN, -1, 5, ())), 1)

    recent = days.recent("harbor", NOW * DAY, promised=True)

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
        (State.ACKNOWLEDGED, -1, None, {Trait.LEFT, Trait.SLOW}),
        (State.WITHDRAWN, -1, (20 * HOUR, 7), {Trait.SLOW_TO_END, Trait.SLOW, Trait.SLOW_DROPPED}),
        (State.WITHDRAWN, -1, (HOUR, 7), {Trait.SLOW_TO_END, Trait.FAST, Trait.FAST_DROPPED}),
        (
            State.RESTRICTED,
            bin_of(5 * HOUR),
            (5 * HOUR, STOPPED),
            {
                *(Trait.ACTED, Trait.ACTED_OR_MORE, Trait.DECIDED, Trait.FAST),
                *(Trait.SLOW_TO_END, Trait.ENDED_UNTOLD, Trait.TOLD_LATE),
            },
        ),
        (State.OPEN, bin_of(5 * HOUR), None, {Trait.TOLD_LATE, Trait.TOLD_LATE_AND_OPEN, Trait.SLOW}),
        (State.INTERIM, bin_of(5 * HOUR), None, {Trait.TOLD_LATE, Trait.LABELLED, Trait.SLOW}),
    ],
)
def test_a_report_is_counted_for_what_became_of_it(
    state: State, entry: int, decision: tuple[int, int] | None, expected: set[Trait]
) -> None:
    assert set(glimpse(state, entry, decision).traits) == {Trait.FILED, *expected}


def test_where_a_label_may_do_it_is_not_counted() -> None:
    assert Trait.LABELLED not in glimpse(State.INTERIM, harm=Harm.AGE_INAPPROPRIATE).traits


def test_a_platform_that_vouches_for_nothing_cannot_break_its_word() -> None:
    late = Seen()
    late.traits.update({Trait.FILED: 1000, Trait.TOLD_LATE: 900, Trait.TOLD_LATE_AND_OPEN: 500})

    promised, silent = (ratios(Recent(late, Seen(), LENS.stretches, promised=said)) for said in (True, False))

    assert promised["backdated_filings"] > 1
    assert "backdated_filings" not in silent


@pytest.mark.parametrize(("fast", "tripped"), [(0, False), (3, False), (300, True)])
def test_slow_reports_are_held_against_fast_ones_only_where_there_are_enough(fast: int, *, tripped: bool) -> None:
    seen = Seen()
    seen.traits.update({Trait.FILED: 60 + fast, Trait.SLOW: 60, Trait.SLOW_DROPPED: 40, Trait.FAST: fast})

    found = ratios(Recent(seen, Seen(), LENS.stretches, promised=True))

    assert (found["withdrawn_when_slow"] > 1) is tripped


@pytest.mark.parametrize("limit", [HOUR, 2 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY])
def test_a_limit_lies_at_the_upper_end_of_its_stretch(limit: int) -> None:
    around = stretch(limit)
    assert around is not None

    sides = [around.side(bin_of(duration)) for duration in (limit - limit // 24 - 1, limit, limit + 1)]

    assert EDGES[around.limit] == limit
    assert sides == [Side.BEFORE, Side.BELOW, Side.AFTER]
    assert around.neighbours == pytest.approx(2.25, abs=0.3)


@pytest.mark.parametrize("limit", [MINUTE, 2 * MINUTE, 400 * DAY])
def test_a_limit_without_neighbours_on_the_grid_is_left_alone(limit: int) -> None:
    assert stretch(limit) is None


def test_what_luck_can_make_is_taken_off() -> None:
    assert least_share(5, 5) < 0.5 < least_share(5_000, 5_000)
    assert most_share(0, 0) == 1 > most_share(0, 5) > 0.5 > most_share(0, 5_000) > 0
    assert least_rise((12, 100), (8, 100)) == 0
    assert least_rise((1_200, 4_000), (800, 4_000)) == pytest.approx(0.1, abs=0.03)
    assert least_shift({Channel.API: 6, Channel.EMAIL: 4}, {Channel.API: 4, Channel.EMAIL: 6}) == 0
    assert least_shift({Channel.API: 6_000}, {Channel.EMAIL: 6_000}) == pytest.approx(1, abs=0.03)

"""A platform may not hold more than the registry allows: what would begin another report is refused, and counted."""

from streams.contract.packs.ledger_config import batch_ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.contract.registry.registry import Platform, Registry
from streams.domain.duration_bins import DAY, MINUTE
from streams.domain.events import Event
from streams.domain.ledger.config import PlatformConfig
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import Harm, RefusalReason
from tests.support.builders import START, action, encoded_labels, filing
from tests.support.ledger.harness import CODEC, LedgerHarness

CAPACITY = 300


def nearly_full_ledger() -> LedgerHarness:
    """Return a ledger in which one of two platforms is nearly full."""
    subject = LedgerHarness()
    subject.config = subject.config._replace(platforms={"harbor": PlatformConfig(5 * MINUTE, CAPACITY)})
    subject.restart()
    subject.apply([filing(number) for number in range(CAPACITY - 1)])
    return subject


def test_what_would_begin_another_report_is_refused_and_everything_else_counts() -> None:
    subject = nearly_full_ledger()

    answers = subject.apply(
        [
            filing(1_000),
            filing(1_001),
            action(report=1_001),
            action(report=1_002),
            action(report=7),
            filing(7),
            filing(0, platform="lantern"),
        ]
    )

    full = RefusalReason.OVER_CAPACITY
    assert answers == [None, full, full, full, None, None, None]
    assert subject.counters()["harbor"]["refused|over_capacity"] == 3
    assert subject.counters()["harbor"]["filed"] == CAPACITY
    assert subject.counters()["harbor"]["retained"] == CAPACITY


def test_a_restart_at_any_moment_refuses_the_same() -> None:
    more: list[Event] = [filing(1_000 + number) for number in range(5)]
    spared, struck = nearly_full_ledger(), nearly_full_ledger()

    expected = spared.apply(more)
    answers = []
    for event in more:
        struck.commit()
        struck.restart()
        answers += struck.apply([event])
    spared.commit()
    struck.commit()

    assert answers == expected == [None, *[RefusalReason.OVER_CAPACITY] * 4]
    assert struck.read_rows() == spared.read_rows()


def test_a_report_that_is_evicted_makes_room() -> None:
    subject = nearly_full_ledger()
    subject.apply([filing(1_000), *[action(report=number) for number in range(10)]])

    later = START + 300 * DAY
    subject.advance(later)

    assert subject.counters()["harbor"]["retained"] == CAPACITY - 10
    answers = subject.apply([filing(2_000 + number, at=later) for number in range(11)])
    assert answers == [*[None] * 10, RefusalReason.OVER_CAPACITY]


def test_a_day_has_so_many_sets_of_labels_and_no_more() -> None:
    subject = LedgerHarness()
    subject.config = subject.config._replace(platforms={"harbor": PlatformConfig(5 * MINUTE, CAPACITY)})
    subject.restart()
    labels = [
        *(encoded_labels(harm) for harm in (Harm.BULLYING, Harm.GROOMING, Harm.SELF_HARM, Harm.OTHER)),
        encoded_labels(jurisdictions="GB"),
    ]
    most = PlatformConfig(5 * MINUTE, CAPACITY).max_cohorts_per_day

    first = subject.apply([filing(number, labels=each) for number, each in enumerate(labels)])
    subject.commit()
    subject.restart()
    known = subject.apply([filing(10, labels=labels[0]), filing(11, labels=labels[-1], at=START + DAY)])
    another_day = subject.apply([filing(0, at=START - 1, logged_at=START, labels=labels[-1])])
    full_day = subject.apply([filing(labels=labels[-1])])

    assert first == [None] * most + [RefusalReason.OVER_CAPACITY] * (len(labels) - most)
    assert known == [None, None]
    assert another_day == [RefusalReason.CONFLICT]
    assert full_day == [RefusalReason.OVER_CAPACITY]


def test_a_file_may_hold_any_number_of_reports() -> None:
    platform = Platform(id="harbor", provider="", report_filed="f", action_taken="a", capacity=CAPACITY)
    registry = Registry({"harbor": platform})

    for rules in (
        batch_ledger_config(registry, STANDARD_RULES),
        batch_ledger_config(Registry.accepting_all(), STANDARD_RULES),
    ):
        ledger = Ledger(rules, CODEC)
        answers = [ledger.apply(filing(number)) for number in range(2 * CAPACITY)]

        assert set(answers) == {None}

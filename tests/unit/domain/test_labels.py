from itertools import count

import pytest

from streams.domain.clocks.clock_history import ClockError, check_unique
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from streams.domain.events import Amendment
from streams.domain.labels import DOWNGRADED, Labels, encode_amendment, encode_labels, is_downgrade
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity
from tests.support.builders import START, action, filing
from tests.support.ledger.harness import LedgerHarness, oracle_with_clocks
from tests.support.ledger.strategies import REPORT_KEYS


def labels(harm: Harm, severity: Severity) -> str:
    """Return the short form of labels that differ in these two alone."""
    return encode_labels(Labels(harm, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, severity, "EU"))  # noqa: FBT003


@pytest.mark.parametrize(
    ("filed", "amended", "laxer"),
    [
        ((Harm.CSAM, Severity.CRITICAL), (None, Severity.HIGH), True),
        ((Harm.CSAM, Severity.HIGH), (None, Severity.CRITICAL), False),
        ((Harm.CSAM, Severity.HIGH), (None, Severity.HIGH), False),
        ((Harm.CSAM, Severity.UNSPECIFIED), (None, Severity.STANDARD), False),
        ((Harm.CSAM, Severity.CRITICAL), (None, Severity.UNSPECIFIED), False),
        ((Harm.GROOMING, Severity.HIGH), (Harm.BULLYING, None), True),
        ((Harm.BULLYING, Severity.HIGH), (Harm.OTHER, None), True),
        ((Harm.GROOMING, Severity.HIGH), (Harm.SEXTORTION, None), False),
        ((Harm.OTHER, Severity.HIGH), (Harm.CSAM, None), False),
        ((Harm.CSAM, Severity.HIGH), (None, None), False),
    ],
)
def test_a_lower_severity_or_a_lesser_harm_is_laxer(
    filed: tuple[Harm, Severity], amended: tuple[Harm | None, Severity | None], *, laxer: bool
) -> None:
    assert is_downgrade(labels(*filed), encode_amendment(*amended)) is laxer


def test_a_downgraded_report_continues_like_any_other() -> None:
    subject = LedgerHarness()
    key, filed = REPORT_KEYS[0], labels(Harm.CSAM, Severity.CRITICAL)
    subject.apply([filing(key=key, labels=filed)])
    subject.commit()
    at = START + 5 * MINUTE
    subject.apply([Amendment(key, "harbor", at, at, 2, 2, Harm.OTHER, Severity.STANDARD)])
    subject.commit()
    subject.restart()
    at = START + HOUR
    subject.apply([action(key=key, at=at)])
    subject.advance(START + DAY)

    (cohort,) = subject.ledger.stored_cohorts().values()

    assert cohort[DOWNGRADED] == 1
    assert cohort[STANDARD_CLOCKS[2].hash] == HOUR
    assert subject.counters()["harbor"]["amended"] == 1


@pytest.mark.parametrize("first_logged", [0, MINUTE])
def test_of_two_amendments_with_one_id_and_instant_the_labels_decide_which_has_effect(first_logged: int) -> None:
    subject, oracle = LedgerHarness(), oracle_with_clocks()
    filed, at = filing(labels=labels(Harm.CSAM, Severity.CRITICAL)), START + HOUR
    laxer = Amendment(filed.key, "harbor", at, at + first_logged, 2, 2, Harm.OTHER, None)
    stricter = Amendment(filed.key, "harbor", at, at + MINUTE - first_logged, 2, 3, Harm.CSAM, None)

    subject.apply([filed, laxer, stricter])

    assert subject.cohorts()
    (cohort,) = subject.ledger.stored_cohorts().values()
    assert cohort.get(DOWNGRADED, 0) == oracle.downgraded([filed, laxer, stricter]).total() == 0


def test_a_clock_with_the_name_of_the_count_as_its_mark_is_refused() -> None:
    unlucky = next(clock for n in count() if (clock := STANDARD_CLOCKS[0]._replace(version=str(n))).hash == DOWNGRADED)

    with pytest.raises(ClockError, match="expected a unique hash, got that of the count of downgraded reports"):
        check_unique([*STANDARD_CLOCKS, unlucky])

"""What is remembered to save time stays small and decides nothing."""

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.outputs.report_updates import encode_report_update as encode_notice
from streams.domain.clocks import selection
from streams.domain.clocks.selection import ClockSelector
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.duration_bins import DAY
from streams.domain.events import Event
from streams.domain.labels import Labels, encode_labels
from streams.domain.ledger.fast_path.memo import Memo
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity
from tests.support.builders import START
from tests.support.ledger.harness import LedgerHarness
from tests.support.ledger.strategies import event_streams

MAX_KEPT = 5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9))))
def test_all_tables_together_hold_no_more_than_they_may(asked: Iterable[tuple[int, int]]) -> None:
    memo, tables = Memo(MAX_KEPT), [dict[int, int]() for _ in range(4)]

    for table, place in asked:
        if place not in tables[table]:
            memo.put(tables[table], place, place * place)

        assert sum(map(len, tables)) <= MAX_KEPT
        assert tables[table][place] == place * place


@given(event_streams())
def test_a_ledger_that_remembers_next_to_nothing_counts_the_same(stream: list[Event]) -> None:
    usual, forgetful = LedgerHarness(), LedgerHarness()
    for memo in (forgetful.ledger._fast_path._deeds._memo, forgetful.ledger._fast_path._updates._memo):
        memo._most = 1

    for subject in (usual, forgetful):
        subject.apply(stream)
        subject.advance(START + 61 * DAY)
        subject.commit()

    assert forgetful.in_memory_state() == usual.in_memory_state()
    assert [*map(encode_notice, forgetful.updates)] == [*map(encode_notice, usual.updates)]


def test_sets_of_labels_are_not_remembered_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_MAX_CACHED", MAX_KEPT)
    selector = ClockSelector(STANDARD_CLOCKS)
    labels = Labels(Harm.CSAM, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, Severity.CRITICAL, "EU")  # noqa: FBT003

    found = {
        selector.clocks_for(encode_labels(labels._replace(harm=harm, severity=severity)), START)
        for harm, severity in product(Harm, Severity)
    }

    assert len(found) == 1
    assert max(map(len, selector._sets_by_period)) <= MAX_KEPT

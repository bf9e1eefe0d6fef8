"""A fault of ours that concerns one platform: the ledger says so, lets go of the platform, and counts the others."""

from collections.abc import Callable

import pytest

from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Event
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.ledger import Ledger
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.reports.report_row import ReportRow
from streams.domain.vocabulary import RefusalReason
from streams.runtime.partition.commits.suspension import without_platforms
from tests.support.builders import START, action, filing
from tests.support.ledger.harness import CODEC, load_rows

BROKEN_ITEMS = 13
"""The items of the report at which something fails."""


class BrokenCodec(MessagePackCodec):
    """Cannot pack one report's row, or not unpack it."""

    def __init__(self, *, pack: bool) -> None:
        super().__init__()
        if pack:
            self.pack_row = self._pack
        else:
            self.unpack_row = self._unpack  # type: ignore[assignment]

    def _pack(self, row: ReportRow) -> bytes:
        if row.entries[0].number == BROKEN_ITEMS:
            raise RuntimeError("a fault of ours")
        return CODEC.pack_row(row)

    def _unpack(self, stored: bytes) -> ReportRow:
        row = CODEC.unpack_row(stored)
        if row.entries[0].number == BROKEN_ITEMS:
            raise RuntimeError("a fault of ours")
        return row


def platform_events(platform: str) -> list[Event]:
    filings = [filing(number, platform=platform) for number in range(3)]
    return [*filings, action(key=filings[0].key, platform=platform)]


def unpackable_report() -> Ledger:
    return Ledger(LedgerConfig(), BrokenCodec(pack=True))


def buffered_report() -> Ledger:
    ledger = Ledger(LedgerConfig(), CODEC)
    settle = ledger._fast_path.settle

    def failing(platform: PlatformState, key: bytes, report: Report, horizon: int) -> None:
        if report.entries[0].number == BROKEN_ITEMS:
            raise RuntimeError("a fault of ours")
        settle(platform, key, report, horizon)

    ledger._fast_path.settle = failing  # type: ignore[method-assign]
    return ledger


@pytest.mark.parametrize("broken", [unpackable_report, buffered_report])
@pytest.mark.parametrize("later", [START + HOUR, START + 3 * DAY], ids=["at the commit", "when time passes"])
def test_a_fault_in_one_platform_leaves_the_others_as_they_are(broken: Callable[[], Ledger], later: int) -> None:
    ledger, alone = broken(), Ledger(LedgerConfig(), CODEC)
    ledger.start()
    alone.start()
    for event in [*platform_events("harbor"), filing(9, items=BROKEN_ITEMS), *platform_events("lantern")]:
        ledger.apply(event)
    for event in platform_events("lantern"):
        alone.apply(event)

    for each in (ledger, alone):
        each.advance(later)
    rows = ledger.drain_changes()
    faults = ledger.drain_faults()
    ledger.suspend(faults)

    assert list(faults) == ["harbor"]
    assert without_platforms(rows, faults) == alone.drain_changes()
    assert ledger.drain_late_refusals() == []
    for each in (ledger, alone):
        each.apply(filing(7, platform="lantern"))
        each.advance(later + 2 * DAY)
    assert without_platforms(ledger.drain_changes(), faults) == alone.drain_changes()


def test_no_row_of_a_suspended_platform_is_written_again() -> None:
    ledger = unpackable_report()
    ledger.start()
    ledger.apply(filing(9, items=BROKEN_ITEMS))
    ledger.drain_changes()
    ledger.suspend(ledger.drain_faults())

    ledger.count_refusal("harbor", RefusalReason.WRONG_PLATFORM)
    ledger.advance(START + 500 * DAY)

    assert ledger.drain_changes() == {}
    assert ledger.drain_faults() == {}


def test_a_row_that_cannot_be_read_back_concerns_its_platform_alone() -> None:
    ledger = Ledger(LedgerConfig(), CODEC)
    ledger.start()
    for event in [filing(9, items=BROKEN_ITEMS), *platform_events("lantern")]:
        ledger.apply(event)
    rows = {key: value for key, value in ledger.drain_changes().items() if value is not None}

    restored = Ledger(LedgerConfig(), BrokenCodec(pack=False))
    load_rows(restored, {**rows, b"c|meadow|20100|gaaaabEU": b"not a map"})
    restored.start(START)

    assert sorted(restored.drain_faults()) == ["harbor", "meadow"]

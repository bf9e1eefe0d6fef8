"""Compare what workers committed and published with one ledger that applied the same lines."""

from collections.abc import Iterable

from streams.batch.load import load_files
from streams.contract.outputs.measures import STATUS_KEY
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from tests.support.ledger import latest_updates
from tests.support.ledger.totals import ledger_totals, report_rows, totals_of_file
from tests.support.process.chain import Chain


def assert_equals_reference(
    chain: Chain, lines: Iterable[bytes], now: int, rulebook: Rulebook = STANDARD_RULES
) -> None:
    """Assert that every event of `lines` was counted once, and that workers published only what they committed.

    `now` is the instant to which the partitions' time has passed.
    """
    lines = list(lines)
    expected = totals_of_file(load_files(lines, chain.registry, rulebook=rulebook), now)
    measured, committed = chain.stored(chain.names.measures), chain.stored(chain.names.changelog)
    wanted, totals = ledger_totals(expected, chain.registry.partitions), ledger_totals(measured)

    assert report_rows(committed) == report_rows(expected)
    assert ledger_totals(committed) == wanted
    assert totals.cohorts == wanted.cohorts
    assert totals.counters == wanted.counters
    assert totals.watermarks == wanted.watermarks
    assert _values(chain, chain.names.measures) <= _values(chain, chain.names.changelog)
    noticed = latest_updates.expected_updates(lines, chain.registry, now, rulebook)
    assert noticed
    without = latest_updates.without_retracted_filings
    assert without(_latest_updates(chain), lines) == without(noticed, lines)


def _latest_updates(chain: Chain) -> latest_updates.LatestUpdates:
    """Return the last word on every clock."""
    return latest_updates.latest_updates(
        record.value or b"" for record in chain.read_committed(chain.names.report_updates)
    )


def _values(chain: Chain, topic: str) -> set[tuple[int, bytes, bytes | None]]:
    """Return every value that a key ever had; statuses are left out, because the changelog does not hold them."""
    records = chain.read_committed(topic)
    return {(record.partition, record.key, record.value) for record in records if record.key != STATUS_KEY}

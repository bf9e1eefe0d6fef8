"""A declaration keeps the instant of its first row, whatever happens afterwards."""

from hypothesis import given
from hypothesis import strategies as st

from streams.contract.outputs.measures import DECLARATION_PREFIX, DeclarationRecord, decode_declaration
from streams.runtime.partition.commits.declared_rows import DeclaredRows

SHA256 = "ab" * 32
KEY = DECLARATION_PREFIX + SHA256.encode()


def rows_of_worker(stored: dict[bytes, bytes], *, by_records: bool = False) -> DeclaredRows:
    """Return the rows of a worker that has just restored `stored`."""
    rows = DeclaredRows({SHA256: "2027-h1"}, are_stamped_by_records=by_records)
    rows.start(stored)
    return rows


def test_the_instant_is_the_broker_s_timestamp_of_the_first_row() -> None:
    rows = rows_of_worker({})

    first = rows.drain_rows()
    rows.confirm(1_000)
    second = rows.drain_rows()
    rows.confirm(2_000)

    assert decode_declaration(first[KEY]) == DeclarationRecord("2027-h1")
    assert decode_declaration(second[KEY]) == DeclarationRecord("2027-h1", 1_000)
    assert not rows.has_rows


@given(st.lists(st.sampled_from(["commit", "restart", "crash"]), max_size=12))
def test_no_restart_changes_an_instant_that_was_committed(steps: list[str]) -> None:
    stored: dict[bytes, bytes] = {}
    rows, now, known = rows_of_worker(stored), 0, 0
    for step in steps:
        now += 1_000
        if step == "commit":
            stored |= rows.drain_rows()
            rows.confirm(now)
        else:
            if step == "crash":
                rows.drain_rows()  # what was drained is lost
            rows = rows_of_worker(stored)
        found = decode_declaration(stored[KEY]).first_seen if KEY in stored else 0
        assert found == known or not known
        known = found

    assert known <= now


def test_a_row_without_an_instant_is_written_again_so_that_it_can_only_become_later() -> None:
    before = rows_of_worker({})
    stored = before.drain_rows()

    rows = rows_of_worker(stored)
    stored |= rows.drain_rows()
    rows.confirm(5_000)
    stored |= rows.drain_rows()

    assert decode_declaration(stored[KEY]).first_seen == 5_000


def test_a_broker_that_sets_no_timestamps_confirms_nothing() -> None:
    rows = rows_of_worker({})
    rows.drain_rows()
    rows.confirm(None)

    assert rows.drain_rows() == {}


def test_where_records_have_the_log_time_the_first_record_says_when_and_the_row_is_a_demo() -> None:
    rows = rows_of_worker({}, by_records=True)
    assert rows.needs_record
    assert not rows.has_rows

    for timestamp in (700, 900):
        rows.observe_record(timestamp)
    stored = rows.drain_rows()
    rows.confirm(5_000)

    assert decode_declaration(stored[KEY]) == DeclarationRecord("2027-h1", 700, is_demo=True)
    assert not rows.has_rows
    assert not rows_of_worker(stored, by_records=True).needs_record


def test_a_changed_file_is_another_declaration_and_the_old_one_keeps_its_instant() -> None:
    old = rows_of_worker({}, by_records=True)
    old.observe_record(700)
    stored = old.drain_rows()

    changed = DeclaredRows({"cd" * 32: "2027-h1"}, are_stamped_by_records=True)
    changed.start(stored)
    changed.observe_record(900)
    stored |= changed.drain_rows()

    assert [decode_declaration(row).first_seen for row in stored.values()] == [700, 900]

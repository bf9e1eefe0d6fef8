import json
from typing import NamedTuple

from streams.admin.replay.selection import (
    ReplayCounts,
    ReplayedRecord,
    ReplayResult,
    Selection,
    check_record,
    fingerprint,
    replayed_record,
    select_records,
    summary_lines,
)
from streams.contract.events.decoder import EventDecoder
from streams.contract.events.keys import record_key
from streams.contract.events.source_records import Refusal
from streams.contract.outputs.refusal_records import EventRefused, StoredRefusal
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import DAY
from streams.domain.events import Event, Heartbeat
from streams.domain.vocabulary import RefusalReason
from tests.support.events.event_lines import EPOCH_OFFSET_MS, filing_line
from tests.support.events.input_record import InputRecord

TOPIC = "report-filed"
LOGGED_AT = EPOCH_OFFSET_MS

RECORD = InputRecord(TOPIC, b"{}", b"harbor|x", LOGGED_AT, None, 1, 7)


class FixedDecoder(NamedTuple):
    """A decoder that always says the same."""

    result: Event | Refusal

    def decode(self, record: object, wall: int | None = None) -> Event | Refusal:
        """Return it."""
        assert record
        assert wall
        return self.result


def refusal(
    reason: RefusalReason = RefusalReason.UNKNOWN_FIELD, field: str = "data", offset: int = 7, at: int = LOGGED_AT
) -> StoredRefusal:
    about = EventRefused(reason=reason, field=field, platform="harbor", topic=TOPIC, partition=1, offset=offset)
    return StoredRefusal(logged_at=at, data=about)


def test_batches_that_cannot_be_read_are_left_to_their_platforms_even_if_they_are_named() -> None:
    batch = refusal(RefusalReason.UNDECODABLE, "")

    found, named = (
        select_records([batch, batch], Selection(reasons))
        for reasons in (frozenset(), frozenset({RefusalReason.UNDECODABLE}))
    )

    assert (
        (found.by_partition, found.left_out)
        == (named.by_partition, named.left_out)
        == ({}, {RefusalReason.UNDECODABLE: 2})
    )
    assert (
        "(the platform must publish their events again): 2 batches"
        in list(summary_lines(ReplayCounts(), found.left_out))[-1]
    )


def replayed_at(now: int) -> ReplayedRecord:
    again = replayed_record(RECORD, refusal(), now)
    assert again is not None
    return again


def test_a_refusal_that_was_published_twice_is_looked_at_once() -> None:
    found = select_records([refusal(), refusal(), refusal(offset=8)], Selection())

    assert {topic_partition: sorted(places) for topic_partition, places in found.by_partition.items()} == {
        (TOPIC, 1): [7, 8]
    }


def test_what_the_ledger_decided_is_left_to_it_unless_it_is_named() -> None:
    orphan, late = refusal(RefusalReason.ORPHAN, ""), refusal(RefusalReason.BAD_TIME, "", offset=8)

    assert select_records([orphan, late, refusal(RefusalReason.BAD_TIME, "time", 9)], Selection()).left_out == {
        "orphan": 1,
        "bad_time": 1,
    }
    assert select_records([orphan], Selection(frozenset({RefusalReason.ORPHAN}))).left_out == {}


def test_only_what_was_asked_for_is_looked_at() -> None:
    refusals = [refusal(), refusal(RefusalReason.TOO_LARGE, offset=8), refusal(offset=9, at=LOGGED_AT - 1)]

    found = select_records(refusals, Selection(frozenset({RefusalReason.UNKNOWN_FIELD}), since=LOGGED_AT))

    assert [sorted(places) for places in found.by_partition.values()] == [[7]]


def test_another_record_at_the_old_offset_is_not_taken_for_the_refused_one() -> None:
    assert replayed_record(RECORD._replace(timestamp=LOGGED_AT + 1), refusal(), None) is None


def test_a_record_keeps_its_own_stamp_only_where_the_senders_stamp() -> None:
    kept = replayed_record(RECORD, refusal(), None)

    assert kept is not None
    assert kept.timestamp == LOGGED_AT
    assert replayed_at(LOGGED_AT + DAY).timestamp == LOGGED_AT + DAY


def test_a_filing_that_would_be_too_old_by_now_is_still_refused() -> None:
    line = filing_line("a", at=0)
    decoder, tally = EventDecoder(Registry.accepting_all()), ReplayCounts()
    record = RECORD._replace(key=record_key("meadow", json.loads(line)["subject"]), value=line)

    at_once, later = (replayed_record(record, refusal(), now) for now in (LOGGED_AT, LOGGED_AT + 15 * DAY))

    assert at_once is not None
    assert later is not None
    assert check_record(decoder, at_once, tally, LOGGED_AT) is ReplayResult.ACCEPTED
    assert check_record(decoder, later, tally, LOGGED_AT + 15 * DAY) is ReplayResult.REFUSED
    assert tally.current_reasons == {RefusalReason.TOO_OLD: 1}


def test_what_keeps_its_sender_s_stamp_and_is_still_ahead_of_the_clock_is_refused_as_a_worker_would() -> None:
    line = filing_line("a", at=DAY)
    key = record_key("meadow", json.loads(line)["subject"])
    decoder, tally = EventDecoder(Registry.accepting_all()), ReplayCounts()
    own = replayed_record(
        RECORD._replace(timestamp=LOGGED_AT + DAY, key=key, value=line), refusal(at=LOGGED_AT + DAY), None
    )

    assert own is not None
    assert check_record(decoder, own, tally, LOGGED_AT) is ReplayResult.REFUSED
    assert check_record(decoder, own, tally, LOGGED_AT + DAY) is ReplayResult.ACCEPTED
    assert tally.current_reasons == {RefusalReason.FUTURE_TIME: 1}


def test_a_heartbeat_is_not_promised_again() -> None:
    assert (
        check_record(
            FixedDecoder(Heartbeat("harbor", 1, 1, 1, 1, TOPIC)), replayed_at(LOGGED_AT), ReplayCounts(), LOGGED_AT
        )
        is ReplayResult.HEARTBEAT
    )


def test_only_what_says_the_same_has_the_same_print() -> None:
    one = replayed_at(LOGGED_AT)
    others = [
        one._replace(partition=2),
        one._replace(key=b"y"),
        one._replace(value=None),
        one._replace(headers=(("ce_id", b"1"),)),
    ]

    assert fingerprint(one._replace(offset=8, timestamp=LOGGED_AT + 1)) == fingerprint(one)
    assert len({fingerprint(one), *map(fingerprint, others)}) == 5


def test_every_count_is_reported_by_the_reason_of_then_and_of_today() -> None:
    tally = ReplayCounts()
    tally.add(refusal(), ReplayResult.ACCEPTED)
    tally.add(refusal(RefusalReason.TOO_LARGE), ReplayResult.GONE)
    tally.current_reasons[RefusalReason.TOO_OLD] = 2

    lines = list(summary_lines(tally, {RefusalReason.ORPHAN: 4}))

    assert [line.split() for line in lines[1:4]] == [
        ["too_large", "0", "0", "1", "0"],
        ["unknown_field", "1", "0", "0", "0"],
        ["all", "1", "0", "1", "0"],
    ]
    assert lines[4] == "refused today as: too_old 2"
    assert lines[5].endswith("orphan 4")


def test_who_was_refused_is_reported_with_the_field_and_where_the_last_one_lies() -> None:
    tally = ReplayCounts()
    for one in (refusal(at=LOGGED_AT + 1), refusal(offset=9), refusal(RefusalReason.INTERNAL, "", offset=8)):
        tally.add(one, ReplayResult.REFUSED)

    assert list(summary_lines(tally, {}))[-2:] == [
        "harbor: internal, 1 of them, the last at report-filed 1 8",
        "harbor: unknown_field in data, 2 of them, the last at report-filed 1 7",
    ]

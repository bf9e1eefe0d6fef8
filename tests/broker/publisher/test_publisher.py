"""The library against brokers: what arrives, and what the caller hears."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from threading import Thread
from typing import Any

import pytest
from kafka.partitioner import murmur2

from producers.publisher.errors import BrokerError, PublisherError, RefusedBeforeSendingError
from producers.publisher.publisher import Publisher
from streams.contract.events import keys
from streams.contract.events.decoder import EventDecoder, EventLimits
from streams.contract.registry.registry import Role
from streams.domain.events import Action, Amendment, Filing, Heartbeat, Retraction
from streams.domain.vocabulary import Outcome
from tests.support.process.publisher_harness import FACTS, NOON, PARTITIONS, SECRET, PublisherHarness


def file_reports(publisher: Publisher, numbers: range) -> None:
    for number in numbers:
        publisher.report_filed(report_id=f"r{number}", at=NOON - number, event_id=f"event-{number:05d}", **FACTS)


def decoded(stage: PublisherHarness, records: list[Any]) -> list[Any]:
    # The tests' instants lie in the past, the brokers stamp records with today.
    decoder = EventDecoder(stage.registry, EventLimits(max_future_ms=10**15, max_age_ms=10**15))
    return [decoder.decode(record) for record in records]


def test_every_event_arrives_once_where_its_key_belongs(each_publisher: PublisherHarness) -> None:
    with each_publisher.publisher() as publisher:
        file_reports(publisher, range(300))

    records = each_publisher.read_events(300)

    assert Counter(event.key for event in decoded(each_publisher, records)) == Counter(
        keys.record_key("harbor", keys.report_token(SECRET, "k1", f"r{number}")) for number in range(300)
    )
    assert all(record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS for record in records)
    assert publisher.acknowledged == 300


def test_every_kind_of_event_travels_on_its_topic_and_is_understood(any_publisher: PublisherHarness) -> None:
    with any_publisher.publisher() as publisher:
        filed = publisher.report_filed(report_id="r1", at=NOON - 9, **FACTS)
        acted = publisher.action_taken(
            report_id="r1", at=NOON - 5, outcome="restricted", restrictions=["removed"], extent="global", ground="law"
        )
        publisher.report_amended(report_id="r1", at=NOON - 3, reason="triage", severity="critical")
        publisher.event_retracted(
            report_id="r1", at=NOON, role=Role.ACTION_TAKEN, retracts=acted.event_id, reason="error"
        )

    records = any_publisher.read_events(4)
    events = dict(zip([record.topic for record in records], decoded(any_publisher, records), strict=True))
    kinds = Counter(
        (record.topic, type(event)) for record, event in zip(records, decoded(any_publisher, records), strict=True)
    )

    assert kinds == Counter(
        [
            (any_publisher.topics[0], Filing),
            (any_publisher.topics[0], Amendment),
            (any_publisher.topics[1], Action),
            (any_publisher.topics[1], Retraction),
        ]
    )
    assert filed.token == acted.token
    assert len({event.key for event in events.values()}) == 1
    assert next(event for event in decoded(any_publisher, records) if isinstance(event, Action)).kind == (
        Outcome.RESTRICTED,
        True,
        None,
    )


def test_an_event_that_the_contract_refuses_never_leaves(any_publisher: PublisherHarness) -> None:
    wrong = FACTS.copy()
    wrong["harm"] = "a secret word"

    with any_publisher.publisher() as publisher:
        with pytest.raises(RefusedBeforeSendingError) as wrong_word:
            publisher.report_filed(report_id="r1", at=NOON, **wrong)
        with pytest.raises(RefusedBeforeSendingError) as nameless:
            publisher.report_filed(report_id="r1", at=NOON, event_id="", **FACTS)
        with pytest.raises(RefusedBeforeSendingError) as too_old:
            publisher.report_filed(report_id="r1", at=NOON - 15 * 86_400_000, **FACTS)
        publisher.report_filed(report_id="r1", at=NOON, **FACTS)

    assert (wrong_word.value.reason, wrong_word.value.field) == ("bad_value", "harm")
    assert "secret" not in str(wrong_word.value)
    assert (nameless.value.reason, nameless.value.field) == ("bad_value", "id")
    assert too_old.value.reason == "too_old"
    assert len(any_publisher.read_events(1)) == 1


def test_an_instant_in_another_unit_than_milliseconds_is_refused_by_its_field(any_publisher: PublisherHarness) -> None:
    nanoseconds = NOON * 1_000_000

    with any_publisher.publisher() as publisher:
        with pytest.raises(RefusedBeforeSendingError) as event:
            publisher.report_filed(report_id="r1", at=nanoseconds, **FACTS)
        with pytest.raises(RefusedBeforeSendingError) as promise:
            publisher.send_heartbeat_now(nanoseconds)

    assert (event.value.reason, event.value.field) == ("bad_time", "time")
    assert (promise.value.reason, promise.value.field) == ("bad_time", "complete_through")


def test_a_heartbeat_reaches_every_partition_of_both_topics_in_sequence(each_publisher: PublisherHarness) -> None:
    with each_publisher.publisher() as publisher:
        publisher.send_heartbeat(NOON - 20)
        publisher.send_heartbeat(NOON - 10)

    records = each_publisher.read_events(4 * PARTITIONS)
    heartbeats = decoded(each_publisher, records)

    places = {(topic, number) for topic in each_publisher.topics for number in range(PARTITIONS)}
    for place in places:
        here = [
            (event.sequence, event.complete_through)
            for record, event in zip(records, heartbeats, strict=True)
            if (record.topic, record.partition) == place and isinstance(event, Heartbeat)
        ]
        assert here == [(1, NOON - 20), (2, NOON - 10)]


@pytest.mark.parametrize("promise", [Publisher.send_heartbeat, Publisher.send_heartbeat_now])
def test_a_promise_that_lies_ahead_is_refused_and_keeps_no_later_one_from_being_made(
    any_publisher: PublisherHarness, promise: Callable[[Publisher, int], object]
) -> None:
    with any_publisher.publisher() as publisher:
        with pytest.raises(RefusedBeforeSendingError) as ahead:
            promise(publisher, NOON + 86_400_000)
        reach = publisher.send_heartbeat_now(NOON)

    assert (ahead.value.reason, ahead.value.field, reach) == ("future_time", "complete_through", NOON)
    assert {event.complete_through for event in decoded(any_publisher, any_publisher.read_events(2 * PARTITIONS))} == {
        NOON
    }


def test_heartbeats_go_on_when_a_clock_that_was_ahead_is_right_again(any_publisher: PublisherHarness) -> None:
    tomorrow = now = NOON + 86_400_000

    with any_publisher.publisher(now=lambda: now) as publisher:
        ahead = publisher.send_heartbeat_now(tomorrow)
        now = NOON
        reach = publisher.send_heartbeat_now(NOON)

    assert (ahead, reach) == (tomorrow, NOON)


def test_heartbeats_come_by_themselves_and_only_after_what_they_promise(any_publisher: PublisherHarness) -> None:
    clock = count(NOON)
    handed_over = NOON - 1  # nothing yet: the first report happens at noon

    def outbox_is_empty_up_to() -> int:
        return handed_over

    with any_publisher.publisher(now=lambda: next(clock)) as publisher:
        publisher.start_heartbeats(outbox_is_empty_up_to, every_ms=1)
        for number in range(200):
            at = NOON + number
            publisher.report_filed(report_id=f"r{number}", at=at, **FACTS)
            handed_over = at
        publisher.flush()
        publisher.send_heartbeat_now(handed_over)
    records = any_publisher.read_events(200 + 2 * PARTITIONS)

    assert publisher.complete_through == handed_over
    for number in range(PARTITIONS):
        promised = 0
        mine = [r for r in records if r.partition == number and r.topic == any_publisher.topics[0]]
        for event in decoded(any_publisher, sorted(mine, key=lambda record: int(record.offset))):
            if isinstance(event, Heartbeat):
                assert event.complete_through >= promised
                promised = event.complete_through
            else:
                assert event.at > promised


def test_many_threads_share_one_publisher(any_publisher: PublisherHarness) -> None:
    publisher = any_publisher.publisher(max_pending=50)
    threads = [Thread(target=file_reports, args=(publisher, range(n * 100, n * 100 + 100))) for n in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publisher.close()

    assert publisher.acknowledged == 400
    assert len({record.key for record in any_publisher.read_events(400)}) == 400


def test_a_closed_publisher_takes_nothing_more(any_publisher: PublisherHarness) -> None:
    publisher = any_publisher.publisher()
    publisher.close()
    publisher.close()

    with pytest.raises(PublisherError, match="closed"):
        publisher.report_filed(report_id="r1", at=NOON, **FACTS)


def test_a_broker_without_the_topics_is_named(apache_publisher: PublisherHarness) -> None:
    elsewhere = replace(
        apache_publisher, platform=replace(apache_publisher.platform, report_filed="absent", action_taken="missing")
    )

    with pytest.raises(BrokerError, match="absent"):
        elsewhere.publisher(block_ms=3000)

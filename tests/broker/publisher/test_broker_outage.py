"""A broker that dies in the middle: the caller is told, the account is right, and running again completes it."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient

from producers.publisher.errors import (
    BrokerError,
    BufferFullError,
    NotAcknowledgedError,
    PromiseError,
)
from producers.publisher.publisher import Publisher
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.batch_sender import fetch_partition_count, open_batch_sender
from producers.publisher.upload.request import UploadRequest, publish_blocks, publish_files
from streams.edge.files.line_blocks import group_lines
from tests.support.broker.apache import ApacheKafka
from tests.support.broker.embedded import embedded_broker
from tests.support.process.publisher_harness import (
    FACTS,
    NOON,
    PublisherHarness,
    SettingChanges,
    filing_line,
    publisher_harness,
    write_lines,
)

pytestmark = pytest.mark.long

TIMEOUT_MS = 3000
LINES = 24_000
LINES_BEFORE_OUTAGE = 4_000


def with_short_timeout(made: PublisherHarness) -> PublisherHarness:
    settings = replace(made.settings, delivery_timeout_ms=TIMEOUT_MS, block_ms=TIMEOUT_MS)
    return replace(made, settings=settings)


@contextmanager
def stopped_broker(**changes: Unpack[SettingChanges]) -> Iterator[Publisher]:
    """Yield a publisher whose broker has gone."""
    with embedded_broker() as bootstrap:
        publisher = with_short_timeout(publisher_harness(bootstrap, idempotent=False)).publisher(**changes)
    yield publisher


def with_long_timeout(made: PublisherHarness) -> PublisherSettings:
    return replace(made.settings, delivery_timeout_ms=20_000)


def test_a_publisher_whose_broker_died_names_what_was_not_acknowledged() -> None:
    with ExitStack() as broker:
        publisher = with_short_timeout(
            publisher_harness(broker.enter_context(embedded_broker()), idempotent=False)
        ).publisher()
        publisher.report_filed(report_id="r1", at=NOON, event_id="event-one", **FACTS)
        publisher.flush()
        broker.close()

        publisher.report_filed(report_id="r2", at=NOON, event_id="event-two", **FACTS)
        with pytest.raises(NotAcknowledgedError) as raised:
            publisher.close()

    assert raised.value.ids == ("event-two",)
    assert publisher.acknowledged == 1


def test_a_failure_is_reported_before_anything_new_is_sent_and_holds_the_promise_back() -> None:
    with stopped_broker() as publisher:
        publisher.report_filed(report_id="r1", at=NOON - 10, event_id="event-one", **FACTS)

        with pytest.raises(NotAcknowledgedError):
            publisher.flush()
        reach = publisher.send_heartbeat_now(NOON)
        with pytest.raises(NotAcknowledgedError, match="a heartbeat") as raised:
            publisher.close(timeout_ms=10)

    assert (reach, raised.value.ids) == (NOON - 11, ())


def test_a_flush_with_no_time_does_not_wait() -> None:
    with stopped_broker() as publisher:
        publisher.report_filed(report_id="r1", at=NOON, event_id="event-one", **FACTS)

        with pytest.raises(NotAcknowledgedError, match="not answered yet"):
            publisher.flush(timeout_ms=0)
        with pytest.raises(NotAcknowledgedError):
            publisher.close(timeout_ms=0)


def test_a_promise_that_would_not_hold_is_not_made_in_part() -> None:
    with stopped_broker() as publisher:
        publisher.report_filed(report_id="r1", at=NOON - 10, event_id="event-one", **FACTS)
        with pytest.raises(NotAcknowledgedError):
            publisher.flush()

        with pytest.raises(PromiseError):
            publisher.send_heartbeat(NOON)
        publisher.close()

    assert (publisher.complete_through, publisher.next_sequence) == (None, 1)


def test_more_events_than_fit_are_pushed_back_to_the_caller() -> None:
    with stopped_broker(max_pending=3, block_ms=50) as publisher:
        for number in range(3):
            publisher.report_filed(report_id=f"r{number}", at=NOON, event_id=f"event-{number:03d}", **FACTS)

        with pytest.raises(BufferFullError):
            publisher.report_filed(report_id="r3", at=NOON, event_id="event-003", **FACTS)
        with pytest.raises(NotAcknowledgedError) as raised:
            publisher.close()

    assert raised.value.ids == ("event-000", "event-001", "event-002")


def test_a_file_whose_broker_died_is_reported_from_which_line_to_resume() -> None:
    with ExitStack() as broker:
        made = with_short_timeout(publisher_harness(broker.enter_context(embedded_broker()), idempotent=False))
        order = UploadRequest(settings=made.settings, registry=made.registry, history=True)

        def pull_the_plug(_size: int, acknowledged: int) -> None:
            if acknowledged >= LINES_BEFORE_OUTAGE:
                broker.close()

        result = publish_blocks(order, group_lines(filing_line(number) for number in range(LINES)), pull_the_plug)

    assert result.exit_code == 1
    assert result.resume_from_line is not None
    assert 1 < result.resume_from_line <= result.acknowledged + 1 < LINES
    assert "did not acknowledge" in result.stop_cause


@pytest.mark.slow
def test_a_file_that_was_broken_off_is_completed_by_running_again(
    stoppable_apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    made = with_short_timeout(publisher_harness(stoppable_apache_kafka.bootstrap, idempotent=True))
    path = write_lines(tmp_path, [filing_line(number) for number in range(LINES)])
    order = UploadRequest(settings=made.settings, registry=made.registry, paths=(path,), history=True)

    def pull_the_plug(_size: int, acknowledged: int) -> None:
        if acknowledged >= LINES_BEFORE_OUTAGE:
            stoppable_apache_kafka.kill()

    broken_off = publish_files(order, pull_the_plug)
    stoppable_apache_kafka.start()
    before = {record.value for record in made.read_events(broken_off.acknowledged)}
    assert broken_off.resume_from_line is not None
    again = publish_files(replace(order, settings=with_long_timeout(made), from_line=broken_off.resume_from_line))
    after = {record.value for record in made.read_events(LINES)}

    assert LINES_BEFORE_OUTAGE <= broken_off.acknowledged <= len(before)
    assert {filing_line(number) for number in range(broken_off.resume_from_line - 1)} <= before
    assert again.acknowledged == LINES - broken_off.resume_from_line + 1
    assert after == {filing_line(number) for number in range(LINES)}


def test_a_broker_that_goes_away_before_it_describes_its_topics_is_named() -> None:
    async def asked() -> None:
        with embedded_broker() as bootstrap:
            producer = AIOKafkaProducer(bootstrap_servers=bootstrap, request_timeout_ms=1_000)
            await producer.start()
        try:
            await fetch_partition_count(producer, ["report-filed"], bootstrap)
        finally:
            await producer.stop()

    with pytest.raises(BrokerError, match=r"expected a list of topics from 127\.0\.0\.1:\d+, got an error"):
        asyncio.run(asked())


async def test_a_broker_that_is_gone_after_its_first_answer_is_no_broker(
    embedded_broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = publisher_harness(embedded_broker, idempotent=True)
    settings = replace(harness.settings, delivery_timeout_ms=500)
    monkeypatch.setattr(AIOKafkaClient, "get_random_node", lambda _: None)  # as if the answer had named no node

    with pytest.raises(BrokerError, match=r"expected a broker at .*, none answered"):
        async with open_batch_sender(settings, harness.topics):
            pass

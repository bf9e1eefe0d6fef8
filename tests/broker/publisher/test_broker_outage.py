"""A broker that dies in the middle: the caller is told, the account is right, and running again completes it."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import pytest
from aiokafka import AIOKafkaProducer

from producers.publisher.errors import (
    BrokerError,
    BufferFullError,
    NotAcknowledgedError,
    PromiseError,
)
from producers.publisher.publisher import Publisher
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.batch_sender import fetch_partition_count
from producers.publisher.upload.request import UploadRequest, publish_blocks, publish_files
from streams.edge.files.line_blocks import group_lines
from tests.broker.publisher.test_publisher import FACTS
from tests.support.broker.apache import ApacheKafka
from tests.support.broker.embedded import embedded_broker
from tests.support.process.publisher_harness import NOON, Changes, Stage, filing, stage, written

PATIENCE_MS = 3000
LINES = 24_000
ENOUGH = 4_000


def impatient(made: Stage) -> Stage:
    settings = replace(made.settings, delivery_timeout_ms=PATIENCE_MS, block_ms=PATIENCE_MS)
    return replace(made, settings=settings)


@contextmanager
def cut_off(**changes: Unpack[Changes]) -> Iterator[Publisher]:
    """Yield a publisher whose broker has gone."""
    with embedded_broker() as bootstrap:
        publisher = impatient(stage(bootstrap, idempotent=False)).publisher(**changes)
    yield publisher


def calm(made: Stage) -> PublisherSettings:
    return replace(made.settings, delivery_timeout_ms=20_000)


def test_a_publisher_whose_broker_died_names_what_was_not_acknowledged() -> None:
    with ExitStack() as broker:
        publisher = impatient(stage(broker.enter_context(embedded_broker()), idempotent=False)).publisher()
        publisher.report_filed(report_id="r1", at=NOON, event_id="event-one", **FACTS)
        publisher.flush()
        broker.close()

        publisher.report_filed(report_id="r2", at=NOON, event_id="event-two", **FACTS)
        with pytest.raises(NotAcknowledgedError) as told:
            publisher.close()

    assert told.value.ids == ("event-two",)
    assert publisher.acknowledged == 1


def test_a_failure_is_told_before_anything_new_is_sent_and_holds_the_promise_back() -> None:
    with cut_off() as publisher:
        publisher.report_filed(report_id="r1", at=NOON - 10, event_id="event-one", **FACTS)

        with pytest.raises(NotAcknowledgedError):
            publisher.flush()
        reach = publisher.send_heartbeat_now(NOON)
        with pytest.raises(NotAcknowledgedError, match="a heartbeat") as told:
            publisher.close(timeout_ms=10)

    assert (reach, told.value.ids) == (NOON - 11, ())


def test_a_flush_with_no_time_does_not_wait() -> None:
    with cut_off() as publisher:
        publisher.report_filed(report_id="r1", at=NOON, event_id="event-one", **FACTS)

        with pytest.raises(NotAcknowledgedError, match="not answered yet"):
            publisher.flush(timeout_ms=0)
        with pytest.raises(NotAcknowledgedError):
            publisher.close(timeout_ms=0)


def test_a_promise_that_would_not_hold_is_not_made_in_part() -> None:
    with cut_off() as publisher:
        publisher.report_filed(report_id="r1", at=NOON - 10, event_id="event-one", **FACTS)
        with pytest.raises(NotAcknowledgedError):
            publisher.flush()

        with pytest.raises(PromiseError):
            publisher.send_heartbeat(NOON)
        publisher.close()

    assert (publisher.complete_through, publisher.next_sequence) == (None, 1)


def test_more_events_than_fit_are_pushed_back_to_the_caller() -> None:
    with cut_off(max_pending=3, block_ms=50) as publisher:
        for number in range(3):
            publisher.report_filed(report_id=f"r{number}", at=NOON, event_id=f"event-{number:03d}", **FACTS)

        with pytest.raises(BufferFullError):
            publisher.report_filed(report_id="r3", at=NOON, event_id="event-003", **FACTS)
        with pytest.raises(NotAcknowledgedError) as told:
            publisher.close()

    assert told.value.ids == ("event-000", "event-001", "event-002")


def test_a_file_whose_broker_died_is_told_from_which_line_to_resume() -> None:
    with ExitStack() as broker:
        made = impatient(stage(broker.enter_context(embedded_broker()), idempotent=False))
        order = UploadRequest(settings=made.settings, registry=made.registry, history=True)

        def pull_the_plug(_size: int, acknowledged: int) -> None:
            if acknowledged >= ENOUGH:
                broker.close()

        told = publish_blocks(order, group_lines(filing(number) for number in range(LINES)), pull_the_plug)

    assert told.exit_code == 1
    assert told.resume_from_line is not None
    assert 1 < told.resume_from_line <= told.acknowledged + 1 < LINES
    assert "did not acknowledge" in told.stop_cause


@pytest.mark.slow
def test_a_file_that_was_broken_off_is_completed_by_running_again(
    apache_kafka_server: ApacheKafka, tmp_path: Path
) -> None:
    made = impatient(stage(apache_kafka_server.bootstrap, idempotent=True))
    path = written(tmp_path, [filing(number) for number in range(LINES)])
    order = UploadRequest(settings=made.settings, registry=made.registry, paths=(path,), history=True)

    def pull_the_plug(_size: int, acknowledged: int) -> None:
        if acknowledged >= ENOUGH:
            apache_kafka_server.kill()

    broken_off = publish_files(order, pull_the_plug)
    apache_kafka_server.start()
    before = {record.value for record in made.arrived(broken_off.acknowledged)}
    assert broken_off.resume_from_line is not None
    again = publish_files(replace(order, settings=calm(made), from_line=broken_off.resume_from_line))
    after = {record.value for record in made.arrived(LINES)}

    assert ENOUGH <= broken_off.acknowledged <= len(before)
    assert {filing(number) for number in range(broken_off.resume_from_line - 1)} <= before
    assert again.acknowledged == LINES - broken_off.resume_from_line + 1
    assert after == {filing(number) for number in range(LINES)}


def test_a_broker_that_goes_away_before_it_has_told_of_its_topics_is_named() -> None:
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

"""A topic that gets more partitions while somebody publishes: nothing may go to a partition that is no longer its key's."""

from contextlib import closing
from time import monotonic
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient

from producers.publisher.delivery.kafka_producer import AcknowledgedProducer
from producers.publisher.errors import BrokerError
from producers.publisher.upload.batch_sender import OutgoingRecord, UndeliveredError, open_batch_sender
from tests.support.process.publisher_harness import PARTITIONS, TIMEOUT_SECONDS, PublisherHarness, filing_line


def add_partitions(stage: PublisherHarness) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=stage.settings.servers)) as admin:
        admin.create_partitions(dict.fromkeys(stage.topics, PARTITIONS + 2))


async def test_a_file_or_pipe_stops_before_the_next_batch(apache_publisher: PublisherHarness) -> None:
    filed, _ = apache_publisher.topics
    async with open_batch_sender(apache_publisher.settings, apache_publisher.topics) as sender:
        await sender.add([OutgoingRecord(filed, 0, b"harbor|a", filing_line(1), None, 1)])
        await sender.flush()
        add_partitions(apache_publisher)
        await _known_partitions(sender._producer.client, filed)
        await sender.add([OutgoingRecord(filed, 0, b"harbor|a", filing_line(2), None, 2)])

        with pytest.raises(UndeliveredError, match=f"{filed}: expected {PARTITIONS} partitions, as at the start, got"):
            await sender.flush()

        assert sender.unacknowledged() == {2}
    assert len(apache_publisher.read_events(1)) == 1


async def _known_partitions(client: Any, topic: str) -> None:  # noqa: ANN401 - aiokafka's own
    deadline = monotonic() + TIMEOUT_SECONDS
    while len(client.cluster.partitions_for_topic(topic)) == PARTITIONS and monotonic() < deadline:
        await client.force_metadata_update()


def test_the_library_raises_instead_of_sending(apache_publisher: PublisherHarness) -> None:
    filed, _ = apache_publisher.topics
    wire = AcknowledgedProducer(apache_publisher.settings, apache_publisher.topics)
    try:
        add_partitions(apache_publisher)
        deadline = monotonic() + TIMEOUT_SECONDS
        while len(wire._producer.partitions_for(filed)) == PARTITIONS and monotonic() < deadline:
            wire._producer._metadata.request_update()

        with pytest.raises(BrokerError, match=f"{filed}: expected {PARTITIONS} partitions, as at the start, got"):
            wire.send(filed, 0, b"harbor|a", filing_line(1))
    finally:
        wire.close()

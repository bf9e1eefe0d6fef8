"""A topic that gets more partitions while somebody publishes: nothing may go to a partition that is no longer its key's."""

from contextlib import closing
from time import monotonic
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient

from producers.publisher.delivery.kafka_producer import AcknowledgedProducer
from producers.publisher.errors import BrokerError
from producers.publisher.upload.batch_sender import OutgoingRecord, UndeliveredError, open_batch_sender
from tests.support.process.publisher_harness import DEADLINE_S, PARTITIONS, Stage, filing


def grow(stage: Stage) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=stage.settings.servers)) as admin:
        admin.create_partitions(dict.fromkeys(stage.topics, PARTITIONS + 2))


async def test_a_file_or_pipe_stops_before_the_next_batch(apache: Stage) -> None:
    filed, _ = apache.topics
    async with open_batch_sender(apache.settings, apache.topics) as sender:
        await sender.add([OutgoingRecord(filed, 0, b"harbor|a", filing(1), None, 1)])
        await sender.flush()
        grow(apache)
        await _told_of(sender._producer.client, filed)
        await sender.add([OutgoingRecord(filed, 0, b"harbor|a", filing(2), None, 2)])

        with pytest.raises(UndeliveredError, match=f"{filed}: expected {PARTITIONS} partitions, as at the start, got"):
            await sender.flush()

        assert sender.unacknowledged() == {2}
    assert len(apache.arrived(1)) == 1


async def _told_of(client: Any, topic: str) -> None:  # noqa: ANN401 - aiokafka's own
    deadline = monotonic() + DEADLINE_S
    while len(client.cluster.partitions_for_topic(topic)) == PARTITIONS and monotonic() < deadline:
        await client.force_metadata_update()


def test_the_library_raises_instead_of_sending(apache: Stage) -> None:
    filed, _ = apache.topics
    wire = AcknowledgedProducer(apache.settings, apache.topics)
    try:
        grow(apache)
        deadline = monotonic() + DEADLINE_S
        while len(wire._producer.partitions_for(filed)) == PARTITIONS and monotonic() < deadline:
            wire._producer._metadata.request_update()

        with pytest.raises(BrokerError, match=f"{filed}: expected {PARTITIONS} partitions, as at the start, got"):
            wire.send(filed, 0, b"harbor|a", filing(1))
    finally:
        wire.close()

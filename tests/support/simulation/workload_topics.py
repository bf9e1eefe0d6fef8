"""The workload on a broker: topics made and filled."""

import asyncio
from collections.abc import Collection

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.contract.registry.registry import Registry, Role
from streams.contract.topics import MEASURES, Replication, TopicSettings, required_topics
from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.kafka.topics import delete_topics
from tests.support.simulation.workload import PARTITIONS, Workload, WorkloadRecord

_BATCH_BYTES = 512 * 1024
_UNLIMITED_RETENTION = {
    "retention.ms": "-1"
}  # the workload's records are months old: by default Apache Kafka drops them on sight


def topic_name(prefix: str, role: Role, platform: str, own: Collection[str] = ()) -> str:
    """Return the topic of a platform, which it shares with all that have no topics of their `own`."""
    return f"{prefix}{role}.{platform}" if platform in own else f"{prefix}{role}"


def topic_names(prefix: str, own: Collection[str] = ()) -> tuple[str, ...]:
    """Return the source topics of a workload, the shared ones by the order of roles; no prefix gives the contract's own."""
    return tuple(topic_name(prefix, role, platform, own) for platform in ("", *own) for role in Role)


def create(bootstrap: str, prefix: str, own: Collection[str] = ()) -> None:
    """Create the topics of `prefix`."""
    with KafkaAdmin(bootstrap) as broker:
        for name in topic_names(prefix, own):
            broker.create_topic(
                TopicSettings(name=name, partitions=PARTITIONS, replication_factor=1, config=_UNLIMITED_RETENTION)
            )


def create_output_topics(bootstrap: str, application: str, registry: Registry | None = None) -> None:
    """Create the topics that a worker of this name needs, with an empty `measures`: it refuses those of another worker."""
    delete_topics(bootstrap, [MEASURES])
    wanted = required_topics(
        registry or Registry.accepting_all(), application, Replication(factor=1, min_insync=1), record_time="create"
    )
    with KafkaAdmin(bootstrap) as broker:
        found = broker.describe_topics(topic.name for topic in wanted)
        for topic in wanted:
            if topic.name not in found:
                broker.create_topic(topic)


def publish_workload(bootstrap: str, prefix: str, workload: Workload, own: Collection[str] = ()) -> None:
    """Create the topics of `prefix` and put the workload on them, in order."""
    create(bootstrap, prefix, own)
    asyncio.run(_publish(bootstrap, prefix, workload, own))


async def _publish(bootstrap: str, prefix: str, workload: Workload, own: Collection[str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=_BATCH_BYTES)
    await producer.start()
    try:
        filling: dict[tuple[str, int], BatchBuilder] = {}
        for record in workload.records:
            platform = record.key.partition(b"|")[0].decode()
            await _add(producer, filling, topic_name(prefix, record.role, platform, own), record)
        for (topic, partition), batch in filling.items():
            await (await producer.send_batch(batch, topic, partition=partition))
    finally:
        await producer.stop()


async def _add(
    producer: AIOKafkaProducer, filling: dict[tuple[str, int], BatchBuilder], topic: str, record: WorkloadRecord
) -> None:
    place = (topic, record.partition)
    batch = filling.get(place) or filling.setdefault(place, producer.create_batch())
    if batch.append(key=record.key, value=record.value, timestamp=record.logged_ms) is None:
        await (await producer.send_batch(batch, place[0], partition=place[1]))
        batch = filling[place] = producer.create_batch()
        batch.append(key=record.key, value=record.value, timestamp=record.logged_ms)

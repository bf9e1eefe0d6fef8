"""What an operator's tools can do to topics and groups, by right or by mistake."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final

from aiokafka import TopicPartition
from kafka import TopicPartition as KafkaTopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.structs import OffsetAndMetadata

from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.process.chain import Chain
from tests.support.waiting import wait_until

FAST_COMPACTION_SETTINGS: Final[Mapping[str, str]] = {
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "100",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "200",
}
"""Settings under which a topic is compacted within moments, tombstones and all."""


@contextmanager
def admin_client(chain: Chain) -> Iterator[KafkaAdminClient]:
    """Return an administrator's client for the block."""
    with closing(KafkaAdminClient(bootstrap_servers=chain.bootstrap)) as admin:
        yield admin


def delete_group(chain: Chain) -> None:
    """Delete the workers' group and everything that it has committed; nobody may be in it."""
    with admin_client(chain) as admin:
        admin.delete_groups([chain.application])


def committed_offsets(chain: Chain) -> dict[TopicPartition, int]:
    """Return the offsets that the workers' group has committed."""
    with admin_client(chain) as admin:
        found = admin.list_group_offsets(chain.application)[chain.application]
    return {TopicPartition(*pair): one.offset for pair, one in found.items()}


def commit_offsets(chain: Chain, offsets: Mapping[TopicPartition, int]) -> None:
    """Let the workers' group have committed `offsets`; nobody may be in it."""
    wanted = {
        KafkaTopicPartition(*topic_partition): OffsetAndMetadata(offset, "", -1)
        for topic_partition, offset in offsets.items()
    }
    with admin_client(chain) as admin:
        admin.alter_group_offsets(chain.application, wanted)
    assert committed_offsets(chain) == offsets


def set_topic_settings(chain: Chain, topic: str, settings: Mapping[str, str]) -> None:
    """Change settings of a topic."""
    with admin_client(chain) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(settings))])


def delete_records_before(chain: Chain, starts: Mapping[TopicPartition, int]) -> None:
    """Delete what lies before the offsets `starts`."""
    with admin_client(chain) as admin:
        admin.delete_records(
            {KafkaTopicPartition(*topic_partition): offset for topic_partition, offset in starts.items()}
        )


def add_partitions(chain: Chain, topic: str, partitions: int) -> None:
    """Give a topic more partitions."""
    with admin_client(chain) as admin:
        admin.create_partitions({topic: partitions})
    with KafkaAdmin(chain.bootstrap) as broker:
        wait_until(lambda: broker.describe_topics([topic])[topic].partitions == partitions, f"{topic} to be extended")


def delete_topic(chain: Chain, topic: str) -> None:
    """Delete a topic."""
    with admin_client(chain) as admin:
        admin.delete_topics([topic])
    with KafkaAdmin(chain.bootstrap) as broker:
        wait_until(lambda: not broker.describe_topics([topic]), f"{topic} to be gone")


def recreate_topic(chain: Chain, topic: str) -> tuple[str, str]:
    """Delete a topic and create it again; return its former and its present id."""
    with KafkaAdmin(chain.bootstrap) as broker:
        former = broker.describe_topics([topic])[topic].id
        delete_topic(chain, topic)
        chain.create_topics()
        wait_until(lambda: bool(broker.describe_topics([topic])), f"{topic} to be back")
        return former, broker.describe_topics([topic])[topic].id

"""Define all topics with their required settings, and the partition of a key.

`safeclock admin` creates the topics from this table, and a worker compares the table with the broker when it starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from murmurhash2 import murmurhash2

from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import DAY

MEASURES: Final = "measures"
"""The compacted topic with the absolute values of every cohort, counter and status, which the board reads."""

EVENT_REFUSED: Final = "event-refused"
"""The topic with the reason and position of every refused record, without its content."""

REPORT_UPDATES: Final = "report-updates"
"""The topic with events about single reports, with the reports' keys: ended clocks and missed deadlines."""

_MEBIBYTE: Final = 1024 * 1024

# This is twice the retention of the ledger (200 days), so that every retained report can be rebuilt from the topics.
_SOURCE_RETENTION_MS: Final = 400 * DAY
_REFUSED_RETENTION_MS: Final = 7 * DAY
# A reader of report updates may be stopped for a month without losing an update.
_REPORT_UPDATE_RETENTION_MS: Final = 30 * DAY

# Every start reads compacted topics from the beginning. By default Kafka does not compact the active segment of up to
# 1 GiB, nor the rest before half of it is stale, so a restore would read many times the live rows.
_COMPACTED_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 * _MEBIBYTE),
    "min.cleanable.dirty.ratio": "0.1",
    # A reader that starts at the beginning of the log has this much time to see every tombstone.
    "delete.retention.ms": str(DAY),
}

# Refusals expire, while compaction keeps the latest status of each partition as long as workers write new ones.
_FEEDBACK_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact,delete",
    "retention.ms": str(_REFUSED_RETENTION_MS),
    "segment.ms": str(DAY),
}

# The largest batch of a topic is Kafka's default. A changelog accepts more, since a commit without transactions is one
# batch. The topic `measures` accepts as much as a changelog, so that it accepts every row of a changelog.
MAX_MESSAGE_BYTES: Final = 1_048_588
_OUTPUT_MAX_MESSAGE_BYTES: Final = 16 * _MEBIBYTE

# Kafka's clients use this seed for MurmurHash2 (org.apache.kafka.common.utils.Utils).
_MURMUR2_SEED: Final = 0x9747B28C


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """How many brokers hold a record, and how many must have written it before it is acknowledged."""

    factor: int = 3
    min_insync: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.min_insync <= self.factor:
            raise ValueError(f"min_insync: expected 1 to {self.factor}, the factor, got {self.min_insync}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """A topic with its required settings; `config` has Kafka's own names and values."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


def changelog_topic(app: str) -> str:
    """Return the name of the changelog of the application `app`."""
    return f"{app}-changelog"


def required_topics(
    registry: Registry, app: str, replication: Replication, *, record_time: str = "log"
) -> list[TopicSettings]:
    """Return every topic that the application `app` needs, source topics first, with the registry's partitions.

    `record_time` is "log", the broker's timestamp, or "create", the publisher's. Use "create" only for a demo or for
    audited history, since a publisher can move the log time of all platforms with its timestamps.
    """
    timestamp_type = {"log": "LogAppendTime", "create": "CreateTime"}[record_time]
    source = {
        "cleanup.policy": "delete",
        "retention.ms": str(_SOURCE_RETENTION_MS),
        "message.timestamp.type": timestamp_type,
        # The broker keeps the publisher's compression. A broker that recompresses first decompresses whole batches, and
        # 1 MiB can become more than its memory; without recompression the broker checks records piece by piece.
        "compression.type": "producer",
    }
    refused = {"cleanup.policy": "delete", "retention.ms": str(_REFUSED_RETENTION_MS)}
    report_updates = {"cleanup.policy": "delete", "retention.ms": str(_REPORT_UPDATE_RETENTION_MS)}
    configs: dict[str, Mapping[str, str]] = dict.fromkeys(registry.source_topics(), source)
    compacted = {**_COMPACTED_CONFIG, "max.message.bytes": str(_OUTPUT_MAX_MESSAGE_BYTES)}
    # A worker computes the clock skew from the broker's timestamps of its records in the changelog.
    changelog = {**compacted, "message.timestamp.type": timestamp_type}
    configs |= {
        changelog_topic(app): changelog,
        MEASURES: compacted,
        EVENT_REFUSED: refused,
        REPORT_UPDATES: report_updates,
    }
    configs |= dict.fromkeys(registry.feedback_topics().values(), _FEEDBACK_CONFIG)
    common = {
        "min.insync.replicas": str(replication.min_insync),
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }
    return [
        TopicSettings(
            name=name,
            partitions=registry.partitions,
            replication_factor=replication.factor,
            config={**common, **config},
        )
        for name, config in configs.items()
    ]


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition on which Kafka's default partitioner puts `key` (in librdkafka `murmur2_random`)."""
    return (murmurhash2(key, _MURMUR2_SEED) & 0x7FFFFFFF) % partitions

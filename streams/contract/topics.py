"""Topics: their names, who lands on which partition, and every setting that they must have.

The table is what `admin` applies and what a worker compares with the broker at start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from murmurhash2 import murmurhash2

from streams.contract.registry.registry import Registry

MEASURES: Final = "measures"
"""Absolute values of every cohort, counter and position, compacted: what the board reads."""

EVENT_REFUSED: Final = "event-refused"
"""Why a record was refused, without the record."""

REPORT_UPDATES: Final = "report-updates"
"""What becomes of single reports, keyed as they are: that clocks have ended, that limits passed while clocks ran."""

_MEBIBYTE: Final = 1024 * 1024
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS

# Twice the memory of the ledger, 200 days: what is still counted can be rebuilt from the topics.
_SOURCE_RETENTION_MS: Final = 400 * _DAY_MS
_REFUSED_RETENTION_MS: Final = 7 * _DAY_MS
# For whoever reads notices to be away for a month.
_REPORT_UPDATE_RETENTION_MS: Final = 30 * _DAY_MS

# Compacted topics are read from the beginning at every start. Kafka never cleans the active segment, whose default
# is 1 GiB, and leaves the rest until half of it is stale: a restore would then read many times the live rows.
_COMPACTED_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 * _MEBIBYTE),
    "min.cleanable.dirty.ratio": "0.1",
    # A reader that starts at the log's beginning may take this long to see every tombstone.
    "delete.retention.ms": str(_DAY_MS),
}

# Refusals go with time; of the statuses the last one of each partition is kept for as long as workers tell more.
_FEEDBACK_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact,delete",
    "retention.ms": str(_REFUSED_RETENTION_MS),
    "segment.ms": str(_DAY_MS),
}

# The largest batch that a topic takes: Kafka's default. A changelog takes more, since a commit without transactions is
# one batch; measures takes as much, so that whatever row a changelog holds can also be told.
MAX_MESSAGE_BYTES: Final = 1_048_588
_OUTPUT_MAX_MESSAGE_BYTES: Final = 16 * _MEBIBYTE

# The seed that Kafka's clients give to MurmurHash2 (org.apache.kafka.common.utils.Utils).
_MURMUR2_SEED: Final = 0x9747B28C


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """How many brokers hold a record, and how many must before it is acknowledged."""

    factor: int = 3
    min_insync: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.min_insync <= self.factor:
            raise ValueError(f"min_insync: expected 1 to {self.factor}, the factor, got {self.min_insync}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """A topic as it must be; `config` in Kafka's own names and texts."""

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
    """Return every topic that the application `app` needs, sources first; all have the registry's partitions.

    `record_time` is "log", the broker's, or "create", the publisher's: only for a demo and for audited history, since
    a publisher could move everybody's clock with it.
    """
    stamp = {"log": "LogAppendTime", "create": "CreateTime"}[record_time]
    source = {
        "cleanup.policy": "delete",
        "retention.ms": str(_SOURCE_RETENTION_MS),
        "message.timestamp.type": stamp,
        # As the publisher compressed it. A broker that compresses otherwise, or not at all, makes whole records of what
        # it takes: 1 MiB can come to more than its memory. As it is, it looks at them piece by piece.
        "compression.type": "producer",
    }
    refused = {"cleanup.policy": "delete", "retention.ms": str(_REFUSED_RETENTION_MS)}
    notices = {"cleanup.policy": "delete", "retention.ms": str(_REPORT_UPDATE_RETENTION_MS)}
    wanted: dict[str, Mapping[str, str]] = dict.fromkeys(registry.source_topics(), source)
    own = {**_COMPACTED_CONFIG, "max.message.bytes": str(_OUTPUT_MAX_MESSAGE_BYTES)}
    # A worker reads its clock's offset off the stamps of what it writes to its changelog.
    stamped = {**own, "message.timestamp.type": stamp}
    wanted |= {changelog_topic(app): stamped, MEASURES: own, EVENT_REFUSED: refused, REPORT_UPDATES: notices}
    wanted |= dict.fromkeys(registry.feedback_topics().values(), _FEEDBACK_CONFIG)
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
        for name, config in wanted.items()
    ]


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition on which Kafka's default partitioner puts `key` (in librdkafka `murmur2_random`)."""
    return (murmurhash2(key, _MURMUR2_SEED) & 0x7FFFFFFF) % partitions

"""The checkpoint of a partition: the row `p` of its changelog, written in the same commit as the rows it covers."""

import msgspec

CHECKPOINT_KEY = b"p"
CLAIM_KEY = b"k"


class TopicOffset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next offset to read of one source topic; `id` is the topic's id, "" where the broker gives none.

    `read_through` is the log time, in epoch milliseconds, up to which the topic was read, if that is earlier than the
    partition's `log_time`: its platform was suspended, or is catching up. 0 means up to `log_time`. `records` counts
    the records that were applied since the partition was begun.
    """

    next: int
    id: str = ""
    read_through: int = 0
    records: int = 0


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a partition has come: its log time in epoch milliseconds, its source topics, the hash of the registry.

    `lost_records` counts the records that were deleted from the logs before they were read, since the partition was
    begun. `output_topic_ids` are the ids of the changelog and the measures to which everything up to this checkpoint
    was written. `commit_number` counts the commits.
    """

    log_time: int = 0
    topics: dict[str, TopicOffset] = {}
    registry: str = ""
    lost_records: int = 0
    output_topic_ids: dict[str, str] = {}
    commit_number: int = 0


def read_through(checkpoint: Checkpoint, topic: str) -> int:
    """Return the log time up to which `topic` was read at `checkpoint`; 0 for a topic that was never read."""
    reached = checkpoint.topics.get(topic)
    return 0 if reached is None else reached.read_through or checkpoint.log_time


def suspended_offset(checkpoint: Checkpoint, topic: str) -> TopicOffset:
    """Return the offset to store for `topic` while it is suspended and the partition's log time advances without it."""
    return msgspec.structs.replace(checkpoint.topics[topic], read_through=read_through(checkpoint, topic))


_decode = msgspec.json.Decoder(Checkpoint).decode


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the stored form of a checkpoint: JSON, so that an operator can read it in the changelog."""
    return msgspec.json.encode(checkpoint)


def decode_checkpoint(stored: bytes) -> Checkpoint:
    """Return the checkpoint that `encode_checkpoint` stored."""
    return _decode(stored)

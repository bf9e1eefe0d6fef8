"""How far a partition has come: the row `p` of its changelog, written with every change that it stands for."""

import msgspec

CHECKPOINT_KEY = b"p"
CLAIM_KEY = b"k"


class TopicOffset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next offset to read of one source topic; `id` is the topic's own, "" where the broker tells none.

    `read` is up to when, in epoch milliseconds, it was read where that is earlier than the partition's `now`: its
    platform was suspended, or is catching up. 0: up to `now`. `records` counts those that were applied since the
    partition was begun.
    """

    next: int
    id: str = ""
    read_through: int = 0
    records: int = 0


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a partition stands: its `now` in epoch milliseconds, its source topics, the hash of the registry read by.

    `lost` counts the records that had left the logs before they were read, since the partition was begun. `own` are the
    ids of the changelog and the measures to which everything up to here was written; `commit` counts the commits.
    """

    log_time: int = 0
    topics: dict[str, TopicOffset] = {}
    registry: str = ""
    lost_records: int = 0
    output_topic_ids: dict[str, str] = {}
    commit_number: int = 0


def read_through(checkpoint: Checkpoint, topic: str) -> int:
    """Return up to when `topic` was read at `position`; 0 for a topic that never was."""
    reached = checkpoint.topics.get(topic)
    return 0 if reached is None else reached.read_through or checkpoint.log_time


def suspended_offset(checkpoint: Checkpoint, topic: str) -> TopicOffset:
    """Return where `topic` stays from `position` on while it is read no further, and `now` goes on without it."""
    return msgspec.structs.replace(checkpoint.topics[topic], read_through=read_through(checkpoint, topic))


_decode = msgspec.json.Decoder(Checkpoint).decode


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the stored form of a position; JSON, so that an operator can read it in the changelog."""
    return msgspec.json.encode(checkpoint)


def decode_checkpoint(stored: bytes) -> Checkpoint:
    """Return the position that `encode` stored."""
    return _decode(stored)

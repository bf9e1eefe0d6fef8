"""How far a partition has come: the row `p` of its changelog, written with every change that it stands for."""

import msgspec

POSITION_KEY = b"p"
CLAIM_KEY = b"k"


class Reached(msgspec.Struct, frozen=True):
    """The next offset to read of one source topic; `id` is the topic's own, "" where the broker tells none.

    `read` is up to when, in epoch milliseconds, it was read where that is earlier than the partition's `now`: its
    platform was suspended, or is catching up. 0: up to `now`. `records` counts those that were applied since the
    partition was begun.
    """

    next: int
    id: str = ""
    read: int = 0
    records: int = 0


class Position(msgspec.Struct, frozen=True):
    """Where a partition stands: its `now` in epoch milliseconds, its source topics, the hash of the registry read by.

    `lost` counts the records that had left the logs before they were read, since the partition was begun. `own` are the
    ids of the changelog and the measures to which everything up to here was written; `commit` counts the commits.
    """

    now: int = 0
    topics: dict[str, Reached] = {}
    registry: str = ""
    lost: int = 0
    own: dict[str, str] = {}
    commit: int = 0


def up_to(position: Position, topic: str) -> int:
    """Return up to when `topic` was read at `position`; 0 for a topic that never was."""
    reached = position.topics.get(topic)
    return 0 if reached is None else reached.read or position.now


def left(position: Position, topic: str) -> Reached:
    """Return where `topic` stays from `position` on while it is read no further, and `now` goes on without it."""
    return msgspec.structs.replace(position.topics[topic], read=up_to(position, topic))


_decode = msgspec.json.Decoder(Position).decode


def encode(position: Position) -> bytes:
    """Return the stored form of a position; JSON, so that an operator can read it in the changelog."""
    return msgspec.json.encode(position)


def decode(stored: bytes) -> Position:
    """Return the position that `encode` stored."""
    return _decode(stored)

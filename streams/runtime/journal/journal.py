"""The journal of one partition: what a commit holds, and the interface of what writes it, all or nothing.

`transactions` and `append` are the two implementations.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from streams.contract.settings.kafka_security import KafkaSecurity

Row = tuple[bytes, bytes | None]


class ClaimError(Exception):
    """A partition could not be claimed: the broker begins no transaction."""


class RowTooLargeError(Exception):
    """A commit or a row is larger than the topic allows; the message names the limit."""


class FeedbackError(Exception):
    """Feedback for a platform could not be written to its feedback topic `topic`; `reason` names the error."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.topic = topic
        self.reason = reason


class Commit(NamedTuple):
    """One commit: rows for the changelog (None: a tombstone), and records for other processes, by topic.

    In `latest` the last value of every key counts. In `appended` every record counts, in order. `feedback` is like
    `appended`, but each of its topics belongs to one platform: an error of such a topic is raised as FeedbackError.
    """

    rows: Mapping[bytes, bytes | None]
    latest: Mapping[str, Iterable[Row]]
    appended: Mapping[str, Iterable[Row]] = {}
    feedback: Mapping[str, Iterable[Row]] = {}


class JournalTarget(NamedTuple):
    """Where a partition's journal writes, and with which login; `max_message_bytes` limits a changelog record batch."""

    bootstrap: str
    application: str
    changelog: str
    partition: int
    max_message_bytes: int
    access: KafkaSecurity = KafkaSecurity()


class Journal(Protocol):
    """Writes one partition's commits, one after the other."""

    max_batch_bytes: int
    """The maximum size of a record batch of the changelog, in bytes."""
    max_records: int
    """The number of applied records after which a commit should be made; the commit may then hold twice as many."""
    last_append_time: int | None
    """The broker's timestamp of the last write to the changelog, epoch ms; None where the broker sets none."""

    async def claim(self) -> bytes:
        """Claim the partition and return the value of the claim record: the committed rows are those before it."""

    async def check_not_fenced(self) -> None:
        """Raise if another owner has claimed the partition since this owner claimed it."""

    async def republish(self, latest: Mapping[str, Iterable[Row]]) -> None:
        """Publish the measures of a former owner's last commit again: the former owner may have stopped before it did."""

    async def commit(self, commit: Commit) -> None:
        """Make `commit` durable; after an error this process must end."""

    async def close(self) -> None:
        """Release the partition."""

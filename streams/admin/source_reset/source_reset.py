"""Accept that a source topic was recreated or cut: commit a new checkpoint to the changelog.

Workers may run meanwhile, and a killed worker need not be waited for: this command claims the partition, which fences
its owner and aborts the owner's open transaction. A fenced worker stops, and continues at the new checkpoint after a
restart.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.admin.errors import OperatingError
from streams.admin.source_reset.rules import ResumeFrom, SourceLog, can_resume, describe_reset, resumed_checkpoint
from streams.admin.topic_reader import BrokerAddress, open_log
from streams.contract.registry.registry import Registry
from streams.contract.toml_reader import closest_word
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, decode_checkpoint, encode_checkpoint
from streams.runtime.journal.journal import Commit, JournalTarget
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.partition.takeover.restore import read_changelog
from streams.runtime.settings import Settings
from streams.runtime.topic_checks.preflight import ClusterInfo, OutputTopics, check_cluster

_MAX_ATTEMPTS: Final = 5
"""How often to try: a fenced worker that restarts may claim the partition first."""
_OPEN_TRANSACTION_SECONDS: Final = 1.0
"""How long to wait for a worker's open transaction: a killed worker never ends it, and the claim aborts it."""


class ClusterSession(NamedTuple):
    """An application and the state of its cluster."""

    settings: Settings
    cluster: ClusterInfo
    partitions: int


class BlockedPartition(NamedTuple):
    """A partition that a worker cannot continue, its checkpoint, and the checkpoint to accept instead."""

    number: int
    source_log: SourceLog
    checkpoint: Checkpoint
    new_checkpoint: Checkpoint

    def describe(self) -> str:
        """Return the change in one line."""
        return describe_reset(self.number, self.checkpoint, self.source_log, self.new_checkpoint)


def open_session(settings: Settings, registry: Registry, names: OutputTopics | None = None) -> ClusterSession:
    """Check the cluster and return the session; blocking.

    Raises PreflightError as a worker does, OperatingError if the broker has no transactions.
    """
    cluster = check_cluster(settings, registry, names)
    if not cluster.uses_transactions:
        raise OperatingError(
            "SAFECLOCK_BOOTSTRAP: expected a broker with transactions, got one without: a worker could not be fenced"
        )
    return ClusterSession(settings, cluster, registry.partitions)


async def blocked_partitions(
    session: ClusterSession, topic: str, numbers: Sequence[int], resume_from: ResumeFrom
) -> list[BlockedPartition]:
    """Return those of the partitions that a worker cannot continue.

    Raises OperatingError for an unknown topic or partition, and for a topic that has another fault.
    """
    partitions = range(session.partitions)
    if unknown := [number for number in numbers if number not in partitions]:
        raise OperatingError(
            f"--partition: expected numbers from 0 to {partitions[-1]}, got {', '.join(map(str, unknown))}"
        )
    if topic not in session.cluster.source_topic_ids:
        known = closest_word(topic, session.cluster.source_topic_ids) or ", ".join(session.cluster.source_topic_ids)
        raise OperatingError(f"TOPIC: expected a source topic ({known}), got {topic!r}")
    if (fault := session.cluster.source_faults.get(topic)) is not None:
        raise OperatingError(fault.describe())
    found = [await _blocked_partition(session, topic, number, resume_from) for number in numbers]
    return [partition for partition in found if partition is not None]


async def _blocked_partition(
    session: ClusterSession, topic: str, number: int, resume_from: ResumeFrom
) -> BlockedPartition | None:
    address = BrokerAddress(session.settings.bootstrap, session.settings.access)
    async with open_log(
        address, session.cluster.output_topics.changelog, number, _OPEN_TRANSACTION_SECONDS
    ) as changelog:
        stored = (await changelog.rows()).get(CHECKPOINT_KEY)
    if stored is None:
        return None
    async with open_log(address, topic, number) as source:
        before, log = (
            decode_checkpoint(stored),
            SourceLog(topic, session.cluster.source_topic_ids[topic], *source.bounds),
        )
    return (
        None
        if can_resume(before, log)
        else BlockedPartition(number, log, before, resumed_checkpoint(before, log, resume_from))
    )


async def accept_reset(session: ClusterSession, blocked: BlockedPartition, resume_from: ResumeFrom) -> None:
    """Claim the partition as a worker does, and commit the new checkpoint.

    Raises OperatingError if workers claim the partition at every attempt, or if its checkpoint has changed since
    `blocked` was found.
    """
    for _ in range(_MAX_ATTEMPTS - 1):
        with suppress(KafkaError):
            return await _accept_once(session, blocked, resume_from)
    try:
        return await _accept_once(session, blocked, resume_from)
    except KafkaError as error:
        raise OperatingError(
            f"{blocked.source_log.topic} {blocked.number}: not accepted, workers claimed the partition meanwhile: stop them and run"
            f" this command again ({type(error).__name__})"
        ) from error


async def _accept_once(session: ClusterSession, blocked: BlockedPartition, resume_from: ResumeFrom) -> None:
    settings, cluster = session.settings, session.cluster
    target = JournalTarget(
        settings.bootstrap,
        settings.application,
        cluster.output_topics.changelog,
        blocked.number,
        cluster.max_message_bytes,
        settings.access,
    )
    journal = TransactionJournal(target, Failpoints())
    try:
        claim = await journal.claim()
        topic_partition = TopicPartition(cluster.output_topics.changelog, blocked.number)
        restored = await read_changelog(settings.bootstrap, topic_partition, claim, Failpoints(), settings.access)
        if (
            restored.checkpoint.topics.get(blocked.source_log.topic)
            != blocked.checkpoint.topics[blocked.source_log.topic]
        ):
            raise OperatingError(
                f"{blocked.source_log.topic} {blocked.number}: its offset has changed meanwhile, run this command again"
            )
        new_checkpoint = resumed_checkpoint(restored.checkpoint, blocked.source_log, resume_from)
        await journal.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(new_checkpoint)}, {}))
    finally:
        await journal.close()

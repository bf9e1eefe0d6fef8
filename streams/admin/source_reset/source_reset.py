"""Going on with a source topic that was made anew or cut: the operator's word, as a record of the changelog.

Workers may run meanwhile, and one that was killed need not be waited for: who takes a partition fences whoever held it
and aborts the transaction that it left open. A worker that is fenced ends, and goes on from the new position when it is
started again.
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
from streams.runtime.journal.journal import Commit, JournalTarget, TransactionJournal
from streams.runtime.partition.takeover.restore import read_changelog
from streams.runtime.settings import Settings
from streams.runtime.topic_checks.preflight import ClusterInfo, OutputTopics, check_cluster

_MAX_ATTEMPTS: Final = 5
"""How often a partition is taken: a worker that was fenced and starts anew may take it first."""
_OPEN_TRANSACTION_SECONDS: Final = 1.0
"""How long to wait for a transaction of a worker's: one that was killed never ends it, and taking the partition does."""


class ClusterSession(NamedTuple):
    """An application on its broker."""

    settings: Settings
    cluster: ClusterInfo
    partitions: int


class BlockedPartition(NamedTuple):
    """A partition that a worker cannot go on with, and what is offered."""

    number: int
    source_log: SourceLog
    checkpoint: Checkpoint
    new_checkpoint: Checkpoint

    def describe(self) -> str:
        """Return the case in one line."""
        return describe_reset(self.number, self.checkpoint, self.source_log, self.new_checkpoint)


def open_session(settings: Settings, registry: Registry, names: OutputTopics | None = None) -> ClusterSession:
    """Return the stage; blocking. Raises BadGroundError as a worker does, OperatingError without transactions."""
    ground = check_cluster(settings, registry, names)
    if not ground.uses_transactions:
        raise OperatingError(
            "expected a broker with transactions: without them nothing keeps a worker out while this is done"
        )
    return ClusterSession(settings, ground, registry.partitions)


async def blocked_partitions(
    stage: ClusterSession, topic: str, numbers: Sequence[int], resume_from: ResumeFrom
) -> list[BlockedPartition]:
    """Return those of the partitions that a worker cannot go on with."""
    partitions = range(stage.partitions)
    if strange := [number for number in numbers if number not in partitions]:
        raise OperatingError(f"expected partitions from 0 to {partitions[-1]}, got {', '.join(map(str, strange))}")
    if topic not in stage.cluster.source_topic_ids:
        known = closest_word(topic, stage.cluster.source_topic_ids) or ", ".join(stage.cluster.source_topic_ids)
        raise OperatingError(f"expected a source topic ({known}), got {topic!r}")
    if (fault := stage.cluster.source_faults.get(topic)) is not None:
        raise OperatingError(fault.describe())
    found = [await _blocked_partition(stage, topic, number, resume_from) for number in numbers]
    return [case for case in found if case is not None]


async def _blocked_partition(
    stage: ClusterSession, topic: str, number: int, resume_from: ResumeFrom
) -> BlockedPartition | None:
    link = BrokerAddress(stage.settings.bootstrap, stage.settings.access)
    async with open_log(link, stage.cluster.output_topics.changelog, number, _OPEN_TRANSACTION_SECONDS) as changelog:
        stored = (await changelog.rows()).get(CHECKPOINT_KEY)
    if stored is None:
        return None
    async with open_log(link, topic, number) as source:
        before, log = decode_checkpoint(stored), SourceLog(topic, stage.cluster.source_topic_ids[topic], *source.bounds)
    return (
        None
        if can_resume(before, log)
        else BlockedPartition(number, log, before, resumed_checkpoint(before, log, resume_from))
    )


async def accept_reset(stage: ClusterSession, blocked: BlockedPartition, resume_from: ResumeFrom) -> None:
    """Take the partition as a worker does, and commit the position that goes on.

    Raises OperatingError when a worker takes it meanwhile, again and again, or when its position is no longer the one
    that was told.
    """
    for _ in range(_MAX_ATTEMPTS - 1):
        with suppress(KafkaError):
            return await _accept_once(stage, blocked, resume_from)
    try:
        return await _accept_once(stage, blocked, resume_from)
    except KafkaError as error:
        raise OperatingError(
            f"{blocked.source_log.topic} {blocked.number}: not accepted, workers took the partition meanwhile: stop them and run"
            f" this again ({type(error).__name__})"
        ) from error


async def _accept_once(stage: ClusterSession, blocked: BlockedPartition, resume_from: ResumeFrom) -> None:
    settings, ground = stage.settings, stage.cluster
    place = JournalTarget(
        settings.bootstrap,
        settings.application,
        ground.output_topics.changelog,
        blocked.number,
        ground.max_message_bytes,
        settings.access,
    )
    journal = TransactionJournal(place, Failpoints())
    try:
        claim = await journal.claim()
        slot = TopicPartition(ground.output_topics.changelog, blocked.number)
        restored = await read_changelog(settings.bootstrap, slot, claim, Failpoints(), settings.access)
        if (
            restored.checkpoint.topics.get(blocked.source_log.topic)
            != blocked.checkpoint.topics[blocked.source_log.topic]
        ):
            raise OperatingError(
                f"{blocked.source_log.topic} {blocked.number}: its position has changed meanwhile, ask again"
            )
        position = resumed_checkpoint(restored.checkpoint, blocked.source_log, resume_from)
        await journal.commit(Commit({CHECKPOINT_KEY: encode_checkpoint(position)}, {}))
    finally:
        await journal.close()

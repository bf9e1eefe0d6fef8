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
from streams.admin.source_reset.rules import Log, Where, accepted, fits, sentence
from streams.admin.topic_reader import Link, opened
from streams.contract.registry.registry import Registry
from streams.contract.toml_reader import closest_word
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import POSITION_KEY, Position, decode, encode
from streams.runtime.journal.journal import Outgoing, Place, TransactionJournal
from streams.runtime.partition.takeover.restore import restore
from streams.runtime.settings import Settings
from streams.runtime.topic_checks.preflight import Ground, Names, stand

_TRIES: Final = 5
"""How often a partition is taken: a worker that was fenced and starts anew may take it first."""
_OPEN_SECONDS: Final = 1.0
"""How long to wait for a transaction of a worker's: one that was killed never ends it, and taking the partition does."""


class Stage(NamedTuple):
    """An application on its broker."""

    settings: Settings
    ground: Ground
    partitions: int


class Case(NamedTuple):
    """A partition that a worker cannot go on with, and what is offered."""

    number: int
    log: Log
    before: Position
    after: Position

    def told(self) -> str:
        """Return the case in one line."""
        return sentence(self.number, self.before, self.log, self.after)


def staged(settings: Settings, registry: Registry, names: Names | None = None) -> Stage:
    """Return the stage; blocking. Raises BadGroundError as a worker does, OperatingError without transactions."""
    ground = stand(settings, registry, names)
    if not ground.transactions:
        raise OperatingError(
            "expected a broker with transactions: without them nothing keeps a worker out while this is done"
        )
    return Stage(settings, ground, registry.partitions)


async def cases(stage: Stage, topic: str, numbers: Sequence[int], where: Where) -> list[Case]:
    """Return those of the partitions that a worker cannot go on with."""
    partitions = range(stage.partitions)
    if strange := [number for number in numbers if number not in partitions]:
        raise OperatingError(f"expected partitions from 0 to {partitions[-1]}, got {', '.join(map(str, strange))}")
    if topic not in stage.ground.topics:
        known = closest_word(topic, stage.ground.topics) or ", ".join(stage.ground.topics)
        raise OperatingError(f"expected a source topic ({known}), got {topic!r}")
    if (fault := stage.ground.faults.get(topic)) is not None:
        raise OperatingError(fault.told())
    found = [await _case(stage, topic, number, where) for number in numbers]
    return [case for case in found if case is not None]


async def _case(stage: Stage, topic: str, number: int, where: Where) -> Case | None:
    link = Link(stage.settings.bootstrap, stage.settings.access)
    async with opened(link, stage.ground.names.changelog, number, _OPEN_SECONDS) as changelog:
        stored = (await changelog.rows()).get(POSITION_KEY)
    if stored is None:
        return None
    async with opened(link, topic, number) as source:
        before, log = decode(stored), Log(topic, stage.ground.topics[topic], *source.bounds)
    return None if fits(before, log) else Case(number, log, before, accepted(before, log, where))


async def accept(stage: Stage, case: Case, where: Where) -> None:
    """Take the partition as a worker does, and commit the position that goes on.

    Raises OperatingError when a worker takes it meanwhile, again and again, or when its position is no longer the one
    that was told.
    """
    for _ in range(_TRIES - 1):
        with suppress(KafkaError):
            return await _accept(stage, case, where)
    try:
        return await _accept(stage, case, where)
    except KafkaError as error:
        raise OperatingError(
            f"{case.log.topic} {case.number}: not accepted, workers took the partition meanwhile: stop them and run"
            f" this again ({type(error).__name__})"
        ) from error


async def _accept(stage: Stage, case: Case, where: Where) -> None:
    settings, ground = stage.settings, stage.ground
    place = Place(
        settings.bootstrap,
        settings.application,
        ground.names.changelog,
        case.number,
        ground.max_message_bytes,
        settings.access,
    )
    journal = TransactionJournal(place, Failpoints())
    try:
        claim = await journal.claim()
        slot = TopicPartition(ground.names.changelog, case.number)
        restored = await restore(settings.bootstrap, slot, claim, Failpoints(), settings.access)
        if restored.position.topics.get(case.log.topic) != case.before.topics[case.log.topic]:
            raise OperatingError(f"{case.log.topic} {case.number}: its position has changed meanwhile, ask again")
        position = accepted(restored.position, case.log, where)
        await journal.commit(Outgoing({POSITION_KEY: encode(position)}, {}))
    finally:
        await journal.close()

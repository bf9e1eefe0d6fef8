"""Going on with a source topic that was made anew or cut: the operator's word, as a record of the changelog."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.admin.acceptance import Log, Where, accepted, fits, sentence
from streams.admin.cluster import Cluster
from streams.admin.errors import OperatingError
from streams.admin.logs import Link, opened
from streams.contract.registry import Registry
from streams.contract.tables import nearest
from streams.runtime.failpoints import Failpoints
from streams.runtime.ground import Ground, Names, stand
from streams.runtime.journal import Outgoing, Place, TransactionJournal
from streams.runtime.position import POSITION_KEY, Position, decode, encode
from streams.runtime.restore import restore
from streams.runtime.settings import Settings


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


def unowned(stage: Stage, topic: str, numbers: Iterable[int]) -> None:
    """Raise OperatingError if a worker holds one of the partitions; blocking. A killed one counts for its session."""
    with Cluster(stage.settings.bootstrap, stage.settings.access) as cluster:
        owned = cluster.owned(stage.settings.application)
    held = [number for number in numbers if (topic, number) in owned]
    if held:
        raise OperatingError(
            f"{topic}: a worker holds partition {', '.join(map(str, held))}: stop the workers first; one that was"
            " killed counts for ten seconds more"
        )


async def cases(stage: Stage, topic: str, numbers: Sequence[int], where: Where) -> list[Case]:
    """Return those of the partitions that a worker cannot go on with."""
    partitions = range(stage.partitions)
    if strange := [number for number in numbers if number not in partitions]:
        raise OperatingError(f"expected partitions from 0 to {partitions[-1]}, got {', '.join(map(str, strange))}")
    if topic not in stage.ground.topics:
        known = nearest(topic, stage.ground.topics) or ", ".join(stage.ground.topics)
        raise OperatingError(f"expected a source topic ({known}), got {topic!r}")
    found = [await _case(stage, topic, number, where) for number in numbers]
    return [case for case in found if case is not None]


async def _case(stage: Stage, topic: str, number: int, where: Where) -> Case | None:
    link = Link(stage.settings.bootstrap, stage.settings.access)
    async with opened(link, stage.ground.names.changelog, number) as changelog:
        stored = (await changelog.rows()).get(POSITION_KEY)
    if stored is None:
        return None
    async with opened(link, topic, number) as source:
        before, log = decode(stored), Log(topic, stage.ground.topics[topic], *source.bounds)
    return None if fits(before, log) else Case(number, log, before, accepted(before, log, where))


async def accept(stage: Stage, case: Case, where: Where) -> None:
    """Take the partition as a worker does, and commit the position that goes on.

    Raises OperatingError when a worker takes it meanwhile, or when its position is no longer the one that was told.
    """
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
    except KafkaError as error:
        raise OperatingError(
            f"{case.log.topic} {case.number}: not accepted, a worker may have taken the partition: stop the workers"
            f" and run this again ({type(error).__name__})"
        ) from error
    finally:
        await journal.close()

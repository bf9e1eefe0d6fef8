"""The ground a worker stands on: are the topics there and set as they must be, and has the broker transactions."""

import logging
from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.contract.registry import Registry
from streams.contract.topics import (
    MAX_MESSAGE_BYTES,
    MEASURES,
    NOTICES,
    REFUSED,
    Replication,
    changelog,
    table,
)
from streams.runtime.broker import Broker
from streams.runtime.settings import JournalMode, RecordTime, Settings
from streams.runtime.topics import differing, miscounted

log = logging.getLogger(__name__)

_STAMP: Final = "message.timestamp.type"
# Without these the figures are wrong; other settings cost speed or safety, and are told but let pass.
_ESSENTIAL: Final = {
    RecordTime.LOG: (_STAMP, "cleanup.policy"),
    RecordTime.CREATE: ("cleanup.policy",),
}


class BadGroundError(Exception):
    """What is wrong with the broker's topics, one fault a line."""


class Names(NamedTuple):
    """The topics that a worker writes."""

    changelog: str
    measures: str = MEASURES
    refused: str = REFUSED
    notices: str = NOTICES


class Ground(NamedTuple):
    """What was found: source topics with their ids ("": the broker tells none), and how commits can be made.

    `own` are the ids of the topics of which every record counts for good: the changelog and the measures. `capable`
    says that the broker has transactions, `transactions` that commits are made by them.
    """

    topics: Mapping[str, str]
    names: Names
    own: Mapping[str, str]
    max_message_bytes: int
    transactions: bool
    capable: bool


def stand(settings: Settings, registry: Registry, names: Names | None = None) -> Ground:
    """Return the ground, or raise BadGroundError with everything that is wrong; blocking.

    `names` are the topics to write, those of the contract by default. Raises AccessError when we are not let in.
    """
    written = names or Names(changelog(settings.application))
    sources = registry.source_topics()
    with Broker(settings.bootstrap, settings.access) as broker:
        found = broker.topics((*sources, *written))
        told = broker.settings((*sources, *written))
        faults = miscounted((*sources, *written), registry.partitions, found)
        faults += _missed(settings, registry, told)
        if faults:
            raise BadGroundError("\n".join(faults))
        limit = int(told[written.changelog].get("max.message.bytes", MAX_MESSAGE_BYTES))
        ids = {topic: found[topic].id for topic in sources}
        own = {topic: found[topic].id for topic in (written.changelog, written.measures)}
        capable = broker.has_transactions()
        return Ground(ids, written, own, limit, _transactions(settings.journal, capable=capable), capable)


def still(settings: Settings, ground: Ground, partitions: int) -> None:
    """Raise BadGroundError where a topic is gone, has other partitions or was made anew since `ground`; blocking."""
    wanted = (*ground.topics, *ground.names)
    with Broker(settings.bootstrap, settings.access) as broker:
        found = broker.topics(wanted)
    faults = miscounted(wanted, partitions, found)
    faults += [
        made_anew(topic, known, found[topic].id)
        for topic, known in (*ground.topics.items(), *ground.own.items())
        if topic in found and is_another(known, found[topic].id)
    ]
    if faults:
        raise BadGroundError("\n".join(faults))


def is_another(known: str, found: str) -> bool:
    """Return whether two ids are of different topics; "" is told by a broker that knows none."""
    return bool(known and found and known != found)


def made_anew(topic: str, known: str, found: str) -> str:
    """Return the fault of a topic that bears a name which another one bore."""
    return f"{topic}: expected the topic with id {known}, found {found}: it was made anew"


def _missed(settings: Settings, registry: Registry, told: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the settings without which figures are wrong, and log the others."""
    faults = []
    others: dict[str, list[str]] = {}
    sources = registry.source_topics()
    for topic in table(registry, settings.application, Replication(), record_time=settings.record_time):
        for name, difference in differing(topic, told.get(topic.name, {})).items():
            if name in _ESSENTIAL[settings.record_time] and (topic.name in sources or name != _STAMP):
                faults.append(difference)
            else:
                others.setdefault(difference.removeprefix(f"{topic.name}: "), []).append(topic.name)
    for difference, topics in others.items():
        more = f" and {len(topics) - 1} more topics" if topics[1:] else ""
        log.warning("%s%s: %s", topics[0], more, difference)
    return faults


def _transactions(mode: JournalMode, *, capable: bool) -> bool:
    if mode is JournalMode.TRANSACTIONS and not capable:
        raise BadGroundError("SAFECLOCK_JOURNAL: expected auto or append, the broker has no transactions")
    if mode is not JournalMode.APPEND and capable:
        return True
    why = "transactions are turned off" if capable else "the broker has no transactions"
    log.warning("%s: each commit is one record batch, outputs come at least once", why)
    log.warning("run one worker only: nothing fences a second one")
    return False

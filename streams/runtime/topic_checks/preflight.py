"""The ground a worker stands on: are the topics there and set as they must be, and has the broker transactions."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from streams.contract.registry.registry import Registry
from streams.contract.topics import (
    EVENT_REFUSED,
    MAX_MESSAGE_BYTES,
    MEASURES,
    REPORT_UPDATES,
    Replication,
    changelog_topic,
    required_topics,
)
from streams.runtime.kafka.admin import Broker
from streams.runtime.settings import JournalMode, Settings
from streams.runtime.topic_checks.differences import differing, miscounted
from streams.runtime.topic_checks.feedback_topics import look
from streams.runtime.topic_checks.source_faults import (
    Fault,
    Found,
    concerned,
    essential,
    is_another,
    made_anew,
    topic_faults,
)

log = logging.getLogger(__name__)


class BadGroundError(Exception):
    """What is wrong with the broker's topics, one fault a line."""


class StateError(Exception):
    """The changelog or the measures are not those to which the position was written: what was told before is gone."""


class Names(NamedTuple):
    """The topics that a worker writes."""

    changelog: str
    measures: str = MEASURES
    refused: str = EVENT_REFUSED
    notices: str = REPORT_UPDATES


class Ground(NamedTuple):
    """What was found: source topics with their ids ("": the broker tells none), and how commits can be made.

    `faults` are those of the source topics that cannot be read; a topic that is missing has no id. `settings` are those
    that the broker told last. `own` are the ids of
    the topics of which every record counts for good: the changelog and the measures. `capable` says that the broker
    has transactions, `transactions` that commits are made by them. `unheard` says what is wrong with feedback topics
    that cannot be written.
    """

    topics: Mapping[str, str]
    faults: Mapping[str, Fault]
    settings: Mapping[str, Mapping[str, str]]
    names: Names
    own: Mapping[str, str]
    max_message_bytes: int
    transactions: bool
    capable: bool
    unheard: Mapping[str, str] = {}


def stand(settings: Settings, registry: Registry, names: Names | None = None) -> Ground:
    """Return the ground, or raise BadGroundError with everything that is wrong; blocking.

    What is wrong with some source topics is told in the ground, and raised when no platform can be read.
    `names` are the topics to write, those of the contract by default. Raises AccessError when we are not let in.
    """
    written = names or Names(changelog_topic(settings.application))
    with Broker(settings.bootstrap, settings.access) as broker:
        found = _found(broker, registry, written)
        _tell(registry, settings, found)
        sources = _sources(settings, registry, written, found)
        limit = int(found.settings[written.changelog].get("max.message.bytes", MAX_MESSAGE_BYTES))
        own = {topic: found.topics[topic].id for topic in (written.changelog, written.measures)}
        capable = broker.has_transactions()
        unheard = look(broker, registry)
    transactions = _transactions(settings.journal, capable=capable)
    return Ground(*sources, found.settings, written, own, limit, transactions, capable, unheard)


def still(settings: Settings, registry: Registry, ground: Ground, broker: Broker) -> Ground:
    """Return the ground with its source topics as they are now, as `broker` tells; blocking.

    Raises BadGroundError where a topic that is written is gone or has other partitions, and when no platform can be
    read; StateError where the changelog or the measures were made anew since `ground`.
    """
    found = _found(broker, registry, ground.names)
    # A broker that tells no settings now does not say that they are others than before.
    told = {topic: settings for topic, settings in found.settings.items() if settings}
    found = found._replace(settings={**ground.settings, **told})
    for topic, known in ground.own.items():
        if topic in found.topics and is_another(known, found.topics[topic].id):
            raise StateError(made_anew(topic, known, found.topics[topic].id))
    topics, faults = _sources(settings, registry, ground.names, found)
    return ground._replace(topics=topics, faults=faults, settings=found.settings, unheard=look(broker, registry))


def _found(broker: Broker, registry: Registry, written: Names) -> Found:
    own = broker.topics(written)
    sources, hidden = broker.readable(registry.source_topics())
    topics = {**sources, **own}
    # A broker that cannot tell the settings of one topic tells those of none.
    return Found(topics, hidden, broker.settings(topics.keys() - hidden))


def _sources(
    settings: Settings, registry: Registry, written: Names, found: Found
) -> tuple[Mapping[str, str], Mapping[str, Fault]]:
    """Return the ids of the source topics and what is wrong with them; raises BadGroundError when nothing can be read."""
    wrong = essential(registry, settings.application, settings.record_time, found.settings)
    own = [text for topic in written for text in wrong.get(topic, ())]
    own += miscounted(written, registry.partitions, found.topics)
    faults = topic_faults(registry, settings.record_time, found)
    topics = registry.source_topics()
    nothing = len(concerned(faults, registry.related_topics())) == len(topics)
    if own or nothing:
        raise BadGroundError("\n".join([*[fault.text for fault in faults.values()], *own]))
    return {topic: found.topics[topic].id if topic in found.topics else "" for topic in topics}, faults


def _tell(registry: Registry, settings: Settings, found: Found) -> None:
    """Log the settings that differ and do no harm to figures, each once with the topics that have it."""
    wrong = essential(registry, settings.application, settings.record_time, found.settings)
    others: dict[str, list[str]] = {}
    for topic in required_topics(registry, settings.application, Replication(), record_time=settings.record_time):
        for difference in differing(topic, found.settings.get(topic.name, {})).values():
            if difference not in wrong.get(topic.name, ()):
                others.setdefault(difference.removeprefix(f"{topic.name}: "), []).append(topic.name)
    for difference, topics in others.items():
        more = f" and {len(topics) - 1} more topics" if topics[1:] else ""
        log.warning("%s%s: %s", topics[0], more, difference)


def _transactions(mode: JournalMode, *, capable: bool) -> bool:
    if mode is JournalMode.TRANSACTIONS and not capable:
        raise BadGroundError("SAFECLOCK_JOURNAL: expected auto or append, the broker has no transactions")
    if mode is not JournalMode.APPEND and capable:
        return True
    why = "transactions are turned off" if capable else "the broker has no transactions"
    log.warning("%s: each commit is one record batch, outputs come at least once", why)
    log.warning("run one worker only: nothing fences a second one")
    return False

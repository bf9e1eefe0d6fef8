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
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.settings import JournalMode, Settings
from streams.runtime.topic_checks.differences import partition_faults, setting_differences
from streams.runtime.topic_checks.feedback_topics import check_feedback_topics
from streams.runtime.topic_checks.source_faults import (
    DescribedTopics,
    SourceFault,
    essential_differences,
    recreated_message,
    source_faults,
    was_recreated,
    with_related_topics,
)

log = logging.getLogger(__name__)


class PreflightError(Exception):
    """What is wrong with the broker's topics, one fault a line."""


class StateTopicError(Exception):
    """The changelog or the measures are not those to which the position was written: what was told before is gone."""


class OutputTopics(NamedTuple):
    """The topics that a worker writes."""

    changelog: str
    measures: str = MEASURES
    refusals: str = EVENT_REFUSED
    report_updates: str = REPORT_UPDATES


class ClusterInfo(NamedTuple):
    """What was found: source topics with their ids ("": the broker tells none), and how commits can be made.

    `faults` are those of the source topics that cannot be read; a topic that is missing has no id. `settings` are those
    that the broker told last. `own` are the ids of
    the topics of which every record counts for good: the changelog and the measures. `capable` says that the broker
    has transactions, `transactions` that commits are made by them. `unheard` says what is wrong with feedback topics
    that cannot be written.
    """

    source_topic_ids: Mapping[str, str]
    source_faults: Mapping[str, SourceFault]
    topic_settings: Mapping[str, Mapping[str, str]]
    output_topics: OutputTopics
    output_topic_ids: Mapping[str, str]
    max_message_bytes: int
    uses_transactions: bool
    has_transactions: bool
    feedback_faults: Mapping[str, str] = {}


def check_cluster(settings: Settings, registry: Registry, output_topics: OutputTopics | None = None) -> ClusterInfo:
    """Return the ground, or raise BadGroundError with everything that is wrong; blocking.

    What is wrong with some source topics is told in the ground, and raised when no platform can be read.
    `names` are the topics to write, those of the contract by default. Raises AccessError when we are not let in.
    """
    written = output_topics or OutputTopics(changelog_topic(settings.application))
    with KafkaAdmin(settings.bootstrap, settings.access) as broker:
        found = _describe_topics(broker, registry, written)
        _log_setting_differences(registry, settings, found)
        sources = _check_sources(settings, registry, written, found)
        limit = int(found.settings[written.changelog].get("max.message.bytes", MAX_MESSAGE_BYTES))
        own = {topic: found.topics[topic].id for topic in (written.changelog, written.measures)}
        capable = broker.has_transactions()
        unheard = check_feedback_topics(broker, registry)
    transactions = _choose_transactions(settings.journal, has_transactions=capable)
    return ClusterInfo(*sources, found.settings, written, own, limit, transactions, capable, unheard)


def check_unchanged(settings: Settings, registry: Registry, cluster: ClusterInfo, admin: KafkaAdmin) -> ClusterInfo:
    """Return the ground with its source topics as they are now, as `broker` tells; blocking.

    Raises BadGroundError where a topic that is written is gone or has other partitions, and when no platform can be
    read; StateError where the changelog or the measures were made anew since `ground`.
    """
    found = _describe_topics(admin, registry, cluster.output_topics)
    # A broker that tells no settings now does not say that they are others than before.
    settings_by_topic = {topic: settings for topic, settings in found.settings.items() if settings}
    found = found._replace(settings={**cluster.topic_settings, **settings_by_topic})
    for topic, known in cluster.output_topic_ids.items():
        if topic in found.topics and was_recreated(known, found.topics[topic].id):
            raise StateTopicError(recreated_message(topic, known, found.topics[topic].id))
    topics, faults = _check_sources(settings, registry, cluster.output_topics, found)
    return cluster._replace(
        source_topic_ids=topics,
        source_faults=faults,
        topic_settings=found.settings,
        feedback_faults=check_feedback_topics(admin, registry),
    )


def _describe_topics(admin: KafkaAdmin, registry: Registry, output_topics: OutputTopics) -> DescribedTopics:
    own = admin.describe_topics(output_topics)
    sources, hidden = admin.describe_readable(registry.source_topics())
    topics = {**sources, **own}
    # A broker that cannot tell the settings of one topic tells those of none.
    return DescribedTopics(topics, hidden, admin.describe_settings(topics.keys() - hidden))


def _check_sources(
    settings: Settings, registry: Registry, output_topics: OutputTopics, described: DescribedTopics
) -> tuple[Mapping[str, str], Mapping[str, SourceFault]]:
    """Return the ids of the source topics and what is wrong with them; raises BadGroundError when nothing can be read."""
    wrong = essential_differences(registry, settings.application, settings.record_time, described.settings)
    own = [text for topic in output_topics for text in wrong.get(topic, ())]
    own += partition_faults(output_topics, registry.partitions, described.topics)
    faults = source_faults(registry, settings.record_time, described)
    topics = registry.source_topics()
    nothing = len(with_related_topics(faults, registry.related_topics())) == len(topics)
    if own or nothing:
        raise PreflightError("\n".join([*[fault.problem for fault in faults.values()], *own]))
    return {topic: described.topics[topic].id if topic in described.topics else "" for topic in topics}, faults


def _log_setting_differences(registry: Registry, settings: Settings, described: DescribedTopics) -> None:
    """Log the settings that differ and do no harm to figures, each once with the topics that have it."""
    wrong = essential_differences(registry, settings.application, settings.record_time, described.settings)
    others: dict[str, list[str]] = {}
    for topic in required_topics(registry, settings.application, Replication(), record_time=settings.record_time):
        for difference in setting_differences(topic, described.settings.get(topic.name, {})).values():
            if difference not in wrong.get(topic.name, ()):
                others.setdefault(difference.removeprefix(f"{topic.name}: "), []).append(topic.name)
    for difference, topics in others.items():
        more = f" and {len(topics) - 1} more topics" if topics[1:] else ""
        log.warning("%s%s: %s", topics[0], more, difference)


def _choose_transactions(mode: JournalMode, *, has_transactions: bool) -> bool:
    if mode is JournalMode.TRANSACTIONS and not has_transactions:
        raise PreflightError("SAFECLOCK_JOURNAL: expected auto or append, the broker has no transactions")
    if mode is not JournalMode.APPEND and has_transactions:
        return True
    why = "transactions are turned off" if has_transactions else "the broker has no transactions"
    log.warning("%s: each commit is one record batch, outputs come at least once", why)
    log.warning("run one worker only: nothing fences a second one")
    return False

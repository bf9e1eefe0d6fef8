"""Check, before a worker starts, that the topics exist with the required settings, and if the broker has transactions."""

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
    """The broker's topics are not as required; the message has one fault per line."""


class StateTopicError(Exception):
    """The changelog or the measures were recreated or have lost records, so that committed state is lost."""


class OutputTopics(NamedTuple):
    """The topics that a worker writes."""

    changelog: str
    measures: str = MEASURES
    refusals: str = EVENT_REFUSED
    report_updates: str = REPORT_UPDATES


class ClusterInfo(NamedTuple):
    """The result of a check of the cluster.

    `source_topic_ids` are the ids of the source topics, "" for a missing topic or if the broker gives no ids.
    `source_faults` are the faults of the source topics that cannot be read. `topic_settings` are the settings that the
    broker returned last. `output_topic_ids` are the ids of the changelog and the measures, which must not change.
    `has_transactions` says that the broker has transactions, `uses_transactions` that commits are made by them.
    `feedback_faults` are the faults of the feedback topics that cannot be written.
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
    """Check the cluster and return the result; raises PreflightError with all faults; blocking.

    Faults of some source topics are part of the result; they are raised only if no platform can be read.
    `output_topics` are the topics to write, those of the contract by default. Raises KafkaSecurityError if the login is
    rejected.
    """
    outputs = output_topics or OutputTopics(changelog_topic(settings.application))
    with KafkaAdmin(settings.bootstrap, settings.access) as admin:
        found = _describe_topics(admin, registry, outputs)
        _log_setting_differences(registry, settings, found)
        sources = _check_sources(settings, registry, outputs, found)
        limit = int(found.settings[outputs.changelog].get("max.message.bytes", MAX_MESSAGE_BYTES))
        output_topic_ids = {topic: found.topics[topic].id for topic in (outputs.changelog, outputs.measures)}
        has_transactions = admin.has_transactions()
        feedback_faults = check_feedback_topics(admin, registry)
    transactions = _choose_transactions(settings.journal, has_transactions=has_transactions)
    return ClusterInfo(
        *sources, found.settings, outputs, output_topic_ids, limit, transactions, has_transactions, feedback_faults
    )


def check_unchanged(settings: Settings, registry: Registry, cluster: ClusterInfo, admin: KafkaAdmin) -> ClusterInfo:
    """Return `cluster` with its source and feedback topics as they are now; blocking.

    Raises PreflightError if an output topic is missing or has other partitions, or if no platform can be read, and
    StateTopicError if the changelog or the measures were recreated since `cluster` was found.
    """
    found = _describe_topics(admin, registry, cluster.output_topics)
    # A broker that returns no settings now does not prove that the settings have changed.
    settings_by_topic = {topic: settings for topic, settings in found.settings.items() if settings}
    found = found._replace(settings={**cluster.topic_settings, **settings_by_topic})
    for topic, expected_id in cluster.output_topic_ids.items():
        if topic in found.topics and was_recreated(expected_id, found.topics[topic].id):
            raise StateTopicError(recreated_message(topic, expected_id, found.topics[topic].id))
    topics, faults = _check_sources(settings, registry, cluster.output_topics, found)
    return cluster._replace(
        source_topic_ids=topics,
        source_faults=faults,
        topic_settings=found.settings,
        feedback_faults=check_feedback_topics(admin, registry),
    )


def _describe_topics(admin: KafkaAdmin, registry: Registry, output_topics: OutputTopics) -> DescribedTopics:
    outputs = admin.describe_topics(output_topics)
    sources, hidden = admin.describe_readable(registry.source_topics())
    topics = {**sources, **outputs}
    # If the right to describe the settings of one topic is missing, the broker returns the settings of none.
    return DescribedTopics(topics, hidden, admin.describe_settings(topics.keys() - hidden))


def _check_sources(
    settings: Settings, registry: Registry, output_topics: OutputTopics, described: DescribedTopics
) -> tuple[Mapping[str, str], Mapping[str, SourceFault]]:
    """Return the ids and the faults of the source topics; raises PreflightError if none of them can be read."""
    differences = essential_differences(registry, settings.application, settings.record_time, described.settings)
    output_faults = [text for topic in output_topics for text in differences.get(topic, ())]
    output_faults += partition_faults(output_topics, registry.partitions, described.topics)
    faults = source_faults(registry, settings.record_time, described)
    topics = registry.source_topics()
    is_nothing_readable = len(with_related_topics(faults, registry.related_topics())) == len(topics)
    if output_faults or is_nothing_readable:
        raise PreflightError("\n".join([*[fault.problem for fault in faults.values()], *output_faults]))
    return {topic: described.topics[topic].id if topic in described.topics else "" for topic in topics}, faults


def _log_setting_differences(registry: Registry, settings: Settings, described: DescribedTopics) -> None:
    """Log the differing settings that do not make figures wrong, each once with the topics that have it."""
    differences = essential_differences(registry, settings.application, settings.record_time, described.settings)
    others: dict[str, list[str]] = {}
    for topic in required_topics(registry, settings.application, Replication(), record_time=settings.record_time):
        for difference in setting_differences(topic, described.settings.get(topic.name, {})).values():
            if difference not in differences.get(topic.name, ()):
                others.setdefault(difference.removeprefix(f"{topic.name}: "), []).append(topic.name)
    for difference, topics in others.items():
        more = f" and {len(topics) - 1} more topics" if topics[1:] else ""
        log.warning("%s%s: %s", topics[0], more, difference)


def _choose_transactions(mode: JournalMode, *, has_transactions: bool) -> bool:
    if mode is JournalMode.TRANSACTIONS and not has_transactions:
        raise PreflightError(
            "SAFECLOCK_JOURNAL: expected auto or append, got transactions, and the broker has no transactions"
        )
    if mode is not JournalMode.APPEND and has_transactions:
        return True
    why = "transactions are turned off" if has_transactions else "the broker has no transactions"
    log.warning("%s: each commit is one record batch, outputs are sent at least once", why)
    log.warning("run one worker only: without transactions a second worker is not fenced")
    return False

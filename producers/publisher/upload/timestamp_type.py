"""Finds out whether the broker or the sender sets the timestamps of records on a topic."""

from collections.abc import Iterable
from contextlib import closing
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from producers.publisher.settings import PublisherSettings
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.edge.kafka_client.login_check import check_login

_TIMESTAMP_TYPE: Final = "message.timestamp.type"
_CREATE_TIME: Final = "CreateTime"


def uses_log_append_time(settings: PublisherSettings, topics: Iterable[str]) -> bool:
    """Return whether the broker sets timestamps on arrival, so that the registry must open a span for history.

    False if the topics use the senders' timestamps, or if the broker has no topic settings, like the embedded broker.
    If the broker rejects the request or does not answer, the result is True, the normal case in production.
    """
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in sorted(topics)]
    try:
        if not check_login(settings.bootstrap, settings.access):
            return True
        client = KafkaAdminClient(
            bootstrap_servers=settings.servers,
            bootstrap_timeout_ms=settings.block_ms,
            **settings.access.client_options(),
        )
        with closing(client):
            described = client.describe_configs(resources, config_filter="all")
    except (KafkaError, KafkaSecurityError):
        return True
    types = [entries.get(_TIMESTAMP_TYPE) for kind in described.values() for entries in kind.values()]
    return any(timestamp_type is not None and timestamp_type["value"] != _CREATE_TIME for timestamp_type in types)

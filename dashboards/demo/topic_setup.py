"""Creates the topics of the demo on a broker that may still be starting."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from dashboards.demo.supervisor import ProcessFailedError
from streams.contract.registry.registry import Registry
from streams.contract.topics import Replication, required_topics

_SINGLE_BROKER: Final = Replication(factor=1, min_insync=1)
_RETRY_SECONDS: Final = 0.1
_BROKER_TIMEOUT_SECONDS: Final = 30.0


class TopicSetupError(ProcessFailedError):
    """No broker answers, or the broker does not create topics; the message names the broker or the topics."""


async def create_topics(bootstrap: str, registry: Registry, application: str) -> None:
    """Create every topic that the application needs as soon as the broker answers; raises TopicSetupError."""
    try:
        admin = await asyncio.wait_for(_connect(bootstrap), _BROKER_TIMEOUT_SECONDS)
    except TimeoutError as error:
        raise TopicSetupError(f"expected a broker at {bootstrap} within {_BROKER_TIMEOUT_SECONDS:.0f} s") from error
    try:
        topics = required_topics(registry, application, _SINGLE_BROKER, record_time="create")
        response = await admin.create_topics(
            [
                NewTopic(topic.name, topic.partitions, topic.replication_factor, topic_configs=dict(topic.config))
                for topic in topics
            ]
        )
    finally:
        await admin.close()
    errors: Iterable[Sequence[object]] = response.topic_errors  # type: ignore[attr-defined]  # Every version of the response has this field.
    refused = [f"{name} ({code})" for name, code, *_ in errors if code]
    if refused:
        raise TopicSetupError(f"the broker did not create {', '.join(refused)}")


async def _connect(bootstrap: str) -> AIOKafkaAdminClient:
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            await admin.start()
        except (KafkaError, OSError):
            await admin.close()
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return admin

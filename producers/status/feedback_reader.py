"""Reads a platform's whole feedback topic with the platform's rights, without a group; only committed records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from producers.status.feedback_summary import ReceivedFeedback, SourcePartition
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.edge.kafka_client.consumer_shutdown import close_consumer
from streams.edge.kafka_client.login_check import NoBrokerError, check_login

_POLL_MS: Final = 200
_READ_TIMEOUT_SECONDS: Final = 60.0
"""How long reading may take before the broker counts as not answering."""


class StatusRequest(NamedTuple):
    """What to read: the feedback topic and the source topics of one platform.

    `wait_seconds` is how long to wait until workers have read all records that the source topics hold now.
    """

    settings: PublisherSettings
    feedback_topic: str
    source_topics: tuple[str, ...]
    wait_seconds: float = 0.0


class FeedbackSnapshot(NamedTuple):
    """The feedback of a platform, and the end offsets of its source topics at the start of the request."""

    feedback: ReceivedFeedback
    end_offsets: dict[SourcePartition, int]


async def read_feedback(request: StatusRequest) -> FeedbackSnapshot:
    """Return the feedback; wait up to `wait_seconds` until it covers all records that the source topics hold now.

    Raises BrokerError if the broker does not answer, or does not have or does not show these topics.
    """
    settings = request.settings
    try:
        if not await asyncio.to_thread(check_login, settings.bootstrap, settings.access):
            raise BrokerError(str(NoBrokerError(settings.bootstrap, settings.access)))
        async with asyncio.timeout(_READ_TIMEOUT_SECONDS + request.wait_seconds):
            topic_partitions = await _topic_partitions(request)
            async with _open_consumer(settings) as consumer:
                return await _read_topics(consumer, request, topic_partitions)
    except KafkaSecurityError as error:
        raise BrokerError(str(error)) from error
    except (KafkaError, TimeoutError) as error:
        raise BrokerError(
            f"bootstrap: expected an answer of the broker at {settings.bootstrap}, got {type(error).__name__}"
        ) from error


async def _read_topics(
    consumer: AIOKafkaConsumer, request: StatusRequest, topic_partitions: list[TopicPartition]
) -> FeedbackSnapshot:
    sources = [partition for partition in topic_partitions if partition.topic in request.source_topics]
    ends = {
        SourcePartition(partition.topic, partition.partition): end
        for partition, end in (await consumer.end_offsets(sources)).items()
    }
    feedback_partitions = [partition for partition in topic_partitions if partition.topic == request.feedback_topic]
    consumer.assign(feedback_partitions)
    await consumer.seek_to_beginning(*feedback_partitions)
    written = await consumer.end_offsets(feedback_partitions)
    feedback, now = ReceivedFeedback(), asyncio.get_running_loop().time
    deadline = now() + request.wait_seconds
    while not await _is_caught_up(consumer, written) or (feedback.lag(ends) and now() < deadline):
        for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            for record in records:
                feedback.apply_record(record.partition, record.key, record.value)
    return FeedbackSnapshot(feedback, ends)


async def _is_caught_up(consumer: AIOKafkaConsumer, end_offsets: dict[TopicPartition, int]) -> bool:
    return all([await consumer.position(partition) >= end for partition, end in end_offsets.items()])


async def _topic_partitions(request: StatusRequest) -> list[TopicPartition]:
    """Return the partitions of all topics; lists topics first, since a request that names a topic may create it."""
    settings = request.settings
    topics = [request.feedback_topic, *request.source_topics]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.servers, **settings.access.client_options())
    try:
        await admin.start()
        if missing := sorted(set(topics) - set(await admin.list_topics())):
            user = settings.access.username or "a client without a login"
            raise BrokerError(
                f"topics: expected topics that {user} may see, the broker does not show {', '.join(missing)}"
            )
        described = await admin.describe_topics(topics)
    finally:
        await admin.close()
    return [TopicPartition(topic["topic"], number) for topic in described for number in range(len(topic["partitions"]))]


@asynccontextmanager
async def _open_consumer(settings: PublisherSettings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.servers,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        **settings.access.client_options(),
    )
    try:  # A consumer that could not start must be stopped, too.
        await consumer.start()
        yield consumer
    finally:
        await close_consumer(consumer)

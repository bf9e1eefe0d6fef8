"""Reading a platform's feedback topic with the platform's own rights: all of it, in no group, committed records only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from producers.status.feedback_summary import Slot, Told
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.edge.kafka_client.consumer_shutdown import close_consumer
from streams.edge.kafka_client.login import NoBrokerError, check_login

_POLL_MS: Final = 200
_SECONDS: Final = 60.0
"""How long reading what is there may take before the broker counts as one that does not answer."""


class Question(NamedTuple):
    """What is read: the feedback topic and the source topics of one platform.

    `wait` is how many seconds to wait until everything that the source topics hold now was read by a worker.
    """

    settings: PublisherSettings
    feedback: str
    sources: tuple[str, ...]
    wait: float = 0.0


class Answer(NamedTuple):
    """What was told, and where the source topics ended when it was asked."""

    told: Told
    ends: dict[Slot, int]


async def read(question: Question) -> Answer:
    """Return what the feedback topic tells now, or once workers have read all that is there now.

    Raises BrokerError when the broker does not answer, has not these topics or does not show them to us.
    """
    settings = question.settings
    try:
        if not await asyncio.to_thread(check_login, settings.bootstrap, settings.access):
            raise BrokerError(str(NoBrokerError(settings.bootstrap, settings.access)))
        async with asyncio.timeout(_SECONDS + question.wait):
            slots = await _slots(question)
            async with _consumer(settings) as consumer:
                return await _answer(consumer, question, slots)
    except KafkaSecurityError as error:
        raise BrokerError(str(error)) from error
    except (KafkaError, TimeoutError) as error:
        raise BrokerError(
            f"expected an answer of the broker at {settings.bootstrap}: {type(error).__name__}"
        ) from error


async def _answer(consumer: AIOKafkaConsumer, question: Question, slots: list[TopicPartition]) -> Answer:
    sources = [slot for slot in slots if slot.topic in question.sources]
    ends = {Slot(slot.topic, slot.partition): end for slot, end in (await consumer.end_offsets(sources)).items()}
    feedback = [slot for slot in slots if slot.topic == question.feedback]
    consumer.assign(feedback)
    await consumer.seek_to_beginning(*feedback)
    written = await consumer.end_offsets(feedback)
    told, now = Told(), asyncio.get_running_loop().time
    deadline = now() + question.wait
    while not await _is_read(consumer, written) or (told.lag(ends) and now() < deadline):
        for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            for record in records:
                told.take(record.partition, record.key, record.value)
    return Answer(told, ends)


async def _is_read(consumer: AIOKafkaConsumer, written: dict[TopicPartition, int]) -> bool:
    return all([await consumer.position(slot) >= end for slot, end in written.items()])


async def _slots(question: Question) -> list[TopicPartition]:
    """Return the partitions of all topics; the list of topics is asked for first, since naming one may make it."""
    settings = question.settings
    wanted = [question.feedback, *question.sources]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.servers, **settings.access.client_options())
    try:
        await admin.start()
        if missing := sorted(set(wanted) - set(await admin.list_topics())):
            who = settings.access.username or "whoever does not sign in"
            raise BrokerError(f"expected topics that {who} may see, the broker shows none called {', '.join(missing)}")
        described = await admin.describe_topics(wanted)
    finally:
        await admin.close()
    return [TopicPartition(one["topic"], number) for one in described for number in range(len(one["partitions"]))]


@asynccontextmanager
async def _consumer(settings: PublisherSettings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.servers,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        **settings.access.client_options(),
    )
    try:  # one that could not start must be stopped as well
        await consumer.start()
        yield consumer
    finally:
        await close_consumer(consumer)

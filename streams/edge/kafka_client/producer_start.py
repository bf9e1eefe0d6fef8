"""Start an asynchronous producer within a limit."""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError


async def start_producer(producer: AIOKafkaProducer, seconds: float) -> None:
    """Start a producer; raises KafkaError if it is not ready within `seconds`.

    If a broker stops just after its first answer, the client keeps no address, and an idempotent producer would wait for
    its producer id without limit.
    """
    try:
        async with asyncio.timeout(seconds):
            await producer.start()
    except TimeoutError:
        raise KafkaConnectionError(f"expected a producer id within {seconds:g} s, got none") from None

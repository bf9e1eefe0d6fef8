"""Close a consumer within about a second."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

_CLOSE_TIMEOUT_SECONDS: Final = 1.0


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer, and abort connections that the broker does not close in time.

    With TLS, uvloop waits half a minute for the broker's close message, which the broker sends only after it has
    answered a pending fetch.
    """
    connections: Any = consumer._client._conns  # noqa: SLF001 - aiokafka has no public access
    writers = [connection._writer for connection in connections.values()]  # noqa: SLF001
    closing = asyncio.create_task(consumer.stop())
    await asyncio.wait({closing}, timeout=_CLOSE_TIMEOUT_SECONDS)
    if not closing.done():
        for writer in writers:
            if writer is not None:
                writer.transport.abort()
    await closing

"""Closing a consumer within a second."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

_CLOSE_TIMEOUT_SECONDS: Final = 1.0


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer; connections that the broker does not close in time are cut.

    Over TLS both sides say that they close. A broker that holds a fetch answers that first, for which uvloop then
    waits half a minute in vain.
    """
    connections: Any = consumer._client._conns  # noqa: SLF001 - aiokafka shows them to nobody
    writers = [connection._writer for connection in connections.values()]  # noqa: SLF001
    closing = asyncio.create_task(consumer.stop())
    await asyncio.wait({closing}, timeout=_CLOSE_TIMEOUT_SECONDS)
    if not closing.done():
        for writer in writers:
            if writer is not None:
                writer.transport.abort()
    await closing

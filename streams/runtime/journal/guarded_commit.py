"""Commits with which platforms are told of their events: what cannot be told must not keep anybody from being counted."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiokafka.errors import KafkaError, ProducerFenced

from streams.runtime.journal.journal import Journal, Outgoing, UntoldError

_SLOW_SECONDS: Final = 5.0
"""After how long a commit that is not done makes us look at the topics on which platforms are told."""

Look = Callable[[], Awaitable[Collection[str]]]
"""Looks at the topics on which platforms are told, and returns those that cannot be written."""


async def commit(journal: Journal, outgoing: Outgoing, look: Look) -> None:
    """Make a commit. Raises UntoldError where it fails, or does not end, with a topic on which a platform is told.

    A client waits for a topic that is gone for as long as it is gone. After an UntoldError nothing is known of the
    commit: the partition has to be taken anew.
    """
    writing = asyncio.ensure_future(journal.commit(outgoing))
    try:
        while not await _is_done(writing):
            faulty = outgoing.told.keys() & set(await look()) if outgoing.told else None
            if faulty and not (writing.done() and writing.exception() is None):
                raise UntoldError(min(faulty), "found at a commit")
            if writing.done():
                break
        writing.result()
    finally:
        writing.cancel()


async def _is_done(writing: asyncio.Future[None]) -> bool:
    """Wait for some seconds, and return whether a commit is done, or failed in a way that no look can explain."""
    await asyncio.wait({writing}, timeout=_SLOW_SECONDS)
    if not writing.done():
        return False
    error = writing.exception()
    return not isinstance(error, KafkaError) or isinstance(error, ProducerFenced)

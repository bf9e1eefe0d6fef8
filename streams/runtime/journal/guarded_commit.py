"""Commits with which platforms are told of their events: what cannot be told must not keep anybody from being counted."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiokafka.errors import KafkaError, ProducerFenced

from streams.runtime.journal.journal import Commit, FeedbackError, Journal

_SLOW_COMMIT_SECONDS: Final = 5.0
"""After how long a commit that is not done makes us look at the topics on which platforms are told."""

CheckFeedbackTopics = Callable[[], Awaitable[Collection[str]]]
"""Looks at the topics on which platforms are told, and returns those that cannot be written."""


async def commit_checking_feedback(
    journal: Journal, commit: Commit, check_feedback_topics: CheckFeedbackTopics
) -> None:
    """Make a commit. Raises UntoldError where it fails, or does not end, with a topic on which a platform is told.

    A client waits for a topic that is gone for as long as it is gone. After an UntoldError nothing is known of the
    commit: the partition has to be taken anew.
    """
    writing = asyncio.ensure_future(journal.commit(commit))
    try:
        while not await _wait_until_done(writing):
            faulty = commit.feedback.keys() & set(await check_feedback_topics()) if commit.feedback else None
            if faulty and not (writing.done() and writing.exception() is None):
                raise FeedbackError(min(faulty), "found at a commit")
            if writing.done():
                break
        writing.result()
    finally:
        writing.cancel()


async def _wait_until_done(writing: asyncio.Future[None]) -> bool:
    """Wait for some seconds, and return whether a commit is done, or failed in a way that no look can explain."""
    await asyncio.wait({writing}, timeout=_SLOW_COMMIT_SECONDS)
    if not writing.done():
        return False
    error = writing.exception()
    return not isinstance(error, KafkaError) or isinstance(error, ProducerFenced)

"""Commits that include feedback to platforms: a failing feedback topic must not prevent events from being counted."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiokafka.errors import KafkaError, ProducerFenced

from streams.runtime.journal.journal import Commit, FeedbackError, Journal

_SLOW_COMMIT_SECONDS: Final = 5.0
"""A commit that takes longer than this triggers a check of the feedback topics."""

CheckFeedbackTopics = Callable[[], Awaitable[Collection[str]]]
"""Checks the feedback topics and returns those that cannot be written."""


async def commit_checking_feedback(
    journal: Journal, commit: Commit, check_feedback_topics: CheckFeedbackTopics
) -> None:
    """Make a commit. Raises FeedbackError if the commit fails or does not end, and one of its feedback topics fails.

    A Kafka client waits without limit for a topic that was deleted. After a FeedbackError it is unknown whether the
    commit was made: the partition has to be taken over again.
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
    """Wait for some seconds; return whether a commit is done, or failed in a way that no topic check can explain."""
    await asyncio.wait({writing}, timeout=_SLOW_COMMIT_SECONDS)
    if not writing.done():
        return False
    error = writing.exception()
    return not isinstance(error, KafkaError) or isinstance(error, ProducerFenced)

"""Which feedback topics cannot be written, whom that concerns, and what it says of a commit."""

import asyncio
import logging

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from streams.contract.registry.registry import Platform, Registry
from streams.runtime.journal.guarded_commit import commit_checking_feedback
from streams.runtime.journal.journal import Commit, FeedbackError
from streams.runtime.kafka.admin import TopicDescription
from streams.runtime.stats import WorkerStats
from streams.runtime.topic_checks.feedback_topics import FeedbackTopics, feedback_faults
from streams.runtime.topic_checks.source_faults import DescribedTopics


def platform(name: str) -> Platform:
    """Return a platform with topics of its own."""
    return Platform(
        id=name, provider="", report_filed=f"f.{name}", action_taken=f"a.{name}", feedback=f"feedback.{name}"
    )


REGISTRY = Registry({name: platform(name) for name in ("harbor", "lantern")}, partitions=2)
TOPICS = ("feedback.harbor", "feedback.lantern")
HEALTHY_TOPICS = {topic: TopicDescription("id", 2) for topic in TOPICS}


def test_a_topic_that_cannot_be_written_is_found_and_the_other_is_not() -> None:
    hidden = DescribedTopics(HEALTHY_TOPICS, frozenset(TOPICS[:1]), {})
    missing = DescribedTopics({TOPICS[1]: TopicDescription("id", 2)}, frozenset(), {})
    small = DescribedTopics(HEALTHY_TOPICS, frozenset(), {TOPICS[0]: {"max.message.bytes": "100"}, TOPICS[1]: {}})

    said = [
        feedback_faults(TOPICS, 2, found)
        for found in (hidden, missing, small, DescribedTopics(HEALTHY_TOPICS, frozenset(), {}))
    ]

    assert said == [
        {"feedback.harbor": "feedback.harbor: expected the right to WRITE it, found none"},
        {"feedback.harbor": "feedback.harbor: expected a topic with 2 partitions, found none"},
        {"feedback.harbor": "feedback.harbor: expected max.message.bytes=1048588, found 100"},
        {},
    ]


def test_a_platform_is_named_once_when_its_topic_fails_and_once_when_it_is_mended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    figures = WorkerStats(("harbor", "lantern"))
    listeners = FeedbackTopics(REGISTRY, figures)

    listeners.set_faults({"feedback.harbor": "gone"})
    listeners.set_faults({"feedback.harbor": "gone"})
    assert listeners.failing_platforms == figures.platforms_without_feedback == {"harbor"}
    listeners.set_faults({})

    assert listeners.failing_platforms == figures.platforms_without_feedback == frozenset()
    assert [record.getMessage() for record in caplog.records] == [
        "platform harbor gets no feedback on its events: gone. safeclock admin apply",
        "platform harbor gets feedback on its events again",
    ]


def test_a_topic_that_fails_without_a_fault_that_is_found_stays_left_out_until_one_was_found_and_mended() -> None:
    listeners = FeedbackTopics(REGISTRY, WorkerStats())

    listeners.add_failure("feedback.lantern", "InvalidTimestampError")
    listeners.set_faults({})
    assert listeners.failing_platforms == {"lantern"}
    listeners.set_faults({"feedback.lantern": "gone"})
    listeners.set_faults({})

    assert listeners.failing_platforms == frozenset()


class FakeJournal:
    """A journal whose commit succeeds, raises the given error, or never ends."""

    max_batch_bytes = max_records = 1
    last_append_time: int | None = None

    def __init__(self, error: Exception | None = None, *, hangs: bool = False) -> None:
        self._error = error
        self._hangs = hangs
        self.cancelled = False

    async def claim(self) -> bytes:
        """Return nothing."""
        return b""

    async def check_not_fenced(self) -> None:
        """Nobody else takes the partition."""

    async def republish(self, latest: object) -> None:
        """Do nothing."""

    async def commit(self, _outgoing: Commit) -> None:
        """Succeed, raise the given error, or never end."""
        try:
            if self._hangs:
                await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self._error is not None:
            raise self._error

    async def close(self) -> None:
        """Do nothing."""


FEEDBACK_COMMIT = Commit({}, {}, {}, {"feedback.harbor": [(b"status", b"")]})


async def harbor_fails() -> set[str]:
    return {"feedback.harbor"}


async def nothing_fails() -> set[str]:
    return set()


async def test_a_commit_that_a_feedback_topic_keeps_from_ending_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.journal.guarded_commit._SLOW_COMMIT_SECONDS", 0.01)
    journal = FakeJournal(hangs=True)

    with pytest.raises(FeedbackError, match=r"^feedback\.harbor: "):
        await commit_checking_feedback(journal, FEEDBACK_COMMIT, harbor_fails)

    await asyncio.sleep(0)
    assert journal.cancelled


@pytest.mark.parametrize(
    ("error", "look", "raised"),
    [
        (KafkaConnectionError(), harbor_fails, FeedbackError),
        (KafkaConnectionError(), nothing_fails, KafkaConnectionError),
        (ProducerFenced(), harbor_fails, ProducerFenced),
        (FeedbackError("feedback.harbor", "InvalidTimestampError"), nothing_fails, FeedbackError),
    ],
)
async def test_what_fails_with_a_feedback_topic_is_distinguished_from_what_fails_by_itself(
    error: Exception, look: object, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        await commit_checking_feedback(FakeJournal(error), FEEDBACK_COMMIT, look)  # type: ignore[arg-type]  # one of the two above


async def test_a_commit_that_is_slow_and_no_topic_fails_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.journal.guarded_commit._SLOW_COMMIT_SECONDS", 0.01)
    journal, looks = FakeJournal(hangs=True), 0

    async def look() -> set[str]:
        nonlocal looks
        looks += 1
        return set()

    waiting = asyncio.ensure_future(commit_checking_feedback(journal, FEEDBACK_COMMIT, look))
    async with asyncio.timeout(30):
        while looks < 3:  # noqa: ASYNC110 - what is waited for is counted
            await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert journal.cancelled

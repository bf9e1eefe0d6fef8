"""Which feedback topics cannot be written, whom that concerns, and what it says of a commit."""

import asyncio
import logging

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from streams.contract.registry.registry import Platform, Registry
from streams.runtime.journal.guarded_commit import commit
from streams.runtime.journal.journal import Outgoing, UntoldError
from streams.runtime.kafka.admin import Topic
from streams.runtime.stats import Figures
from streams.runtime.topic_checks.feedback_topics import Listeners, feedback_faults
from streams.runtime.topic_checks.source_faults import Found


def platform(name: str) -> Platform:
    """Return a platform with topics of its own."""
    return Platform(
        id=name, provider="", report_filed=f"f.{name}", action_taken=f"a.{name}", feedback=f"feedback.{name}"
    )


REGISTRY = Registry({name: platform(name) for name in ("harbor", "lantern")}, partitions=2)
TOPICS = ("feedback.harbor", "feedback.lantern")
GOOD = {topic: Topic("id", 2) for topic in TOPICS}


def test_a_topic_that_cannot_be_written_is_found_and_the_other_is_not() -> None:
    hidden = Found(GOOD, frozenset(TOPICS[:1]), {})
    missing = Found({TOPICS[1]: Topic("id", 2)}, frozenset(), {})
    small = Found(GOOD, frozenset(), {TOPICS[0]: {"max.message.bytes": "100"}, TOPICS[1]: {}})

    said = [feedback_faults(TOPICS, 2, found) for found in (hidden, missing, small, Found(GOOD, frozenset(), {}))]

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
    figures = Figures(("harbor", "lantern"))
    listeners = Listeners(REGISTRY, figures)

    listeners.found({"feedback.harbor": "gone"})
    listeners.found({"feedback.harbor": "gone"})
    assert listeners.untold == figures.untold == {"harbor"}
    listeners.found({})

    assert listeners.untold == figures.untold == frozenset()
    assert [record.getMessage() for record in caplog.records] == [
        "platform harbor is not told what becomes of its events: gone. safeclock admin apply",
        "platform harbor is told again what becomes of its events",
    ]


def test_a_topic_that_fails_without_a_fault_that_is_found_stays_left_out_until_one_was_found_and_mended() -> None:
    listeners = Listeners(REGISTRY, Figures())

    listeners.fail("feedback.lantern", "InvalidTimestampError")
    listeners.found({})
    assert listeners.untold == {"lantern"}
    listeners.found({"feedback.lantern": "gone"})
    listeners.found({})

    assert listeners.untold == frozenset()


class Writing:
    """A journal whose commit ends as it is told, or never."""

    limit = most = 1
    stamped: int | None = None

    def __init__(self, error: Exception | None = None, *, hangs: bool = False) -> None:
        self._error = error
        self._hangs = hangs
        self.cancelled = False

    async def claim(self) -> bytes:
        """Return nothing."""
        return b""

    async def confirm(self) -> None:
        """Nobody else takes the partition."""

    async def repeat(self, published: object) -> None:
        """Do nothing."""

    async def commit(self, _outgoing: Outgoing) -> None:
        """End as told."""
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


TOLD = Outgoing({}, {}, {}, {"feedback.harbor": [(b"status", b"")]})


async def harbor_fails() -> set[str]:
    return {"feedback.harbor"}


async def nothing_fails() -> set[str]:
    return set()


async def test_a_commit_that_a_feedback_topic_keeps_from_ending_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.journal.guarded_commit._SLOW_SECONDS", 0.01)
    journal = Writing(hangs=True)

    with pytest.raises(UntoldError, match=r"^feedback\.harbor: "):
        await commit(journal, TOLD, harbor_fails)

    await asyncio.sleep(0)
    assert journal.cancelled


@pytest.mark.parametrize(
    ("error", "look", "raised"),
    [
        (KafkaConnectionError(), harbor_fails, UntoldError),
        (KafkaConnectionError(), nothing_fails, KafkaConnectionError),
        (ProducerFenced(), harbor_fails, ProducerFenced),
        (UntoldError("feedback.harbor", "InvalidTimestampError"), nothing_fails, UntoldError),
    ],
)
async def test_what_fails_with_a_feedback_topic_is_told_from_what_fails_by_itself(
    error: Exception, look: object, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        await commit(Writing(error), TOLD, look)  # type: ignore[arg-type]  # one of the two above


async def test_a_commit_that_is_slow_and_no_topic_fails_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.journal.guarded_commit._SLOW_SECONDS", 0.01)
    journal, looks = Writing(hangs=True), 0

    async def look() -> set[str]:
        nonlocal looks
        looks += 1
        return set()

    waiting = asyncio.ensure_future(commit(journal, TOLD, look))
    async with asyncio.timeout(30):
        while looks < 3:  # noqa: ASYNC110 - what is waited for is counted
            await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert journal.cancelled

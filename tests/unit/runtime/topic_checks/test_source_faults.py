"""Which source topics can be read, and whom a fault concerns."""

import pytest

from streams.contract.registry.registry import Platform, Registry
from streams.runtime.journal.checkpoint import TopicOffset
from streams.runtime.kafka.admin import TopicDescription
from streams.runtime.settings import RecordTime
from streams.runtime.topic_checks.source_faults import (
    DescribedTopics,
    SourceFault,
    end_fault,
    identity_fault,
    resumption_message,
    source_faults,
    suspension_message,
    with_related_topics,
)


def platform(name: str, taken: str = "") -> Platform:
    return Platform(id=name, provider="", report_filed=f"filed.{name}", action_taken=taken or f"taken.{name}")


REGISTRY = Registry(
    {one.id: one for one in (platform("harbor"), platform("wharf"), platform("pier", "taken.wharf"))}, partitions=2
)
RELATED_TOPICS = REGISTRY.related_topics()
PLATFORMS_BY_TOPIC = {topic: REGISTRY.platforms_of_topic(topic) for topic in REGISTRY.source_topics()}
CREATE_TIME = {"message.timestamp.type": "CreateTime"}


def check_sources(
    *, without: str = "", hidden: str = "", partitions: int = 2, settings: dict[str, str] | None = None
) -> DescribedTopics:
    """Return what a healthy broker tells, but for `filed.wharf`."""
    topics = {topic: TopicDescription(f"id of {topic}", 2) for topic in REGISTRY.source_topics() if topic != without}
    if "filed.wharf" in topics:
        topics["filed.wharf"] = TopicDescription("id", partitions)
    return DescribedTopics(topics, frozenset({hidden} - {""}), {"filed.wharf": settings or {}})


def test_topics_that_are_as_they_must_be_have_no_fault() -> None:
    assert source_faults(REGISTRY, RecordTime.LOG, check_sources()) == {}


@pytest.mark.parametrize(
    ("described", "text", "remedy"),
    [
        (
            check_sources(without="filed.wharf"),
            "expected a topic with 2 partitions, found none",
            "safeclock admin apply",
        ),
        (check_sources(hidden="filed.wharf"), "expected the right to READ it, found none", "safeclock admin apply"),
        (check_sources(partitions=3), "expected 2 partitions, found 3", "delete the topic"),
        (check_sources(partitions=1), "expected 2 partitions, found 1", "delete the topic"),
        (
            check_sources(settings={"cleanup.policy": "compact"}),
            "expected cleanup.policy=delete, found compact",
            "safeclock admin apply",
        ),
        (
            check_sources(settings=CREATE_TIME),
            "expected message.timestamp.type=LogAppendTime, found CreateTime",
            "safeclock admin apply",
        ),
    ],
)
def test_a_topic_that_is_not_as_it_must_be_is_named_with_what_mends_it(
    described: DescribedTopics, text: str, remedy: str
) -> None:
    (fault,) = source_faults(REGISTRY, RecordTime.LOG, described).values()

    assert fault.problem == f"filed.wharf: {text}"
    assert fault.remedy.startswith(remedy)


def test_settings_that_harm_no_figure_are_no_fault() -> None:
    assert source_faults(REGISTRY, RecordTime.LOG, check_sources(settings={"min.insync.replicas": "1"})) == {}
    assert (
        source_faults(REGISTRY, RecordTime.CREATE, check_sources(settings={"message.timestamp.type": "LogAppendTime"}))
        == {}
    )


def test_a_fault_concerns_the_platforms_that_share_a_topic_and_no_other() -> None:
    assert with_related_topics(["filed.wharf"], RELATED_TOPICS) == {"filed.wharf", "filed.pier", "taken.wharf"}
    assert with_related_topics(["taken.harbor"], RELATED_TOPICS) == {"filed.harbor", "taken.harbor"}
    assert with_related_topics([], RELATED_TOPICS) == frozenset()


def test_a_topic_is_another_one_when_both_ids_are_known_and_differ() -> None:
    assert identity_fault("filed.wharf", TopicOffset(3, "former"), "present") is not None
    assert identity_fault("filed.wharf", TopicOffset(3, "former"), "former") is None
    assert identity_fault("filed.wharf", TopicOffset(3, ""), "present") is None
    assert identity_fault("filed.wharf", None, "present") is None


def test_a_log_may_end_at_the_position_and_not_before() -> None:
    assert end_fault("filed.wharf", 1, 7, 7) is None
    fault = end_fault("filed.wharf", 1, 8, 7)

    assert fault is not None
    assert fault.problem == "filed.wharf 1: expected a log up to offset 8, it ends at 7"


def test_what_is_reported_names_the_platforms_what_was_found_and_the_command() -> None:
    fault = SourceFault(
        "filed.wharf", "filed.wharf: expected this, found that", "safeclock admin accept-source-reset {topic}"
    )

    assert suspension_message(fault, RELATED_TOPICS, PLATFORMS_BY_TOPIC) == (
        "platforms pier, wharf suspended: filed.wharf: expected this, found that."
        " safeclock admin accept-source-reset filed.wharf"
    )
    assert resumption_message("filed.harbor", RELATED_TOPICS, PLATFORMS_BY_TOPIC).startswith(
        "platform harbor no longer suspended"
    )

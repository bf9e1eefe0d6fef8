"""What a dry run passes, Apache Kafka takes, on topics as `safeclock admin apply` makes them."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from producers.publisher.upload.request import UploadRequest, publish_files
from streams.contract.events.schema.envelope import encode_structured
from streams.contract.topics import Replication, required_topics
from tests.support.events.examples import FILING, build_event
from tests.support.events.line_corpus import MAX_BYTES, NOW, cases, registry_with_history
from tests.support.process.publisher_harness import PARTITIONS, PublisherHarness, publisher_harness

APPLICATION = "safeclock"


def corpus_lines(*, history: bool) -> list[bytes]:
    """Return every accepted line, and so many of the largest size that batches are filled up, each with its own id."""
    passed = [case.line for case in cases() if (case.expected_in_history if history else case.expected_live) is None]
    large = encode_structured(build_event(FILING)).ljust(MAX_BYTES)
    return [*passed, *(large.replace(b"event-0001", b"event-%04d" % number) for number in range(200))]


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("record_time", ["log", "create"])
def test_what_a_dry_run_passes_a_broker_takes(
    apache_kafka: str, tmp_path: Path, record_time: str, *, history: bool
) -> None:
    harbor = create_topics(apache_kafka, record_time)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(corpus_lines(history=history)))
    order = UploadRequest(
        settings=harbor.settings, registry=registry_with_history(harbor.registry), paths=(path,), history=history
    )

    dry = publish_files(replace(order, dry_run=True), now=lambda: NOW)
    sent = publish_files(order, now=lambda: NOW)

    assert (dry.exit_code, dry.refusal_groups) == (0, ())
    assert (sent.exit_code, sent.stop_cause, sent.acknowledged) == (0, "", dry.events + dry.heartbeats)
    assert len(harbor.read_events(dry.events + dry.heartbeats * 2 * PARTITIONS)) > 200


def create_topics(bootstrap: str, record_time: str) -> PublisherHarness:
    """Return a stage whose topics have the settings that the operator's command gives them."""
    harbor = publisher_harness(bootstrap, idempotent=True)
    wanted = required_topics(harbor.registry, APPLICATION, Replication(factor=1, min_insync=1), record_time=record_time)
    own = [topic for topic in wanted if topic.name in harbor.topics]
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, dict(topic.config)) for topic in own])
    return harbor

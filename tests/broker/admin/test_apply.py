"""`admin plan` and `admin apply` on brokers that ask nobody who they are."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.contract.topics import EVENT_REFUSED, MEASURES, REPORT_UPDATES
from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.process.admin_terminal import AdminTerminal, open_terminal
from tests.support.process.production_topics import deleted_topics
from tests.support.waiting import wait_until

SINGLE_REPLICA = ("--replication", "1")


@pytest.fixture
def apache(apache_kafka: str, tmp_path: Path) -> Iterator[AdminTerminal]:
    with deleted_topics(apache_kafka, (MEASURES, EVENT_REFUSED, REPORT_UPDATES)):
        yield open_terminal(tmp_path, "applied", {"SAFECLOCK_BOOTSTRAP": apache_kafka})


def set_topic_setting(one: AdminTerminal, topic: str, setting: str, value: str) -> None:
    """Change a setting of a topic, and wait until the broker tells it so."""
    bootstrap = one.environment["SAFECLOCK_BOOTSTRAP"]
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {setting: value})])
    with KafkaAdmin(bootstrap) as broker:
        wait_until(
            lambda: broker.describe_settings([topic])[topic][setting] == value, f"{topic} to have {setting}={value}"
        )


def test_what_was_applied_needs_nothing_until_somebody_changes_a_setting(apache: AdminTerminal) -> None:
    assert apache.run("admin", "plan", *SINGLE_REPLICA).exit_code == 2
    applied = apache.run_successfully("admin", "apply", *SINGLE_REPLICA)
    calm = apache.run("admin", "plan", *SINGLE_REPLICA)
    set_topic_setting(apache, MEASURES, "segment.bytes", "1048576")

    differing = apache.run_json("admin", "plan", *SINGLE_REPLICA)
    repaired = apache.run_successfully("admin", "apply", *SINGLE_REPLICA)

    assert "10 done" in applied
    assert (calm.exit_code, calm.output.splitlines()[-1]) == (0, "nothing to change")
    assert differing["changes"] == [
        {
            "action": "set",
            "kind": "setting",
            "topic": MEASURES,
            "setting": "segment.bytes",
            "current": "1048576",
            "wanted": "67108864",
        }
    ]
    assert "✓ topic measures: segment.bytes: 1048576 → 67108864" in repaired
    assert apache.run_successfully("admin", "plan", *SINGLE_REPLICA).endswith("nothing to change\n")


def test_a_change_that_the_broker_refuses_is_reported_and_the_others_are_made(apache: AdminTerminal) -> None:
    three = apache.run("admin", "apply", "--replication", "3")
    made = apache.run("admin", "apply", *SINGLE_REPLICA)
    registry = Path(apache.environment["SAFECLOCK_REGISTRY"])
    registry.write_text(registry.read_text(encoding="utf-8").replace("partitions = 2", "partitions = 3"), "utf-8")

    wider = apache.run("admin", "plan", *SINGLE_REPLICA)

    assert three.exit_code == 1
    assert "✗ topic measures" in three.output
    assert "InvalidReplicationFactor" in three.output
    assert made.exit_code == 0, made.output
    assert wider.exit_code == 1
    assert "measures: expected 3 partitions, got 2: refused, since keys would move" in wider.output


def test_a_broker_without_rights_and_users_gets_its_topics_and_says_so(embedded_broker: str, tmp_path: Path) -> None:
    embedded = open_terminal(tmp_path, "embedded-applied", {"SAFECLOCK_BOOTSTRAP": embedded_broker})

    applied = embedded.run_successfully("admin", "apply", *SINGLE_REPLICA)

    assert "✓ topic embedded-applied-changelog" in applied
    assert "this broker has no authorizer" in applied
    assert embedded.run_successfully("admin", "plan", *SINGLE_REPLICA).endswith("nothing to change\n")


def test_a_wrong_call_does_not_end_as_a_plan_with_changes_does(tmp_path: Path) -> None:
    nowhere = open_terminal(tmp_path, "wrong", {})

    assert nowhere.run("admin", "plan", "--no-such-flag").exit_code == 1
    assert nowhere.run("admin", "plan", "--record-time", "moon").exit_code == 1

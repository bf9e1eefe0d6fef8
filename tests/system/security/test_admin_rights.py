"""Rights and users on an Apache Kafka that asks who may do what."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from tests.support.broker.apache import BrokerUnavailableError
from tests.support.broker.security.authorized_kafka import AuthorizedKafka, authorized_kafka
from tests.support.components import component_or_skip
from tests.support.process.admin_terminal import AdminTerminal, open_terminal
from tests.support.process.running_process import SAFECLOCK, SafeclockProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

APPLIED = "safeclock_worker_records_applied_total"
FIRST, SECOND = "the-first-password", "the-second-password"


@pytest.fixture(scope="module")
def guarded() -> Iterator[AuthorizedKafka]:
    with component_or_skip("apache-kafka", authorized_kafka(), BrokerUnavailableError) as broker:
        yield broker


@pytest.fixture(scope="module")
def passwords(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("passwords")
    for user in ("harbor", "lantern", "safeclock-board", "safeclock-worker"):
        (folder / user).write_text(f"{FIRST}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def applied(guarded: AuthorizedKafka, passwords: Path, tmp_path_factory: pytest.TempPathFactory) -> AdminTerminal:
    made = open_terminal(tmp_path_factory.mktemp("guarded"), "guarded", guarded.operator_environment())
    printed = made.run_successfully("admin", "apply", *apply_arguments(passwords))
    assert FIRST not in printed
    return made


def apply_arguments(passwords: Path) -> tuple[str | Path, ...]:
    """Return the flags of `admin plan` and `admin apply`."""
    return "--replication", "1", "--passwords", passwords


def client_environment(guarded: AuthorizedKafka, user: str, password: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": guarded.external_listener,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


async def can_log_in(guarded: AuthorizedKafka, password: str) -> bool:
    """Whether the platform harbor is let in; the client that its publisher uses would try for half a minute."""
    client = AIOKafkaAdminClient(**client_environment(guarded, "harbor", password))
    try:
        await client.start()
    except KafkaConnectionError:
        return False
    finally:
        await client.close()
    return True


def send(guarded: AuthorizedKafka, topic: str) -> None:
    """Send a record as the platform harbor, as its publisher does."""
    producer = KafkaProducer(
        **client_environment(guarded, "harbor", FIRST), enable_idempotence=True, max_block_ms=5_000
    )
    with closing(producer):
        producer.send(topic, b"{}", b"harbor|x", partition=0).get(10)


def test_what_was_applied_needs_nothing(applied: AdminTerminal, passwords: Path) -> None:
    assert applied.run_successfully("admin", "plan", *apply_arguments(passwords)).endswith("nothing to change\n")


def test_a_platform_writes_its_own_topics_and_no_other(applied: AdminTerminal, guarded: AuthorizedKafka) -> None:
    assert applied

    send(guarded, "guarded-filed.harbor")

    with pytest.raises(TopicAuthorizationFailedError):
        send(guarded, "guarded-filed.lantern")


@pytest.mark.parametrize(("topic", "may"), [("measures", True), ("guarded-filed.harbor", False)])
def test_a_board_reads_measures_and_nothing_else(
    applied: AdminTerminal,
    guarded: AuthorizedKafka,
    topic: str,
    may: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    assert applied
    consumer = KafkaConsumer(**client_environment(guarded, "safeclock-board", FIRST), group_id=None)
    topic_partition = TopicPartition(topic, 0)

    with closing(consumer):
        consumer.assign([topic_partition])
        if may:
            assert consumer.end_offsets([topic_partition]) == {topic_partition: 0}
        else:
            with pytest.raises(KafkaError):
                consumer.end_offsets([topic_partition])


def test_a_worker_counts_with_the_rights_that_it_was_given(
    applied: AdminTerminal, guarded: AuthorizedKafka, tmp_path: Path
) -> None:
    send(guarded, "guarded-taken.harbor")
    own = {
        "SAFECLOCK_MECHANISM": "SCRAM-SHA-512",
        "SAFECLOCK_USERNAME": "safeclock-worker",
        "SAFECLOCK_PASSWORD": FIRST,
    }
    environment = {**applied.environment, **own}
    worker = SafeclockProcess((*SAFECLOCK, "worker"), environment, tmp_path / "worker.log")

    try:
        wait_until(
            lambda: worker.counter_total(APPLIED) > 0, "a record to be applied and committed", worker.log.read_text
        )
        assert worker.terminate() == 0, worker.log.read_text()
    finally:
        worker.kill()

    assert "expected min.insync.replicas=2, found 1" in worker.log.read_text(), "it may see how topics are set"


def test_a_right_that_somebody_gave_is_taken_back(
    applied: AdminTerminal, guarded: AuthorizedKafka, passwords: Path
) -> None:
    registry = Path(applied.environment["SAFECLOCK_REGISTRY"])
    text = registry.read_text(encoding="utf-8")
    registry.write_text(text.replace("guarded-filed.lantern", "guarded-filed.harbor"), encoding="utf-8")
    shared = applied.run_successfully("admin", "apply", *apply_arguments(passwords))
    registry.write_text(text, encoding="utf-8")

    apart = applied.run_successfully("admin", "apply", *apply_arguments(passwords))

    assert "✓ User:lantern may WRITE on topic guarded-filed.harbor" in shared
    assert "✓ User:lantern may no longer WRITE on topic guarded-filed.harbor" in apart
    assert guarded.internal_listener


def test_a_password_that_is_renewed_takes_the_place_of_the_former(
    applied: AdminTerminal, guarded: AuthorizedKafka, passwords: Path
) -> None:
    (passwords / "harbor").write_text(f"{SECOND}\n", encoding="utf-8")

    renewed = applied.run_successfully("admin", "apply", *apply_arguments(passwords), "--renew", "harbor")

    assert "✓ user harbor: new password" in renewed
    assert SECOND not in renewed
    assert asyncio.run(can_log_in(guarded, SECOND))
    assert not asyncio.run(can_log_in(guarded, FIRST))


def test_who_may_not_see_topics_is_shown_the_setting_and_the_right(
    applied: AdminTerminal, guarded: AuthorizedKafka
) -> None:
    anonymous = AdminTerminal(
        {
            "SAFECLOCK_BOOTSTRAP": guarded.internal_listener,
            **{name: applied.environment[name] for name in ("SAFECLOCK_APPLICATION", "SAFECLOCK_REGISTRY")},
        }
    )

    refused = anonymous.run("admin", "plan", "--replication", "1")

    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1] == (
        "Error: SAFECLOCK_USERNAME: expected a user who may DESCRIBE topic event-refused and 9 more,"
        " an anonymous client may not"
    )


def test_who_may_not_see_rights_is_shown_the_setting_and_the_right(applied: AdminTerminal) -> None:
    own = {
        "SAFECLOCK_MECHANISM": "SCRAM-SHA-512",
        "SAFECLOCK_USERNAME": "safeclock-worker",
        "SAFECLOCK_PASSWORD": FIRST,
    }

    refused = AdminTerminal({**applied.environment, **own}).run("admin", "plan", "--replication", "1")

    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1] == (
        "Error: SAFECLOCK_USERNAME: expected a user who may DESCRIBE the cluster, its rights and its users,"
        " 'safeclock-worker' may not"
    )

"""Worker, board, publisher and operator on SASL_SSL, each as its own user with what `admin apply` gives it."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from producers.publisher.errors import BrokerError
from streams.admin.provisioning.cluster import ClusterAdmin
from streams.admin.provisioning.desired_state import Grant
from streams.admin.provisioning.plan import Revoke
from streams.contract.settings.kafka_security import load_kafka_security
from streams.contract.topics import MEASURES, changelog_topic
from tests.support.broker.security.secured_kafka import OPERATOR_PASSWORD, SecuredKafka
from tests.support.process.running_process import SAFECLOCK, SafeclockProcess
from tests.support.waiting import wait_until
from tests.system.security.secured_chain import (
    APPLICATION,
    PASSWORDS,
    SCRAPER_PASSWORD,
    CommandResult,
    SecuredChain,
    SecuredProcess,
    run_to_end,
)

pytestmark = pytest.mark.slow

SECRETS = (*PASSWORDS.values(), SCRAPER_PASSWORD, OPERATOR_PASSWORD)
FILED, APPLIED = "safeclock_reports_filed_total", "safeclock_worker_records_applied_total"


@pytest.fixture(scope="module")
def secured_chain(secured_kafka: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> SecuredChain:
    return SecuredChain(secured_kafka, tmp_path_factory.mktemp("standing"))


@pytest.fixture(scope="module")
def worker(secured_chain: SecuredChain) -> Iterator[SecuredProcess]:
    part = secured_chain.start_process("worker", "safeclock-worker")
    yield part
    part.kill()


@pytest.fixture(scope="module")
def board(secured_chain: SecuredChain) -> Iterator[SecuredProcess]:
    part = secured_chain.start_process("board", "safeclock-board")
    yield part
    part.kill()


def now() -> int:
    return time.time_ns() // 1_000_000


def file_reports(standing: SecuredChain, user: str, platform: str, count: int) -> None:
    with standing.publisher(user, platform) as publisher:
        for number in range(count):
            publisher.report_filed(
                report_id=f"{time.monotonic_ns()}-{number}",
                at=now(),
                harm="grooming",
                reporter="user",
                trusted_flagger=False,
                channel="in_app",
                basis="terms",
                jurisdictions=["FR"],
            )


def test_what_is_published_is_counted_and_shown(
    secured_chain: SecuredChain, worker: SecuredProcess, board: SecuredProcess
) -> None:
    file_reports(secured_chain, "harbor", "harbor", 5)

    wait_until(lambda: worker.counter_total(APPLIED) >= 5, "five records to be applied", worker.log.read_text)
    wait_until(lambda: board.counter_total(FILED) == 5, "five reports on the board", board.log.read_text)


def test_a_topic_that_workers_may_not_read_any_more_suspends_its_platform_until_the_right_is_back(
    secured_chain: SecuredChain, worker: SecuredProcess
) -> None:
    topic, secured = f"{APPLICATION}-filed.lantern", secured_chain.secured
    file_reports(secured_chain, "lantern", "lantern", 3)
    wait_until(lambda: worker.counter_total(APPLIED) >= 8, "both platforms to be counted", worker.log.read_text)

    with ClusterAdmin(secured.listeners["secure"], secured.security_settings()) as cluster:
        cluster.apply_change(Revoke(Grant("User:safeclock-worker", "TOPIC", topic, "READ")), str)
    suspended = 'safeclock_worker_suspended_partitions{platform="lantern"} 2.0'
    wait_until(lambda: suspended in worker.get_page("/metrics"), "the platform to be suspended", worker.log.read_text)
    file_reports(secured_chain, "lantern", "lantern", 4)
    file_reports(secured_chain, "harbor", "harbor", 5)
    wait_until(lambda: worker.counter_total(APPLIED) >= 13, "the other platform to be counted", worker.log.read_text)
    assert f"platform lantern suspended: {topic}: expected the right to READ it" in worker.log.read_text()
    secured_chain.admin_terminal.run_successfully("admin", "apply", *secured_chain.plan_arguments)

    wait_until(lambda: worker.counter_total(APPLIED) >= 17, "what lay unread to be counted", worker.log.read_text)
    assert worker.exit_code is None


def test_who_claims_to_be_another_on_its_own_topic_is_refused(
    secured_chain: SecuredChain, worker: SecuredProcess
) -> None:
    access = load_kafka_security(secured_chain.environment("harbor"))
    producer = KafkaProducer(bootstrap_servers=secured_chain.secured.listeners["secure"], **access.client_options())
    event = b'{"specversion":"1.0","type":"safeclock.heartbeat.v1","source":"/platforms/lantern","id":"heartbeat-1"'
    event += b',"time":"2026-01-05T10:00:00Z","data":{"complete_through":"2026-01-05T09:59:30Z","sequence":1}}'

    producer.send(f"{APPLICATION}-filed.harbor", event, b"lantern", partition=0).get(10)
    producer.close()

    refused = 'safeclock_worker_records_refused_total{reason="wrong_platform"} 1.0'
    wait_until(lambda: refused in worker.get_page("/metrics"), "the refusal", worker.log.read_text)


def test_a_platform_learns_what_became_of_its_own_events_and_of_nobody_else_s(
    secured_chain: SecuredChain, worker: SecuredProcess
) -> None:
    def asked(platform: str, *more: str) -> CommandResult:
        registry = secured_chain.registry(platform)
        return run_to_end(
            secured_chain.publisher_environment("harbor"),
            "status",
            "--platform",
            platform,
            "--registry",
            registry,
            *more,
        )

    own, other = asked("harbor", "--wait", "30"), asked("lantern")
    access = load_kafka_security(secured_chain.environment("harbor"))
    consumer = KafkaConsumer(
        bootstrap_servers=secured_chain.secured.listeners["secure"], group_id=None, **access.client_options()
    )
    topic_partition = TopicPartition(f"{APPLICATION}-heard.lantern", 0)
    consumer.assign([topic_partition])

    assert (own.code, "refused as wrong_platform in source: 1" in own.output) == (1, True), own
    assert (other.code, f"{APPLICATION}-heard.lantern" in other.output) == (3, True), other
    with closing(consumer), pytest.raises(KafkaError):
        consumer.end_offsets([topic_partition])
    assert worker.exit_code is None


def test_nobody_writes_to_another_s_topics_and_the_caller_hears_of_it(secured_chain: SecuredChain) -> None:
    with pytest.raises(BrokerError, match=r"lantern.*TopicAuthorizationFailed"):
        secured_chain.publisher("harbor", "lantern")

    access = load_kafka_security(secured_chain.environment("harbor"))
    producer = KafkaProducer(
        bootstrap_servers=secured_chain.secured.listeners["secure"], max_block_ms=5_000, **access.client_options()
    )
    with pytest.raises(TopicAuthorizationFailedError):
        producer.send(f"{APPLICATION}-filed.lantern", b"{}", b"lantern", partition=0).get(10)
    producer.close()


def test_workers_and_boards_stop_in_order(worker: SecuredProcess, board: SecuredProcess) -> None:
    for part in (worker, board):
        pages = part.get_page("/metrics") + part.get_page("/readyz") + part.get_page("/anything")
        assert "safeclock_" in pages
        assert not [secret for secret in SECRETS if secret in pages]

    assert worker.terminate() == 0, worker.log.read_text()
    assert board.terminate() == 0, board.log.read_text()


def test_what_workers_know_is_kept_and_brought_back(secured_chain: SecuredChain, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    kept = secured_chain.admin_terminal.run_successfully("admin", "backup", backup)
    access = load_kafka_security(secured_chain.secured.operator_environment())
    admin = KafkaAdminClient(bootstrap_servers=secured_chain.secured.listeners["secure"], **access.client_options())
    admin.delete_topics([changelog_topic(APPLICATION), MEASURES])
    wait_until(lambda: MEASURES not in admin.list_topics(), "the topics to be gone")
    admin.close()
    secured_chain.admin_terminal.run_successfully("admin", "apply", *secured_chain.plan_arguments)

    restored = secured_chain.admin_terminal.run_successfully("admin", "restore", backup)

    assert " rows in " in kept
    assert restored.count("restored and read back") == 2


def test_a_source_that_was_recreated_is_accepted(secured_chain: SecuredChain) -> None:
    topic = f"{APPLICATION}-taken.harbor"
    access = load_kafka_security(secured_chain.secured.operator_environment())
    admin = KafkaAdminClient(bootstrap_servers=secured_chain.secured.listeners["secure"], **access.client_options())
    admin.delete_topics([topic])
    wait_until(lambda: topic not in admin.list_topics(), "the topic to be gone")
    admin.close()
    secured_chain.admin_terminal.run_successfully("admin", "apply", *secured_chain.plan_arguments)

    printed = secured_chain.admin_terminal.run_successfully(
        "admin", "accept-source-reset", topic, "--from", "beginning", "--yes"
    )

    assert printed.count("accepted") == 2


def test_a_worker_may_sign_in_by_a_certificate(secured_chain: SecuredChain, tmp_path: Path) -> None:
    secured = secured_chain.secured
    own = {
        name: secured_chain.admin_terminal.environment[name] for name in ("SAFECLOCK_APPLICATION", "SAFECLOCK_REGISTRY")
    }
    own |= {
        "SAFECLOCK_BOOTSTRAP": secured.listeners["mutual"],
        "SAFECLOCK_PROTOCOL": "SSL",
        "SAFECLOCK_CA_FILE": str(secured.authority.file),
        "SAFECLOCK_CERT_FILE": str(secured.client.cert_file),
        "SAFECLOCK_KEY_FILE": str(secured.client.key_file),
    }
    worker = SafeclockProcess((*SAFECLOCK, "worker"), own, tmp_path / "worker.log")

    try:
        wait_until(lambda: worker.get_page("/readyz") == "ok\n", "every partition to be restored", worker.log.read_text)
        assert worker.terminate() == 0, worker.log.read_text()
    finally:
        worker.kill()


def test_no_secret_was_printed_or_logged(
    secured_chain: SecuredChain, worker: SecuredProcess, board: SecuredProcess
) -> None:
    shown = secured_chain.apply_plan + worker.log.read_text() + board.log.read_text()

    assert not [secret for secret in SECRETS if secret in shown]

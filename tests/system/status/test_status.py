"""What a platform learns of live events that its own partitioner put in the wrong place."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaProducer

from streams.contract.topics import partition_of
from streams.edge.clock import wall_clock_ms
from tests.support.process.publisher_harness import action_line, filing_line
from tests.support.waiting import wait_until
from tests.system.status.platform_chain import OwnTopicsChain

pytestmark = pytest.mark.slow

REPORTS = 40


@pytest.fixture
def chain(apache_kafka: str, tmp_path: Path) -> Iterator[OwnTopicsChain]:
    with closing(OwnTopicsChain(apache_kafka, tmp_path, partitions=2)) as made:
        made.create_topics()
        yield made


def publish_reports(chain: OwnTopicsChain, *, right: bool, first: int = 0) -> int:
    """Send filings, from number `first` on, to where they belong and actions there too or elsewhere; return how many actions lie elsewhere.

    All of it is one transaction, which leaves a mark behind the last record of each log.
    """
    now, astray = wall_clock_ms(), 0
    harbor = chain.registry.platforms["harbor"]
    own = {"transactional_id": f"{chain.application}-publisher", "enable_idempotence": True}
    with closing(KafkaProducer(bootstrap_servers=chain.bootstrap, **own)) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        for number in range(first, first + REPORTS):
            for topic, line in (
                (harbor.report_filed, filing_line(number, now)),
                (harbor.action_taken, action_line(number, now)),
            ):
                key = line_key(line)
                place = partition_of(key, 2)
                if topic == harbor.action_taken and not right and number % 2:
                    place, astray = 1 - place, astray + 1
                producer.send(topic, line, key, partition=place)
        producer.commit_transaction()
    return astray


def line_key(line: bytes) -> bytes:
    """Return the key of an event's record."""
    subject = line.partition(b'"subject":"')[2].partition(b'"')[0]
    return b"harbor|" + subject


def test_a_wrong_partitioner_is_seen_in_the_status(chain: OwnTopicsChain) -> None:
    worker = chain.start_worker()
    astray = publish_reports(chain, right=False)

    code, document = chain.run_status("harbor")

    assert code == 1, document
    assert (document["read"], document["lag"]) == (2 * REPORTS, 0)
    assert (document["refused"], document["accepted"]) == (astray, 2 * REPORTS - astray)
    (group,) = document["refusals"]
    assert (group["reason"], group["count"]) == ("wrong_partition", astray)
    first = group["first"]
    assert first["topic"] == chain.registry.platforms["harbor"].action_taken
    assert chain.run_status("lantern")[0] == 0
    later = chain.read_feedback(
        *("status", "--platform=harbor", f"--registry={chain.registry_file}", "--since=2126-01-01T00:00:00Z")
    )
    assert later.exit_code == 0, later
    assert "no refusal since 2126" in later.out
    assert worker.terminate() == 0, chain.logs()


def test_all_that_is_accepted_ends_with_0_and_what_nobody_reads_with_3(chain: OwnTopicsChain) -> None:
    publish_reports(chain, right=True)
    registry = f"--registry={chain.registry_file}"
    unread = chain.read_feedback("status", "--platform=harbor", registry)
    assert (unread.exit_code, "not known yet" in unread.out) == (3, True), unread

    worker = chain.start_worker()
    code, document = chain.run_status("harbor")

    assert (code, document["refused"], document["accepted"]) == (0, 0, 2 * REPORTS), document
    assert worker.terminate() == 0, chain.logs()
    again = chain.start_worker()
    assert chain.run_status("harbor")[1]["read"] == 2 * REPORTS
    wait_until(lambda: again.get_page("/readyz").startswith("ok"), "the worker to serve", chain.logs)
    assert again.terminate() == 0, chain.logs()


def test_who_asks_no_broker_or_for_nobody_is_told_so(chain: OwnTopicsChain) -> None:
    registry = f"--registry={chain.registry_file}"

    nobody = chain.read_feedback("status", "--platform=nobody", registry)
    silent = chain.read_feedback("status", "--platform=harbor", registry, "--bootstrap=127.0.0.1:1")
    shared = chain.read_feedback("status", "--platform=harbor", "--registry=deploy/registry/demo.toml")
    unknown = chain.read_feedback("status", "--platform=stranger")

    assert (nobody.exit_code, "expected one of cobalt" in nobody.err) == (2, True), nobody
    assert (silent.exit_code, "none answered" in silent.err) == (3, True), silent
    assert (shared.exit_code, "topics of its own" in shared.err) == (2, True), shared
    assert (unknown.exit_code, "feedback.stranger" in unknown.err) == (3, True), unknown

"""A platform's feedback topic fails while a worker runs: its events, and everybody else's, are counted all the same."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.waiting import until
from tests.system.status.platform_chain import OwnTopics
from tests.system.status.test_status import REPORTS, sent

pytestmark = pytest.mark.slow

FAILING = "safeclock_worker_feedback_failing"
APPLIED = "safeclock_worker_records_applied_total"
Change = Callable[[KafkaAdminClient, str], object]


@pytest.fixture
def chain(apache_kafka: str, tmp_path: Path) -> Iterator[OwnTopics]:
    with closing(OwnTopics(apache_kafka, tmp_path, partitions=2)) as made:
        made.create_topics()
        yield made


def takes(limit: int) -> Change:
    """Return what makes a topic take record batches of so many bytes at most."""

    def change(admin: KafkaAdminClient, topic: str) -> object:
        return admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(limit)})])

    return change


def gone(admin: KafkaAdminClient, topic: str) -> object:
    """Delete a topic."""
    return admin.delete_topics([topic])


def made_anew(chain: OwnTopics, topic: str) -> None:
    """Make a topic as it must be, or as large as it must be where it is there."""
    with KafkaAdmin(chain.bootstrap) as broker:
        if topic not in broker.describe_topics([topic]):
            broker.create_topic(next(one for one in chain.wanted() if one.name == topic))


@pytest.mark.parametrize("fault", [gone, takes(100)], ids=["deleted", "takes only small batches"])
def test_a_feedback_topic_that_fails_keeps_nobody_from_being_counted(chain: OwnTopics, fault: Change) -> None:
    topic = chain.registry.platforms["harbor"].feedback
    worker = chain.worker()
    sent(chain, right=True)
    assert chain.status("harbor")[0] == 0, chain.logs()

    with closing(KafkaAdminClient(bootstrap_servers=chain.bootstrap)) as admin:
        fault(admin, topic)
        sent(chain, right=True, first=REPORTS)
        until(lambda: worker.total(APPLIED) == 4 * REPORTS, "everything to be counted", chain.logs)
        until(lambda: worker.total(FAILING) == 1, "the platform to be named", chain.logs)
        assert chain.status("lantern")[0] == 0, chain.logs()
        assert worker.said().count("platform harbor gets no feedback on its events") == 1, worker.said()

        made_anew(chain, topic)
        if fault is not gone:
            takes(1_048_588)(admin, topic)
    until(lambda: worker.total(FAILING) == 0, "the platform to be told again", chain.logs)
    code, document = chain.status("harbor")

    assert (code, document["read"], document["refused"]) == (0, 4 * REPORTS, 0), (document, chain.logs())
    assert worker.terminate() == 0, chain.logs()

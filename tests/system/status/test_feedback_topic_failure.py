"""A platform's feedback topic fails while a worker runs: its events, and everybody else's, are counted all the same."""

from collections.abc import Callable
from contextlib import closing

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.waiting import wait_until
from tests.system.status.platform_chain import REPORTS, OwnTopicsChain, publish_reports

pytestmark = pytest.mark.slow

FAILING_METRIC = "safeclock_worker_feedback_failing"
APPLIED = "safeclock_worker_records_applied_total"
Change = Callable[[KafkaAdminClient, str], object]


def set_max_message_bytes(limit: int) -> Change:
    """Return what makes a topic take record batches of so many bytes at most."""

    def change(admin: KafkaAdminClient, topic: str) -> object:
        return admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(limit)})])

    return change


def delete_topic(admin: KafkaAdminClient, topic: str) -> object:
    """Delete a topic."""
    return admin.delete_topics([topic])


def recreate_topic(chain: OwnTopicsChain, topic: str) -> None:
    """Make a topic as it must be, or as large as it must be where it is there."""
    with KafkaAdmin(chain.bootstrap) as broker:
        if topic not in broker.describe_topics([topic]):
            broker.create_topic(next(one for one in chain.desired_topics() if one.name == topic))


@pytest.mark.parametrize(
    "fault", [delete_topic, set_max_message_bytes(100)], ids=["deleted", "takes only small batches"]
)
def test_a_feedback_topic_that_fails_keeps_nobody_from_being_counted(chain: OwnTopicsChain, fault: Change) -> None:
    topic = chain.registry.platforms["harbor"].feedback
    worker = chain.start_worker()
    publish_reports(chain, right=True)
    assert chain.run_status("harbor")[0] == 0, chain.logs()

    with closing(KafkaAdminClient(bootstrap_servers=chain.bootstrap)) as admin:
        fault(admin, topic)
        publish_reports(chain, right=True, first=REPORTS)
        wait_until(lambda: worker.counter_total(APPLIED) == 4 * REPORTS, "everything to be counted", chain.logs)
        wait_until(lambda: worker.counter_total(FAILING_METRIC) == 1, "the platform to be named", chain.logs)
        assert chain.run_status("lantern")[0] == 0, chain.logs()
        assert worker.log_text().count("platform harbor gets no feedback on its events") == 1, worker.log_text()

        recreate_topic(chain, topic)
        if fault is not delete_topic:
            set_max_message_bytes(1_048_588)(admin, topic)
    wait_until(lambda: worker.counter_total(FAILING_METRIC) == 0, "the platform to be told again", chain.logs)
    code, document = chain.run_status("harbor")

    assert (code, document["read"], document["refused"]) == (0, 4 * REPORTS, 0), (document, chain.logs())
    assert worker.terminate() == 0, chain.logs()

"""Topics on a broker that tests use."""

from collections.abc import Iterable
from contextlib import closing

from kafka import KafkaAdminClient

from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.waiting import wait_until


def delete_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Delete those of the topics that exist, and return when they are gone."""
    wanted = tuple(names)
    with KafkaAdmin(bootstrap) as broker:
        if found := list(broker.describe_topics(wanted)):
            with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
                admin.delete_topics(found)
            wait_until(lambda: not broker.describe_topics(wanted), f"{', '.join(found)} to be gone")

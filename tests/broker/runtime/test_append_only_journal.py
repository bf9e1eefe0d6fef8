"""Commits on a broker without transactions: one record batch each, however much has changed."""

import uuid

from streams.contract.registry.registry import Registry
from streams.contract.topics import Replication, changelog_topic, required_topics
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.append import AppendJournal
from streams.runtime.journal.journal import Commit, JournalTarget
from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.kafka.async_records import read_topic


async def test_a_commit_of_several_megabytes_is_appended_whole(embedded_broker: str) -> None:
    application = uuid.uuid4().hex
    topics = required_topics(Registry.accepting_all(), application, Replication(factor=1, min_insync=1))
    with KafkaAdmin(embedded_broker) as broker:
        broker.create_topic(next(topic for topic in topics if topic.name == changelog_topic(application)))
        settings = broker.describe_settings([changelog_topic(application)])[changelog_topic(application)]
    place = JournalTarget(
        embedded_broker, application, changelog_topic(application), 0, int(settings["max.message.bytes"])
    )
    journal = AppendJournal(place, Failpoints())
    rows: dict[bytes, bytes | None] = {f"r|{number}".encode(): bytes(30_000) for number in range(journal.max_records)}

    try:
        await journal.claim()
        await journal.commit(Commit(rows, {}))
    finally:
        await journal.close()

    found = await read_topic(embedded_broker, changelog_topic(application), 1)
    assert sum(len(row or b"") for row in rows.values()) > 4_000_000
    assert {one.key: one.value for one in found if one.key.startswith(b"r|")} == rows

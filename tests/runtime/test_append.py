"""Commits on a broker without transactions: one record batch each, however much has changed."""

import pytest

from streams.contract.registry import Registry
from streams.contract.topics import Replication, changelog, table
from streams.runtime.broker import Broker
from streams.runtime.failpoints import Failpoints
from streams.runtime.ground import stand
from streams.runtime.journal import AppendJournal, Outgoing, Place
from streams.runtime.settings import load
from streams.runtime.topics import create_missing
from tests.runtime.scene import read

pytestmark = pytest.mark.integration

APPLICATION = "append"


async def test_a_commit_of_several_megabytes_is_appended_whole(embedded_broker: str) -> None:
    settings = load({"SAFECLOCK_BOOTSTRAP": embedded_broker, "SAFECLOCK_APPLICATION": APPLICATION}, {})
    registry = Registry.open()
    with Broker(embedded_broker) as broker:
        create_missing(broker, table(registry, APPLICATION, Replication(factor=1, min_insync=1)))
    limit = stand(settings, registry).max_message_bytes
    journal = AppendJournal(Place(embedded_broker, APPLICATION, changelog(APPLICATION), 0, limit), Failpoints())
    await journal.claim()
    rows: dict[bytes, bytes | None] = {f"r|{number}".encode(): bytes(4_000) for number in range(journal.most)}

    await journal.commit(Outgoing(rows, {}))
    await journal.close()

    told = await read(embedded_broker, changelog(APPLICATION), 1)
    assert sum(len(row or b"") for row in rows.values()) > 4_000_000
    assert {one.key: one.value for one in told if one.key.startswith(b"r|")} == rows

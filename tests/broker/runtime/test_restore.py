"""A restore that fails."""

import gc

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from streams.runtime.failpoints import Failpoints
from streams.runtime.partition.takeover.restore import read_changelog
from tests.support.broker.ports import LOOPBACK, free_port


async def test_a_restore_that_reaches_nobody_leaves_nothing_open() -> None:
    nobody = f"{LOOPBACK}:{free_port()}"

    with pytest.raises(KafkaConnectionError):
        await read_changelog(nobody, TopicPartition("changelog", 0), b"claim", Failpoints())

    gc.collect()  # whatever is left open is told here, and fails this test

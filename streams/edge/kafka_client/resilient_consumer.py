"""An aiokafka consumer with its own parser of a broker's response, so that no record batch can stop it.

The consumer returns an unreadable batch as one `UnreadableBatch` in place of its records, and moves on.
"""

from collections.abc import Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any, cast

import aiokafka
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as fetching
from typing_extensions import override

from streams.edge.kafka_client.record_batch import SOURCE_TOPIC_LIMITS, BatchLimits
from streams.edge.kafka_client.response_records import (
    PartitionResponse,
    RecordOrUnreadable,
    ResponseRecords,
    UnreadableBatchTracker,
)


def create_consumer(limits: BatchLimits = SOURCE_TOPIC_LIMITS, **settings: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ANN401 - aiokafka's own
    """Return an aiokafka consumer of `ConsumedRecord` and `UnreadableBatch`; a batch beyond `limits` is unreadable."""
    consumer = ResilientConsumer(**settings)  # type: ignore[no-untyped-call]
    consumer.batch_limits = limits
    return consumer


async def poll(
    consumer: aiokafka.AIOKafkaConsumer, *topic_partitions: TopicPartition, **options: int
) -> Mapping[TopicPartition, list[RecordOrUnreadable]]:
    """Return the records that `getmany` of a `ResilientConsumer` returns, with their real type."""
    return cast(
        "Mapping[TopicPartition, list[RecordOrUnreadable]]", await consumer.getmany(*topic_partitions, **options)
    )


class ResilientConsumer(aiokafka.AIOKafkaConsumer):
    """An aiokafka consumer whose records are `ConsumedRecord` or `UnreadableBatch`."""

    batch_limits = SOURCE_TOPIC_LIMITS

    @override
    async def start(self) -> None:
        await super().start()  # type: ignore[no-untyped-call]
        fetcher: Any = self._fetcher
        # The method's code is unchanged; it finds our classes under the global names that it looks up.
        tracker = UnreadableBatchTracker(partial(_last_response_at, fetcher), self.batch_limits)
        global_names = {
            **vars(fetching),
            "MemoryRecords": PartitionResponse,
            "PartitionRecords": partial(ResponseRecords, tracker),
        }
        method = fetching.Fetcher._proc_fetch_request  # noqa: SLF001 - aiokafka offers no other way to the bytes
        fetcher._proc_fetch_request = MethodType(FunctionType(method.__code__, global_names), fetcher)  # noqa: SLF001


def _last_response_at(fetcher: Any, topic_partition: TopicPartition) -> int:  # noqa: ANN401 - aiokafka's, untyped
    """Return the wall clock of the last response, in epoch milliseconds."""
    state: Any = fetcher._subscriptions.subscription.assignment.state_value(topic_partition)  # noqa: SLF001
    return int(state.timestamp)

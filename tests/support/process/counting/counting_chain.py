"""A broker's topics, a publisher and real worker processes for one test, with an oracle from the source topics."""

import asyncio
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.contract.topics import TopicSettings
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, decode_checkpoint
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.settings import RecordTime
from tests.support.kafka.async_records import TopicRecord, read_topic, running_producer
from tests.support.process.counting.counting_worker import COUNTERS_KEY, counting_registry, output_topics
from tests.support.process.running_process import RunningProcess

TIMEOUT_SECONDS = 120.0
LOG_APPEND_TIME: Mapping[str, str] = {"message.timestamp.type": "LogAppendTime"}


COUNTING_WORKER = (sys.executable, "-m", "tests.support.process.counting.counting_worker")


class CountingChain:
    """Topics of their own on a broker, and the processes that were started on them."""

    def __init__(self, bootstrap: str, partitions: int, record_time: RecordTime) -> None:
        self.bootstrap = bootstrap
        self.partitions = partitions
        self.prefix = f"t{uuid.uuid4().hex[:8]}"
        self.registry = counting_registry(self.prefix, partitions)
        self.names = output_topics(self.prefix)
        self.sources = self.registry.source_topics()
        self.record_time = record_time
        self._published = 0
        self._workers: list[RunningProcess] = []
        self._folder = tempfile.TemporaryDirectory(prefix="safeclock-scene-")
        with KafkaAdmin(bootstrap) as broker:
            for name in self.sources:
                broker.create_topic(self._topic(name, LOG_APPEND_TIME))
            for name in self.names[:2]:
                broker.create_topic(self._topic(name, {"cleanup.policy": "compact"}))
            for name in self.names[2:]:
                broker.create_topic(self._topic(name, {}))

    def _topic(self, name: str, config: Mapping[str, str]) -> TopicSettings:
        return TopicSettings(name=name, partitions=self.partitions, replication_factor=1, config=config)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a worker of this scene is told."""
        return {
            "SAFECLOCK_BOOTSTRAP": self.bootstrap,
            "SAFECLOCK_APPLICATION": self.prefix,
            "SAFECLOCK_RECORD_TIME": self.record_time,
            "SAFECLOCK_COMMIT_INTERVAL_MS": "20",
            "COUNTING_PREFIX": self.prefix,
            "COUNTING_PARTITIONS": str(self.partitions),
            **more,
        }

    def start_worker(self, **more: str) -> RunningProcess:
        """Start a worker process."""
        log = Path(self._folder.name) / f"worker-{len(self._workers)}.log"
        worker = RunningProcess(COUNTING_WORKER, self.environment(**more), log)
        self._workers.append(worker)
        return worker

    async def publish(self, count: int) -> None:
        """Publish `count` numbered records, spread over topics and partitions, every key new."""
        sent = []
        async with running_producer(self.bootstrap, linger_ms=2) as producer:
            for number in range(self._published, self._published + count):
                topic = self.sources[number % len(self.sources)]
                partition = number // len(self.sources) % self.partitions
                value = b"%d" % (number + 100)
                sent.append(await producer.send(topic, key=b"harbor|%d" % number, value=value, partition=partition))
            await asyncio.gather(*sent)
        self._published += count

    async def expected_totals(self) -> dict[str, int]:
        """Return what the totals must be, from the source topics themselves."""
        values = [int(record.value or b"0") for topic in self.sources for record in await self._read(topic)]
        return {"records": len(values), "sum": sum(values), "refused": 0}

    async def committed_totals(self) -> dict[str, int]:
        """Return what the workers have committed, summed over partitions."""
        return _sum_records(await self._read(self.names.changelog))

    async def measured_totals(self) -> dict[str, int]:
        """Return what the workers have told on `measures`, summed over partitions."""
        return _sum_records(await self._read(self.names.measures))

    async def rows(self) -> Counter[int]:
        """Return how many keys were counted how often."""
        last = {
            record.key: int(record.value or b"0")
            for record in await self._read(self.names.changelog)
            if _is_row(record)
        }
        return Counter(last.values())

    async def total_history(self, topic: str) -> dict[int, list[bytes]]:
        """Return the counter rows on `topic`, per partition, one after the other, without repetitions."""
        steps: dict[int, list[bytes]] = {}
        for record in await self._read(topic):
            if record.key == COUNTERS_KEY and record.value is not None:
                history = steps.setdefault(record.partition, [])
                if not history or history[-1] != record.value:
                    history.append(record.value)
        return steps

    async def checkpoints(self) -> dict[int, Checkpoint]:
        """Return how far every partition has been committed."""
        record = await self._read(self.names.changelog)
        return {
            one.partition: decode_checkpoint(one.value)
            for one in record
            if one.key == CHECKPOINT_KEY and one.value is not None
        }

    async def wait_until_settled(self) -> None:
        """Return when the committed totals equal the oracle; fail when they do not in time, or are beyond it."""
        wanted = await self.expected_totals()
        await wait_until_async(lambda: self._has_totals(wanted), f"totals of {wanted}", self.logs)

    async def _has_totals(self, wanted: dict[str, int]) -> bool:
        totals = await self.committed_totals()
        assert totals["records"] <= wanted["records"], f"counted {totals} of {wanted}"
        return totals == wanted

    async def refusals(self) -> list[TopicRecord]:
        """Return what was told on the topic of refusals."""
        return await self._read(self.names.refusals)

    async def recreate_topic(self, name: str, config: Mapping[str, str] = LOG_APPEND_TIME) -> None:
        """Delete a topic and create it again, so that only its id tells; a source topic by default."""
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            admin.delete_topics([name])
        with KafkaAdmin(self.bootstrap) as broker:
            await wait_until_async(lambda: not broker.describe_topics([name]), "the topic to be gone")
            broker.create_topic(self._topic(name, config))
            await wait_until_async(lambda: broker.describe_topics([name]), "the topic to be back")

    def restore_timestamp_type(self, name: str) -> None:
        """Let the senders of a topic stamp its records."""
        self.configure(name, {"message.timestamp.type": "CreateTime"})

    def configure(self, name: str, settings: Mapping[str, str]) -> None:
        """Change settings of a topic."""
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))])

    async def delete_before(self, name: str, offset: int) -> None:
        """Delete the records of a topic's first partition that lie before an offset."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            await admin.start()
            await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()

    async def stored(self, topic: str) -> list[TopicRecord]:
        """Return the last record of every key of a topic, the position of each partition last, as commits have it."""
        last = {(one.partition, one.key): one for one in await self._read(topic)}
        return sorted(last.values(), key=lambda one: one.key == CHECKPOINT_KEY)

    async def _read(self, topic: str) -> list[TopicRecord]:
        return await read_topic(self.bootstrap, topic, self.partitions)

    def logs(self) -> str:
        """Return the ends of the workers' logs."""
        return "\n".join(worker.log.read_text(errors="replace")[-2500:] for worker in self._workers[-2:])

    def close(self) -> None:
        """End every process of the scene."""
        for worker in self._workers:
            worker.kill()
        self._folder.cleanup()


def _is_row(record: TopicRecord) -> bool:
    return record.key.startswith(b"r|") and record.value is not None


def _sum_records(records: Iterable[TopicRecord]) -> dict[str, int]:
    last = {
        record.partition: record.value for record in records if record.key == COUNTERS_KEY and record.value is not None
    }
    total: Counter[str] = Counter(records=0, sum=0, refused=0)
    for value in last.values():
        total.update(msgspec.msgpack.decode(value, type=dict[str, int]))
    return dict(total)


async def wait_until_async(
    check: Callable[[], object], description: str, explain: Callable[[], str] = str, seconds: float = TIMEOUT_SECONDS
) -> None:
    """Return when `check`, plain or asynchronous, is true; fail with `description` and `explain()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {description}\n{explain()}")
        await asyncio.sleep(0.1)

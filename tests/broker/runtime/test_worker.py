"""A worker in this process, on real brokers: what it serves, refuses, notices and tells."""

import re
from collections.abc import Iterator
from contextlib import closing

import aiohttp
import msgspec
import pytest

from streams.contract.outputs import refusal_records
from streams.domain.vocabulary import RefusalReason
from streams.edge.clock import wall_clock_ms
from streams.runtime.health import Health, serve_health
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, decode_checkpoint, encode_checkpoint
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.settings import RecordTime, load_settings
from streams.runtime.topic_checks.preflight import PreflightError, check_cluster
from streams.runtime.worker import Worker
from tests.support.kafka.async_records import TopicRecord, running_producer
from tests.support.process.counting.counting_chain import CountingChain, wait_until_async
from tests.support.process.counting.counting_worker import counting_dependencies
from tests.support.process.counting.in_process_worker import applied_records, running_worker, serving_partitions

COMPACTED = {"cleanup.policy": "compact"}


@pytest.fixture
def apache(apache_kafka: str) -> Iterator[CountingChain]:
    with closing(CountingChain(apache_kafka, partitions=2, record_time=RecordTime.LOG)) as scene:
        yield scene


@pytest.fixture(params=["apache_kafka", "embedded_broker"])
def scene(request: pytest.FixtureRequest) -> Iterator[CountingChain]:
    bootstrap = request.getfixturevalue(request.param)
    record_time = RecordTime.LOG if request.param == "apache_kafka" else RecordTime.CREATE
    with closing(CountingChain(bootstrap, partitions=2, record_time=record_time)) as made:
        yield made


async def get_pages(worker: Worker) -> dict[str, tuple[int, str]]:
    health = Health(worker.stats, wall_clock_ms)
    async with serve_health(health, "127.0.0.1", 0) as port, aiohttp.ClientSession() as client:
        pages = {}
        for page in ("healthz", "readyz", "metrics"):
            async with client.get(f"http://127.0.0.1:{port}/{page}") as answer:
                pages[page] = (answer.status, await answer.text())
        return pages


async def test_a_worker_measures_refuses_and_tells_how_it_is(scene: CountingChain) -> None:
    await scene.publish(100)
    async with running_producer(scene.bootstrap) as producer:
        origin = await producer.send_and_wait(scene.sources[0], key=b"harbor|x", value=b"no number", partition=1)
    async with running_worker(scene) as worker:
        await wait_until_async(lambda: applied_records(worker) == 101, "101 records")
        await wait_until_async(
            lambda: all(one.log_time for one in worker.stats.owned.values()), "a time for every partition"
        )

        pages = await get_pages(worker)

    assert (pages["healthz"], pages["readyz"]) == ((200, "ok\n"), (200, "ok\n"))
    assert 'safeclock_worker_records_refused_total{reason="not_json"} 1.0' in pages["metrics"][1]
    assert 'safeclock_worker_lag_records{partition="0"} 0.0' in pages["metrics"][1]
    (event,) = [refusal_records.decode_refusal(one.value or b"") for one in await scene.refusals()]
    assert (event.data.reason, event.data.topic) == (RefusalReason.NOT_JSON, scene.sources[0])
    assert (event.data.partition, event.data.offset) == (1, origin.offset)
    assert (await scene.measured_totals())["records"] == 100


async def test_a_worker_that_was_asked_to_stop_is_not_ready_any_more(apache: CountingChain) -> None:
    async with running_worker(apache) as worker:
        await wait_until_async(lambda: serving_partitions(worker) == 2, "both partitions to be served")

    pages = await get_pages(worker)

    assert pages["readyz"] == (503, "no assignment now\n")


async def test_a_restarted_worker_continues_where_the_last_one_committed(scene: CountingChain) -> None:
    await scene.publish(50)
    async with running_worker(scene) as first:
        await wait_until_async(lambda: applied_records(first) == 50, "50 records")
    await scene.publish(50)

    async with running_worker(scene) as second:
        await wait_until_async(lambda: applied_records(second) == 50, "the other 50 records")

    assert await scene.committed_totals() == await scene.expected_totals()


async def test_records_deleted_before_they_were_read_are_counted_as_lost(apache: CountingChain) -> None:
    await apache.publish(100)
    async with running_worker(apache) as first:
        await wait_until_async(lambda: applied_records(first) == 100, "100 records")
    await apache.publish(100)
    await apache.delete_before(apache.sources[0], 40)

    async with running_worker(apache) as second:
        await wait_until_async(lambda: applied_records(second) == 85, "what is left of 100 records")

    # 25 of the first hundred lay there and were counted; 15 of the second hundred never can be.
    assert second.stats.lost_records == {0: 15}
    async with running_worker(apache) as third:
        await wait_until_async(lambda: third.stats.commits[0] > 0, "a commit of another owner")
    assert (await apache.checkpoints())[0].lost_records == 15
    assert (await apache.committed_totals())["records"] == 185


async def test_a_topic_that_was_recreated_stops_the_worker(apache: CountingChain) -> None:
    await apache.publish(20)
    async with running_worker(apache) as first:
        await wait_until_async(lambda: applied_records(first) == 20, "20 records")
    await apache.recreate_topic(apache.sources[0])

    second = apache.start_worker()
    await wait_until_async(lambda: second.exit_code is not None, "the worker to stop")

    assert second.exit_code == 1
    assert f"{apache.sources[0]}: expected the topic with id" in apache.logs()


@pytest.mark.parametrize("which", ["changelog", "measures"])
async def test_what_workers_wrote_was_recreated_under_a_worker_and_stops_the_next(
    apache: CountingChain, which: str
) -> None:
    topic: str = getattr(apache.names, which)
    await apache.publish(20)
    async with running_worker(apache) as first:
        await wait_until_async(lambda: applied_records(first) == 20, "20 records")
        await apache.recreate_topic(topic, COMPACTED)
        await apache.publish(20)
        await wait_until_async(lambda: applied_records(first) == 40, "20 more records, on what is left of the topic")

    second = apache.start_worker()
    await wait_until_async(lambda: second.exit_code is not None, "the worker to stop", apache.logs)

    assert second.exit_code == 1
    assert f"{topic}: expected the topic with id" in apache.logs()
    assert "safeclock admin restore" in apache.logs()


async def start_and_stop(scene: CountingChain) -> None:
    """Let a worker count twenty records and end."""
    await scene.publish(20)
    async with running_worker(scene) as first:
        await wait_until_async(lambda: applied_records(first) == 20, "20 records")


async def assert_start_fails(scene: CountingChain, said: str) -> None:
    """Start a worker, which must end with what it says, a pattern, and with what can be done."""
    worker = scene.start_worker()
    await wait_until_async(lambda: worker.exit_code is not None, "the worker to stop", scene.logs)

    assert worker.exit_code == 1
    assert re.search(f"the worker stopped: {said}.*safeclock admin restore", worker.log.read_text())


@pytest.mark.parametrize("which", ["changelog", "measures"])
async def test_what_workers_wrote_was_recreated_while_none_ran_and_stops_the_next(
    apache: CountingChain, which: str
) -> None:
    topic: str = getattr(apache.names, which)
    await start_and_stop(apache)
    before = await apache.measured_totals()
    await apache.recreate_topic(topic, COMPACTED)

    said = "expected all records up to commit" if which == "changelog" else "expected the topic with id"
    await assert_start_fails(apache, f"{topic} \\d: {said}" if which == "changelog" else f"{topic}: {said}")

    if which == "changelog":
        assert await apache.measured_totals() == before, "no figure has fallen"


async def test_rows_that_were_deleted_from_the_changelog_stop_the_next_worker(apache: CountingChain) -> None:
    await start_and_stop(apache)
    apache.configure(apache.names.changelog, {"cleanup.policy": "delete"})
    await apache.delete_before(apache.names.changelog, 1)
    apache.configure(apache.names.changelog, COMPACTED)

    await assert_start_fails(
        apache, f"{apache.names.changelog} 0: expected a log that begins at offset 0, got one that begins at 1"
    )


async def test_an_older_copy_of_the_changelog_stops_the_next_worker(apache: CountingChain) -> None:
    topic = apache.names.changelog
    await start_and_stop(apache)
    older = await apache.stored(topic)
    await restart_and_stop(apache)
    await apache.recreate_topic(topic, COMPACTED)
    async with running_producer(apache.bootstrap) as producer:
        for one in older:
            await producer.send_and_wait(topic, key=one.key, value=without_hostname(one), partition=one.partition)

    await assert_start_fails(apache, f"{topic} \\d: expected all records up to commit")


async def restart_and_stop(scene: CountingChain) -> None:
    """Let another worker count twenty more records and end."""
    await scene.publish(20)
    async with running_worker(scene) as second:
        await wait_until_async(lambda: applied_records(second) == 20, "20 more records")


def without_hostname(record: TopicRecord) -> bytes:
    """Return a row of the changelog; a position as it is brought back from a backup, which names no topic of ours."""
    value = record.value or b""
    return (
        encode_checkpoint(msgspec.structs.replace(decode_checkpoint(value), output_topic_ids={}))
        if record.key == CHECKPOINT_KEY
        else value
    )


async def test_with_both_recreated_workers_begin_where_the_source_topics_do_and_say_what_is_gone(
    apache: CountingChain,
) -> None:
    await start_and_stop(apache)
    for topic in apache.names[:2]:
        await apache.recreate_topic(topic, COMPACTED)
    await apache.delete_before(apache.sources[0], 3)

    async with running_worker(apache) as worker:
        await wait_until_async(lambda: applied_records(worker) == 17, "what the source topics still hold", apache.logs)
        lost = dict(worker.stats.lost_records)

    assert lost == {0: 3}
    assert (await apache.checkpoints())[0].lost_records == 3


async def test_only_the_committed_records_of_a_transactional_publisher_count(apache: CountingChain) -> None:
    own = f"{apache.prefix}-publisher"
    async with running_producer(apache.bootstrap, transactional_id=own) as producer, running_worker(apache) as worker:
        for number in range(6):
            await producer.begin_transaction()
            await producer.send_and_wait(apache.sources[0], key=b"harbor|k", value=b"%d" % (100 + number), partition=0)
            await (producer.abort_transaction() if number % 2 else producer.commit_transaction())
        await wait_until_async(lambda: applied_records(worker) == 3, "three committed records")
        await wait_until_async(
            lambda: all(one.lag == 0 and one.log_time for one in worker.stats.owned.values()), "its head"
        )

    assert (await apache.committed_totals())["sum"] == 100 + 102 + 104
    assert not worker.stats.lost_records


def test_a_worker_does_not_start_on_topics_that_are_missing_or_miscounted(apache: CountingChain) -> None:
    registry = counting_dependencies(apache.prefix, 3).registry

    with pytest.raises(PreflightError) as raised:
        check_cluster(
            load_settings(apache.environment()), registry, apache.names._replace(measures=f"{apache.prefix}-nowhere")
        )

    assert f"{apache.sources[0]}: expected 3 partitions, found 2" in str(raised.value)
    assert f"{apache.prefix}-nowhere: expected a topic with 3 partitions, found none" in str(raised.value)


def test_a_worker_does_not_start_on_senders_stamps_that_nobody_asked_for(apache: CountingChain) -> None:
    settings = load_settings(apache.environment())
    apache.restore_timestamp_type(apache.sources[1])

    with pytest.raises(PreflightError, match="LogAppendTime, found CreateTime"):
        check_cluster(settings, apache.registry, apache.names)


def test_a_worker_that_is_to_append_says_that_it_must_be_alone(
    apache: CountingChain, caplog: pytest.LogCaptureFixture
) -> None:
    ground = check_cluster(load_settings(apache.environment(SAFECLOCK_JOURNAL="append")), apache.registry, apache.names)

    assert not ground.uses_transactions
    assert ground.has_transactions, "its session and its ends are those of Apache Kafka all the same"
    assert "run one worker only: without transactions a second worker is not fenced" in caplog.messages


def test_transactions_are_not_asked_of_a_broker_without_them(embedded_broker: str) -> None:
    with closing(CountingChain(embedded_broker, partitions=1, record_time=RecordTime.CREATE)) as scene:
        settings = load_settings(scene.environment(SAFECLOCK_JOURNAL="transactions"))

        with pytest.raises(PreflightError, match="SAFECLOCK_JOURNAL: expected auto or append"):
            check_cluster(settings, scene.registry, scene.names)


def test_the_journals_mode_is_found_by_what_the_broker_can_do(apache_kafka: str, embedded_broker: str) -> None:
    with KafkaAdmin(apache_kafka) as apache, KafkaAdmin(embedded_broker) as embedded:
        assert apache.has_transactions()
        assert not embedded.has_transactions()

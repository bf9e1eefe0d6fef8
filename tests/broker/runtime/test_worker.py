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
from tests.support.kafka.async_records import Told, producing
from tests.support.process.counting.counting_chain import Scene, eventually
from tests.support.process.counting.counting_worker import trade_of
from tests.support.process.counting.in_process_worker import applied, serves, working

COMPACTED = {"cleanup.policy": "compact"}


@pytest.fixture
def apache(apache_kafka: str) -> Iterator[Scene]:
    with closing(Scene(apache_kafka, partitions=2, record_time=RecordTime.LOG)) as scene:
        yield scene


@pytest.fixture(params=["apache_kafka", "embedded_broker"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    bootstrap = request.getfixturevalue(request.param)
    record_time = RecordTime.LOG if request.param == "apache_kafka" else RecordTime.CREATE
    with closing(Scene(bootstrap, partitions=2, record_time=record_time)) as made:
        yield made


async def pages(worker: Worker) -> dict[str, tuple[int, str]]:
    health = Health(worker.stats, wall_clock_ms)
    async with serve_health(health, "127.0.0.1", 0) as port, aiohttp.ClientSession() as client:
        told = {}
        for page in ("healthz", "readyz", "metrics"):
            async with client.get(f"http://127.0.0.1:{port}/{page}") as answer:
                told[page] = (answer.status, await answer.text())
        return told


async def test_a_worker_measures_refuses_and_tells_how_it_is(scene: Scene) -> None:
    await scene.publish(100)
    async with producing(scene.bootstrap) as producer:
        origin = await producer.send_and_wait(scene.sources[0], key=b"harbor|x", value=b"no number", partition=1)
    async with working(scene) as worker:
        await eventually(lambda: applied(worker) == 101, "101 records")
        await eventually(lambda: all(one.log_time for one in worker.stats.owned.values()), "a time for every partition")

        told = await pages(worker)

    assert (told["healthz"], told["readyz"]) == ((200, "ok\n"), (200, "ok\n"))
    assert 'safeclock_worker_records_refused_total{reason="not_json"} 1.0' in told["metrics"][1]
    assert 'safeclock_worker_lag_records{partition="0"} 0.0' in told["metrics"][1]
    (event,) = [refusal_records.decode_refusal(one.value or b"") for one in await scene.refusals()]
    assert (event.data.reason, event.data.topic) == (RefusalReason.NOT_JSON, scene.sources[0])
    assert (event.data.partition, event.data.offset) == (1, origin.offset)
    assert (await scene.measured())["records"] == 100


async def test_a_worker_that_was_told_to_stop_is_not_ready_any_more(apache: Scene) -> None:
    async with working(apache) as worker:
        await eventually(lambda: serves(worker) == 2, "both partitions to be served")

    told = await pages(worker)

    assert told["readyz"] == (503, "no assignment now\n")


async def test_a_restarted_worker_goes_on_where_the_last_one_committed(scene: Scene) -> None:
    await scene.publish(50)
    async with working(scene) as first:
        await eventually(lambda: applied(first) == 50, "50 records")
    await scene.publish(50)

    async with working(scene) as second:
        await eventually(lambda: applied(second) == 50, "the other 50 records")

    assert await scene.totals() == await scene.oracle()


async def test_records_deleted_before_they_were_read_are_counted_as_lost(apache: Scene) -> None:
    await apache.publish(100)
    async with working(apache) as first:
        await eventually(lambda: applied(first) == 100, "100 records")
    await apache.publish(100)
    await apache.delete_before(apache.sources[0], 40)

    async with working(apache) as second:
        await eventually(lambda: applied(second) == 85, "what is left of 100 records")

    # 25 of the first hundred lay there and were counted; 15 of the second hundred never can be.
    assert second.stats.lost_records == {0: 15}
    async with working(apache) as third:
        await eventually(lambda: third.stats.commits[0] > 0, "a commit of another owner")
    assert (await apache.positions())[0].lost_records == 15
    assert (await apache.totals())["records"] == 185


async def test_a_topic_that_was_made_anew_stops_the_worker(apache: Scene) -> None:
    await apache.publish(20)
    async with working(apache) as first:
        await eventually(lambda: applied(first) == 20, "20 records")
    await apache.make_anew(apache.sources[0])

    second = apache.start()
    await eventually(lambda: second.code is not None, "the worker to stop")

    assert second.code == 1
    assert f"{apache.sources[0]}: expected the topic with id" in apache.logs()


@pytest.mark.parametrize("which", ["changelog", "measures"])
async def test_what_workers_wrote_was_made_anew_under_one_and_stops_the_next(apache: Scene, which: str) -> None:
    topic: str = getattr(apache.names, which)
    await apache.publish(20)
    async with working(apache) as first:
        await eventually(lambda: applied(first) == 20, "20 records")
        await apache.make_anew(topic, COMPACTED)
        await apache.publish(20)
        await eventually(lambda: applied(first) == 40, "20 more records, on what is left of the topic")

    second = apache.start()
    await eventually(lambda: second.code is not None, "the worker to stop", apache.logs)

    assert second.code == 1
    assert f"{topic}: expected the topic with id" in apache.logs()
    assert "safeclock admin restore" in apache.logs()


async def began(scene: Scene) -> None:
    """Let a worker count twenty records and end."""
    await scene.publish(20)
    async with working(scene) as first:
        await eventually(lambda: applied(first) == 20, "20 records")


async def refuses(scene: Scene, said: str) -> None:
    """Start a worker, which must end with what it says, a pattern, and with what can be done."""
    worker = scene.start()
    await eventually(lambda: worker.code is not None, "the worker to stop", scene.logs)

    assert worker.code == 1
    assert re.search(f"the worker stopped: {said}.*safeclock admin restore", worker.log.read_text())


@pytest.mark.parametrize("which", ["changelog", "measures"])
async def test_what_workers_wrote_was_made_anew_while_none_ran_and_stops_the_next(apache: Scene, which: str) -> None:
    topic: str = getattr(apache.names, which)
    await began(apache)
    before = await apache.measured()
    await apache.make_anew(topic, COMPACTED)

    said = "expected all records up to commit" if which == "changelog" else "expected the topic with id"
    await refuses(apache, f"{topic} \\d: {said}" if which == "changelog" else f"{topic}: {said}")

    if which == "changelog":
        assert await apache.measured() == before, "no figure has fallen"


async def test_rows_that_were_deleted_from_the_changelog_stop_the_next_worker(apache: Scene) -> None:
    await began(apache)
    apache.configure(apache.names.changelog, {"cleanup.policy": "delete"})
    await apache.delete_before(apache.names.changelog, 1)
    apache.configure(apache.names.changelog, COMPACTED)

    await refuses(
        apache, f"{apache.names.changelog} 0: expected a log that begins at offset 0, got one that begins at 1"
    )


async def test_an_older_copy_of_the_changelog_stops_the_next_worker(apache: Scene) -> None:
    topic = apache.names.changelog
    await began(apache)
    older = await apache.stored(topic)
    await began_again(apache)
    await apache.make_anew(topic, COMPACTED)
    async with producing(apache.bootstrap) as producer:
        for one in older:
            await producer.send_and_wait(topic, key=one.key, value=without_home(one), partition=one.partition)

    await refuses(apache, f"{topic} \\d: expected all records up to commit")


async def began_again(scene: Scene) -> None:
    """Let another worker count twenty more records and end."""
    await scene.publish(20)
    async with working(scene) as second:
        await eventually(lambda: applied(second) == 20, "20 more records")


def without_home(told: Told) -> bytes:
    """Return a row of the changelog; a position as it is brought back from a backup, which names no topic of ours."""
    value = told.value or b""
    return (
        encode_checkpoint(msgspec.structs.replace(decode_checkpoint(value), output_topic_ids={}))
        if told.key == CHECKPOINT_KEY
        else value
    )


async def test_with_both_made_anew_workers_begin_where_the_source_topics_do_and_say_what_is_gone(apache: Scene) -> None:
    await began(apache)
    for topic in apache.names[:2]:
        await apache.make_anew(topic, COMPACTED)
    await apache.delete_before(apache.sources[0], 3)

    async with working(apache) as worker:
        await eventually(lambda: applied(worker) == 17, "what the source topics still hold", apache.logs)
        lost = dict(worker.stats.lost_records)

    assert lost == {0: 3}
    assert (await apache.positions())[0].lost_records == 3


async def test_only_the_committed_records_of_a_transactional_publisher_count(apache: Scene) -> None:
    own = f"{apache.prefix}-publisher"
    async with producing(apache.bootstrap, transactional_id=own) as producer, working(apache) as worker:
        for number in range(6):
            await producer.begin_transaction()
            await producer.send_and_wait(apache.sources[0], key=b"harbor|k", value=b"%d" % (100 + number), partition=0)
            await (producer.abort_transaction() if number % 2 else producer.commit_transaction())
        await eventually(lambda: applied(worker) == 3, "three committed records")
        await eventually(lambda: all(one.lag == 0 and one.log_time for one in worker.stats.owned.values()), "its head")

    assert (await apache.totals())["sum"] == 100 + 102 + 104
    assert not worker.stats.lost_records


def test_a_worker_does_not_start_on_topics_that_are_missing_or_miscounted(apache: Scene) -> None:
    registry = trade_of(apache.prefix, 3).registry

    with pytest.raises(PreflightError) as told:
        check_cluster(
            load_settings(apache.environment()), registry, apache.names._replace(measures=f"{apache.prefix}-nowhere")
        )

    assert f"{apache.sources[0]}: expected 3 partitions, found 2" in str(told.value)
    assert f"{apache.prefix}-nowhere: expected a topic with 3 partitions, found none" in str(told.value)


def test_a_worker_does_not_start_on_senders_stamps_that_nobody_asked_for(apache: Scene) -> None:
    settings = load_settings(apache.environment())
    apache.restamp(apache.sources[1])

    with pytest.raises(PreflightError, match="LogAppendTime, found CreateTime"):
        check_cluster(settings, apache.registry, apache.names)


def test_a_worker_that_is_to_append_says_that_it_must_be_alone(apache: Scene, caplog: pytest.LogCaptureFixture) -> None:
    ground = check_cluster(load_settings(apache.environment(SAFECLOCK_JOURNAL="append")), apache.registry, apache.names)

    assert not ground.uses_transactions
    assert ground.has_transactions, "its session and its ends are those of Apache Kafka all the same"
    assert "run one worker only: without transactions a second worker is not fenced" in caplog.messages


def test_transactions_are_not_asked_of_a_broker_without_them(embedded_broker: str) -> None:
    with closing(Scene(embedded_broker, partitions=1, record_time=RecordTime.CREATE)) as scene:
        settings = load_settings(scene.environment(SAFECLOCK_JOURNAL="transactions"))

        with pytest.raises(PreflightError, match="SAFECLOCK_JOURNAL: expected auto or append"):
            check_cluster(settings, scene.registry, scene.names)


def test_the_journals_mode_is_found_by_what_the_broker_can_do(apache_kafka: str, embedded_broker: str) -> None:
    with KafkaAdmin(apache_kafka) as apache, KafkaAdmin(embedded_broker) as embedded:
        assert apache.has_transactions()
        assert not embedded.has_transactions()

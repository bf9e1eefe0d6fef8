"""Record batches that cannot be read, among good ones, through real workers: they cost their own records and nothing else."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from aiokafka import TopicPartition

from streams.contract.events.keys import record_key
from streams.contract.outputs import refusal_records
from streams.contract.outputs.refusal_records import EventRefused
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from streams.edge.kafka_client.decompression import MAX_DECOMPRESSED_BYTES
from tests.support.broker.apache import ApacheKafka, apache_kafka
from tests.support.events.event_lines import START, filed, token
from tests.support.kafka.raw_batches import put_all
from tests.support.kafka.record_batches import (
    CODECS,
    GZIP,
    LZ4,
    SNAPPY,
    ZSTD,
    Header,
    batch,
    number,
    record,
    sealed,
    text,
)
from tests.support.ledger.totals import totals
from tests.support.process.chain import Chain, Part
from tests.support.process.spoilt_batch_run import ATTACKER, Attacked, check, compare
from tests.support.waiting import until

MOST_KIB: Final = 48 * 1024
"""How much more memory than before a worker may have had: some of the largest batches that it may decompress."""


def now() -> int:
    """Return the wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def from_sender() -> Header:
    """Return a header with a sender's stamp of now, which is the log time where a broker stamps nothing."""
    return Header(attributes=0, stamp=now())


def filing(name: str, platform: str) -> bytes:
    """Return a record of a filing that is some minutes old."""
    at = now() - 600_000
    return record(0, filed(name, at - START, platform).rstrip(), key=record_key(platform, token(name)))


def put(chain: Chain, topic: str, batches: Iterable[bytes]) -> list[int]:
    """Put batches on partition 0 of a topic and return their offsets."""
    pair = TopicPartition(f"{chain.application}-{topic}", 0)
    done = asyncio.run(put_all(chain.bootstrap, [(pair, data) for data in batches]))
    assert all(one.error == 0 for one in done), f"expected the broker to take all, got {done}"
    return [one.offset for one in done]


def filings(chain: Chain) -> dict[bytes, int]:
    """Return how many filings are counted of each platform."""
    counted = totals(chain.stored(chain.names.measures)).counted
    return {key.rpartition(b"|")[2]: tally[counters.FILED] for key, tally in counted.items() if counters.FILED in tally}


def unreadable(chain: Chain) -> list[EventRefused]:
    """Return the refusals of whole batches."""
    told = [
        refusal_records.decode_refusal(one.value).data
        for one in chain.read(chain.names.refusals)
        if one.value is not None
    ]
    return [one for one in told if one.reason is RefusalReason.UNDECODABLE]


def counted(chain: Chain, wanted: dict[bytes, int]) -> None:
    """Wait until as many filings are counted, and then for no more of them."""
    until(lambda: filings(chain) == wanted, f"filings of {wanted}", lambda: f"{filings(chain)}\n{chain.logs()}")


def peak_kib(part: Part) -> int:
    """Return how much memory a process has had at most."""
    status = Path(f"/proc/{part._process.pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.fixture(params=["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attacked]:
    """A chain on one partition, on which one platform has topics of its own and the broker stamps."""
    with closing(Attacked(request.getfixturevalue(request.param), tmp_path, 1)) as made:
        made.create_topics()
        yield made


def test_every_codec_and_a_header_name_that_is_not_utf_8_are_counted(chain: Attacked) -> None:
    worker = chain.worker()
    put(
        chain,
        f"{ATTACKER}-report-filed",
        [batch([filing(f"r{codec}", ATTACKER)], from_sender(), codec) for codec in CODECS],
    )
    at = now() - 600_000
    odd = record(
        0, filed("odd", at - START, "lantern").rstrip(), [(b"ce_\xff\xfe", b"x")], record_key("lantern", token("odd"))
    )
    put(chain, "report-filed", [batch([odd], from_sender()), batch([odd], from_sender(), ZSTD)])

    counted(chain, {b"harbor": len(CODECS), b"lantern": 1})

    assert worker.terminate() == 0, chain.logs()
    assert unreadable(chain) == []


def test_a_batch_that_cannot_be_read_is_its_topics_owners_and_is_passed_for_good(chain: Attacked) -> None:
    spoilt = batch([record(0, b" " * (MAX_DECOMPRESSED_BYTES + 1))], from_sender(), ZSTD)
    worker = chain.worker()
    (own,) = put(chain, f"{ATTACKER}-report-filed", [spoilt])
    (shared,) = put(chain, "report-filed", [spoilt])
    put(chain, f"{ATTACKER}-report-filed", [batch([filing("h", ATTACKER)], from_sender())])
    put(chain, "report-filed", [batch([filing("l", "lantern")], from_sender())])
    counted(chain, {b"harbor": 1, b"lantern": 1})
    page = worker.page("/metrics")
    worker.kill()

    successor = chain.worker()
    put(chain, "report-filed", [batch([filing("m", "meadow")], from_sender())])
    counted(chain, {b"harbor": 1, b"lantern": 1, b"meadow": 1})

    assert successor.terminate() == 0, chain.logs()
    told = sorted((one.platform, one.topic, one.partition, one.offset, one.records) for one in unreadable(chain))
    wanted = [("", f"{chain.application}-report-filed", 0, shared, 1)]
    wanted += [(ATTACKER, f"{chain.application}-{ATTACKER}-report-filed", 0, own, 1)]
    assert told == wanted
    assert 'safeclock_worker_records_refused_total{reason="undecodable"} 2.0' in page
    assert (
        totals(chain.stored(chain.names.measures)).counted[b"n|harbor"][counters.refused(RefusalReason.UNDECODABLE)]
        == 1
    )


def zstd_bomb(mebibytes: int) -> bytes:
    """Return a record whose value is one byte, repeated, in a frame that was never whole in memory."""
    size = mebibytes << 20
    start = b"\0" + number(0) + number(0) + text(b"k") + number(size)
    start = number(len(start) + size + 1) + start
    raw, end = (len(start) << 3).to_bytes(3, "little") + start, (1 | 1 << 3).to_bytes(3, "little") + number(0)
    run = (1 << 1 | (1 << 17) << 3).to_bytes(3, "little") + b" "
    frame = b"\x28\xb5\x2f\xfd" + bytes([0, (20 - 10) << 3]) + raw + run * (size >> 17) + end
    return sealed(from_sender(), frame, codec=ZSTD)


def test_bombs_are_refused_and_take_little_memory(chain: Attacked) -> None:
    worker = chain.worker()
    put(chain, "report-filed", [batch([filing("l", "lantern")], from_sender())])
    counted(chain, {b"lantern": 1})
    before = peak_kib(worker)
    large = [record(0, b" " * (size << 20)) for size in (150, 15, 150)]
    bombs = [batch([one], from_sender(), codec) for one, codec in zip(large, (GZIP, SNAPPY, LZ4), strict=True)]

    put(
        chain,
        f"{ATTACKER}-report-filed",
        [*bombs, *[zstd_bomb(900)] * 20, batch([filing("h", ATTACKER)], from_sender())],
    )
    counted(chain, {b"harbor": 1, b"lantern": 1})

    assert peak_kib(worker) - before < MOST_KIB
    assert worker.terminate() == 0, chain.logs()
    assert len(unreadable(chain)) == len(bombs) + 20


def test_spoilt_batches_change_nothing_of_what_is_counted(apache_kafka: str, tmp_path: Path) -> None:
    told, attacked, alone = compare(apache_kafka, tmp_path, seed=5, spoilt=600, reports=30)

    check(told, attacked, alone)
    assert told.unreadable
    assert told.records


CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "a byte of a record": lambda data: data[:70] + bytes([data[70] ^ 1]) + data[71:],
    "the format": lambda data: data[:16] + b"\x03" + data[17:],
    "the number of records": lambda data: data[:57] + b"\x7f" + data[58:],
}


def change_on_disk(broker: ApacheKafka, topic: str, change: Callable[[bytes], bytes], place: int, size: int) -> None:
    """Change what a broker has stored of a batch, as a disk would."""
    (segment,) = broker.site.folder.rglob(f"{topic}-0/00000000000000000000.log")
    data = segment.read_bytes()
    with segment.open("r+b") as file:
        file.seek(place)
        file.write(change(data[place : place + size]))


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_batch_that_a_disk_has_changed_is_passed(tmp_path: Path, change: str) -> None:
    records = [filing(name, ATTACKER) for name in ("a", "b", "c")]
    batches = [batch([one], from_sender()) for one in records]
    with apache_kafka() as broker, closing(Attacked(broker.bootstrap, tmp_path, 1)) as chain:
        chain.create_topics()
        put(chain, f"{ATTACKER}-report-filed", batches)
        topic = f"{chain.application}-{ATTACKER}-report-filed"
        change_on_disk(broker, topic, CHANGES[change], len(batches[0]), len(batches[1]))

        worker = chain.worker()
        counted(chain, {b"harbor": 2})

        assert worker.terminate() == 0, chain.logs()
        assert [(one.offset, one.platform) for one in unreadable(chain)] == [(1, ATTACKER)]


@pytest.mark.slow
def test_a_worker_whose_changelog_a_disk_has_changed_says_so_and_stops(tmp_path: Path) -> None:
    with apache_kafka() as broker, closing(Attacked(broker.bootstrap, tmp_path, 1)) as chain:
        chain.create_topics()
        worker = chain.worker()
        put(chain, f"{ATTACKER}-report-filed", [batch([filing("a", ATTACKER)], from_sender())])
        counted(chain, {b"harbor": 1})
        assert worker.terminate() == 0, chain.logs()
        change_on_disk(broker, chain.names.changelog, CHANGES["a byte of a record"], 0, 80)

        successor = chain.worker()
        until(lambda: successor.code is not None, "the worker to end", chain.logs)

        assert successor.code == 1
        assert f"{chain.names.changelog} 0: expected readable record batches" in successor.said()
        assert "Traceback" not in successor.said()

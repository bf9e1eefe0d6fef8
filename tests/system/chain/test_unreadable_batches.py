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
from tests.support.events.event_lines import EPOCH_OFFSET_MS, filing_line, report_token
from tests.support.kafka.raw_batches import send_batches
from tests.support.kafka.record_batches import (
    CODECS,
    GZIP,
    LZ4,
    SNAPPY,
    ZSTD,
    BatchHeader,
    batch_bytes,
    record_bytes,
    varint,
    varint_bytes,
    with_header,
)
from tests.support.ledger.totals import ledger_totals
from tests.support.process.chain import Chain
from tests.support.process.running_process import SafeclockProcess
from tests.support.process.spoilt_batch_run import SPOILING_PLATFORM, OwnTopicsChain, compare, compare_results
from tests.support.waiting import wait_until

MAX_RESIDENT_KIB: Final = 48 * 1024
"""How much more memory than before a worker may have had: some of the largest batches that it may decompress."""


def now() -> int:
    """Return the wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def sender_timestamp() -> BatchHeader:
    """Return a header with a sender's stamp of now, which is the log time where a broker stamps nothing."""
    return BatchHeader(attributes=0, timestamp_ms=now())


def filing(name: str, platform: str) -> bytes:
    """Return a record of a filing that is some minutes old."""
    at = now() - 600_000
    return record_bytes(
        0, filing_line(name, at - EPOCH_OFFSET_MS, platform).rstrip(), key=record_key(platform, report_token(name))
    )


def send_raw_batches(chain: Chain, topic: str, batches: Iterable[bytes]) -> list[int]:
    """Put batches on partition 0 of a topic and return their offsets."""
    pair = TopicPartition(f"{chain.application}-{topic}", 0)
    done = asyncio.run(send_batches(chain.bootstrap, [(pair, data) for data in batches]))
    assert all(one.error == 0 for one in done), f"expected the broker to take all, got {done}"
    return [one.offset for one in done]


def filed_by_key(chain: Chain) -> dict[bytes, int]:
    """Return how many filings are counted of each platform."""
    counted = ledger_totals(chain.stored(chain.names.measures)).counters
    return {key.rpartition(b"|")[2]: tally[counters.FILED] for key, tally in counted.items() if counters.FILED in tally}


def unreadable_counts(chain: Chain) -> list[EventRefused]:
    """Return the refusals of whole batches."""
    refusals = [
        refusal_records.decode_refusal(one.value).data
        for one in chain.read_committed(chain.names.refusals)
        if one.value is not None
    ]
    return [one for one in refusals if one.reason is RefusalReason.UNDECODABLE]


def wait_until_counted(chain: Chain, wanted: dict[bytes, int]) -> None:
    """Wait until as many filings are counted, and then for no more of them."""
    wait_until(
        lambda: filed_by_key(chain) == wanted, f"filings of {wanted}", lambda: f"{filed_by_key(chain)}\n{chain.logs()}"
    )


def peak_kib(part: SafeclockProcess) -> int:
    """Return how much memory a process has had at most."""
    status = Path(f"/proc/{part._process.pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.fixture(params=["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnTopicsChain]:
    """A chain on one partition, on which one platform has topics of its own and the broker stamps."""
    with closing(OwnTopicsChain(request.getfixturevalue(request.param), tmp_path, 1)) as made:
        made.create_topics()
        yield made


def test_every_codec_and_a_header_name_that_is_not_utf_8_are_counted(chain: OwnTopicsChain) -> None:
    worker = chain.start_worker()
    send_raw_batches(
        chain,
        f"{SPOILING_PLATFORM}-report-filed",
        [batch_bytes([filing(f"r{codec}", SPOILING_PLATFORM)], sender_timestamp(), codec) for codec in CODECS],
    )
    at = now() - 600_000
    odd = record_bytes(
        0,
        filing_line("odd", at - EPOCH_OFFSET_MS, "lantern").rstrip(),
        [(b"ce_\xff\xfe", b"x")],
        record_key("lantern", report_token("odd")),
    )
    send_raw_batches(
        chain, "report-filed", [batch_bytes([odd], sender_timestamp()), batch_bytes([odd], sender_timestamp(), ZSTD)]
    )

    wait_until_counted(chain, {b"harbor": len(CODECS), b"lantern": 1})

    assert worker.terminate() == 0, chain.logs()
    assert unreadable_counts(chain) == []


def test_a_batch_that_cannot_be_read_is_its_topics_owners_and_is_passed_for_good(chain: OwnTopicsChain) -> None:
    spoilt = batch_bytes([record_bytes(0, b" " * (MAX_DECOMPRESSED_BYTES + 1))], sender_timestamp(), ZSTD)
    worker = chain.start_worker()
    (own,) = send_raw_batches(chain, f"{SPOILING_PLATFORM}-report-filed", [spoilt])
    (shared,) = send_raw_batches(chain, "report-filed", [spoilt])
    send_raw_batches(
        chain, f"{SPOILING_PLATFORM}-report-filed", [batch_bytes([filing("h", SPOILING_PLATFORM)], sender_timestamp())]
    )
    send_raw_batches(chain, "report-filed", [batch_bytes([filing("l", "lantern")], sender_timestamp())])
    wait_until_counted(chain, {b"harbor": 1, b"lantern": 1})
    page = worker.get_page("/metrics")
    worker.kill()

    successor = chain.start_worker()
    send_raw_batches(chain, "report-filed", [batch_bytes([filing("m", "meadow")], sender_timestamp())])
    wait_until_counted(chain, {b"harbor": 1, b"lantern": 1, b"meadow": 1})

    assert successor.terminate() == 0, chain.logs()
    counts = sorted(
        (one.platform, one.topic, one.partition, one.offset, one.records) for one in unreadable_counts(chain)
    )
    wanted = [("", f"{chain.application}-report-filed", 0, shared, 1)]
    wanted += [(SPOILING_PLATFORM, f"{chain.application}-{SPOILING_PLATFORM}-report-filed", 0, own, 1)]
    assert counts == wanted
    assert 'safeclock_worker_records_refused_total{reason="undecodable"} 2.0' in page
    assert (
        ledger_totals(chain.stored(chain.names.measures)).counters[b"n|harbor"][
            counters.refused(RefusalReason.UNDECODABLE)
        ]
        == 1
    )


def zstd_bomb(mebibytes: int) -> bytes:
    """Return a record whose value is one byte, repeated, in a frame that was never whole in memory."""
    size = mebibytes << 20
    start = b"\0" + varint(0) + varint(0) + varint_bytes(b"k") + varint(size)
    start = varint(len(start) + size + 1) + start
    raw, end = (len(start) << 3).to_bytes(3, "little") + start, (1 | 1 << 3).to_bytes(3, "little") + varint(0)
    run = (1 << 1 | (1 << 17) << 3).to_bytes(3, "little") + b" "
    frame = b"\x28\xb5\x2f\xfd" + bytes([0, (20 - 10) << 3]) + raw + run * (size >> 17) + end
    return with_header(sender_timestamp(), frame, codec=ZSTD)


def test_bombs_are_refused_and_take_little_memory(chain: OwnTopicsChain) -> None:
    worker = chain.start_worker()
    send_raw_batches(chain, "report-filed", [batch_bytes([filing("l", "lantern")], sender_timestamp())])
    wait_until_counted(chain, {b"lantern": 1})
    before = peak_kib(worker)
    large = [record_bytes(0, b" " * (size << 20)) for size in (150, 15, 150)]
    bombs = [
        batch_bytes([one], sender_timestamp(), codec) for one, codec in zip(large, (GZIP, SNAPPY, LZ4), strict=True)
    ]

    send_raw_batches(
        chain,
        f"{SPOILING_PLATFORM}-report-filed",
        [*bombs, *[zstd_bomb(900)] * 20, batch_bytes([filing("h", SPOILING_PLATFORM)], sender_timestamp())],
    )
    wait_until_counted(chain, {b"harbor": 1, b"lantern": 1})

    assert peak_kib(worker) - before < MAX_RESIDENT_KIB
    assert worker.terminate() == 0, chain.logs()
    assert len(unreadable_counts(chain)) == len(bombs) + 20


def test_spoilt_batches_change_nothing_of_what_is_counted(apache_kafka: str, tmp_path: Path) -> None:
    counts, attacked, alone = compare(apache_kafka, tmp_path, seed=5, spoilt=600, reports=30)

    compare_results(counts, attacked, alone)
    assert counts.unreadable_positions
    assert counts.records


CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "a byte of a record": lambda data: data[:70] + bytes([data[70] ^ 1]) + data[71:],
    "the format": lambda data: data[:16] + b"\x03" + data[17:],
    "the number of records": lambda data: data[:57] + b"\x7f" + data[58:],
}


def change_on_disk(broker: ApacheKafka, topic: str, change: Callable[[bytes], bytes], place: int, size: int) -> None:
    """Change what a broker has stored of a batch, as a disk would."""
    (segment,) = broker.settings.folder.rglob(f"{topic}-0/00000000000000000000.log")
    data = segment.read_bytes()
    with segment.open("r+b") as file:
        file.seek(place)
        file.write(change(data[place : place + size]))


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_batch_that_a_disk_has_changed_is_passed(tmp_path: Path, change: str) -> None:
    records = [filing(name, SPOILING_PLATFORM) for name in ("a", "b", "c")]
    batches = [batch_bytes([one], sender_timestamp()) for one in records]
    with apache_kafka() as broker, closing(OwnTopicsChain(broker.bootstrap, tmp_path, 1)) as chain:
        chain.create_topics()
        send_raw_batches(chain, f"{SPOILING_PLATFORM}-report-filed", batches)
        topic = f"{chain.application}-{SPOILING_PLATFORM}-report-filed"
        change_on_disk(broker, topic, CHANGES[change], len(batches[0]), len(batches[1]))

        worker = chain.start_worker()
        wait_until_counted(chain, {b"harbor": 2})

        assert worker.terminate() == 0, chain.logs()
        assert [(one.offset, one.platform) for one in unreadable_counts(chain)] == [(1, SPOILING_PLATFORM)]


@pytest.mark.slow
def test_a_worker_whose_changelog_a_disk_has_changed_says_so_and_stops(tmp_path: Path) -> None:
    with apache_kafka() as broker, closing(OwnTopicsChain(broker.bootstrap, tmp_path, 1)) as chain:
        chain.create_topics()
        worker = chain.start_worker()
        send_raw_batches(
            chain,
            f"{SPOILING_PLATFORM}-report-filed",
            [batch_bytes([filing("a", SPOILING_PLATFORM)], sender_timestamp())],
        )
        wait_until_counted(chain, {b"harbor": 1})
        assert worker.terminate() == 0, chain.logs()
        change_on_disk(broker, chain.names.changelog, CHANGES["a byte of a record"], 0, 80)

        successor = chain.start_worker()
        wait_until(lambda: successor.exit_code is not None, "the worker to end", chain.logs)

        assert successor.exit_code == 1
        assert f"{chain.names.changelog} 0: expected readable record batches" in successor.log_text()
        assert "Traceback" not in successor.log_text()

"""One platform puts spoilt record batches on its topics while others publish: what becomes of it, beside a run without them."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from typing_extensions import override

from streams.contract.events.keys import record_key
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.outputs import refusal_records
from streams.contract.outputs.measures import COUNTERS_PREFIX
from streams.contract.topics import partition_of
from streams.domain.duration_bins import DAY
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from streams.edge.clock import wall_clock_ms
from streams.runtime.settings import RecordTime
from tests.support.events.event_lines import EPOCH_OFFSET_MS, action_line, filing_line, report_token
from tests.support.kafka.batch_mutations import RecordContent, mutated_batch
from tests.support.kafka.raw_batches import RawProducer, raw_producer
from tests.support.kafka.record_batches import BatchHeader, batch_bytes, read_response, record_bytes
from tests.support.ledger.totals import StoredRows, ledger_totals
from tests.support.paths import DEMO_REGISTRY
from tests.support.process.chain import Chain
from tests.support.waiting import wait_until

SPOILING_PLATFORM: Final = "harbor"
OTHER_PLATFORMS: Final = ("lantern", "meadow")
PARTITIONS: Final = 2
_GOOD_BETWEEN_SPOILT: Final = 20
"""How many spoilt batches are put between good ones."""
_MINUTE: Final = 60_000
_REPORT_AGE_MS: Final = 10 * DAY - 55 * _MINUTE
"""How long ago reports were filed: whichever minute of a run tells them, their delay lies in one bin of an hour."""
_REFUSED_PREFIX: Final = "refused|"
_CODEC_COUNT: Final = 5

RecordPosition = tuple[str, int, int]


class OwnTopicsChain(Chain):
    """A chain on which the attacker has topics of its own and the broker stamps."""

    record_time = RecordTime.LOG

    @override
    def _registry_text(self, partitions: int) -> Path:
        text = DEMO_REGISTRY.read_text(encoding="utf-8").replace("partitions = 8", f"partitions = {partitions}")
        for name in ("report-filed", "action-taken"):
            text = text.replace(f'"{name}"', f'"{self.application}-{SPOILING_PLATFORM}-{name}"', 1)
            text = text.replace(f'"{name}"', f'"{self.application}-{name}"')
        file = self.folder / f"{self.application}.toml"
        file.write_text(text, encoding="utf-8")
        return file


class SpoiltRunOptions(NamedTuple):
    """How many spoilt batches and good reports are put on a chain; the reports are filed at `at`, in epoch milliseconds."""

    seed: int
    spoilt_batches: int
    reports: int
    at: int


class SpoiltRunCounts(NamedTuple):
    """What a broker took of the spoilt batches: those that cannot be read by where they lie, and how many records the others hold."""

    rejected_by_broker: int
    unreadable_positions: frozenset[RecordPosition]
    records: int


class SpoiltRunResult(NamedTuple):
    """What became of a run: what was counted of each platform without its refusals, refusals by reason, where batches were refused."""

    counted: Mapping[bytes, Mapping[str, int]]
    cohorts: Mapping[str, Mapping[bytes, int]]
    refused: Mapping[str, int]
    refused_positions: Sequence[RecordPosition]


def record_contents(now: int) -> list[RecordContent]:
    """Return what spoilt batches hold: nothing of it is an event that counts, however it is changed."""
    whole = json.loads(filing_line("spoilt", now - EPOCH_OFFSET_MS, SPOILING_PLATFORM))
    odd = [whole | {"type": "safeclock.none.v1"}, whole | {"source": "/platforms/nobody"}]
    return [RecordContent(b"key", json.dumps(tree).encode()) for tree in odd] + [
        RecordContent(None, None),
        RecordContent(b"", b"x" * 300),
    ]


def good_report(chain: Chain, number: int, at: int) -> Iterator[tuple[TopicPartition, bytes]]:
    """Yield batches with a report of every platform and its action, some compressed, some with strange headers."""
    for platform in (SPOILING_PLATFORM, *OTHER_PLATFORMS):
        report = f"{platform}-{number}"
        key = record_key(platform, report_token(report))
        own = f"{SPOILING_PLATFORM}-" if platform == SPOILING_PLATFORM else ""
        headers = [(b"trace\xff", b"x")] if number % 3 == 0 else []
        for name, line in (
            ("report-filed", filing_line(report, at - EPOCH_OFFSET_MS, platform)),
            ("action-taken", action_line(report, "restricted", at - EPOCH_OFFSET_MS + number % 50 * _MINUTE, platform)),
        ):
            pair = TopicPartition(f"{chain.application}-{own}{name}", partition_of(key, PARTITIONS))
            yield (
                pair,
                batch_bytes(
                    [record_bytes(0, line.rstrip(), headers, key)], BatchHeader(attributes=0), number % _CODEC_COUNT
                ),
            )


def is_unreadable(data: bytes) -> tuple[bool, int]:
    """Return whether a batch cannot be read, and how many records it holds where it can."""
    found = list(read_response(data, 0))
    return any(isinstance(one, UnreadableBatch) for one in found), len(found)


async def publish_spoilt_batches(putter: RawProducer, chain: Chain, seed: int, count: int, at: int) -> SpoiltRunCounts:
    """Put spoilt batches on the attacker's topics."""
    random, held = Random(seed), record_contents(at)
    rejected, records = 0, 0
    unreadable: set[RecordPosition] = set()
    for _ in range(count):
        spoilt = mutated_batch(random, held)
        name = random.choice(["report-filed", "action-taken"])
        pair = TopicPartition(f"{chain.application}-{SPOILING_PLATFORM}-{name}", random.randrange(PARTITIONS))
        error, offset = await putter.send_batch(pair, spoilt)
        broken, read = is_unreadable(spoilt)
        if error:
            rejected += 1
        elif broken:
            unreadable.add((*pair, offset))
        else:
            records += read
    return SpoiltRunCounts(rejected, frozenset(unreadable), records)


async def publish_all(chain: Chain, work: SpoiltRunOptions, halfway: Callable[[], object]) -> SpoiltRunCounts:
    """Put good batches of all platforms on their topics, and spoilt ones between them; call `halfway` in the middle."""
    rejected, unreadable, records = 0, frozenset[RecordPosition](), 0
    async with raw_producer(chain.bootstrap) as putter:
        for number in range(work.reports):
            if number == work.reports // 2:
                halfway()
            share = work.spoilt_batches * (number + 1) // work.reports - work.spoilt_batches * number // work.reports
            counts = await publish_spoilt_batches(putter, chain, work.seed + number, share, work.at)
            rejected, unreadable, records = rejected + counts[0], unreadable | counts[1], records + counts[2]
            for pair, data in good_report(chain, number, work.at):
                put = await putter.send_batch(pair, data)
                assert put.error == 0, f"expected the broker to take a good batch, got {put}"
    return SpoiltRunCounts(rejected, unreadable, records)


def read_result(chain: Chain) -> SpoiltRunResult:
    """Return what a chain has counted and refused."""
    stored: StoredRows = chain.stored(chain.names.measures)
    whole = ledger_totals(stored)
    counts = Counter[str]()
    counted: dict[bytes, dict[str, int]] = {}
    for key, tally in whole.counters.items():
        counts.update(
            {
                name.removeprefix(_REFUSED_PREFIX): size
                for name, size in tally.items()
                if name.startswith(_REFUSED_PREFIX)
            }
        )
        counted[key] = {name: size for name, size in tally.items() if not name.startswith(_REFUSED_PREFIX)}
    refusals = [
        refusal_records.decode_refusal(one.value).data
        for one in chain.read_committed(chain.names.refusals)
        if one.value is not None
    ]
    places = [(one.topic, one.partition, one.offset) for one in refusals if one.reason is RefusalReason.UNDECODABLE]
    return SpoiltRunResult({key: tally for key, tally in counted.items() if tally}, whole.cohorts, counts, places)


def has_counted(chain: Chain, reports: int, refusals: int) -> bool:
    """Return whether every good report and its action are counted, and as much is refused."""
    filings, actions, refused = 0, 0, 0
    for _, key, value in chain.stored(chain.names.measures):
        if key.startswith(COUNTERS_PREFIX):
            for tally in ledger_totals([(0, key, value)]).counters.values():
                filings += tally.get(counters.FILED, 0)
                actions += tally.get(counters.action("restricted"), 0)
                refused += sum(size for name, size in tally.items() if name.startswith(_REFUSED_PREFIX))
    wanted = reports * (1 + len(OTHER_PLATFORMS))
    return filings >= wanted and actions >= wanted and refused >= refusals


def run_chain(chain: Chain, work: SpoiltRunOptions) -> tuple[SpoiltRunCounts, SpoiltRunResult]:
    """Let two workers count good batches and spoilt ones, the second when the first was killed; return what was put and counted."""
    chain.create_topics()
    workers = [chain.start_worker()]

    def takeover() -> None:
        workers[0].kill()
        workers.append(chain.start_worker())

    counts = asyncio.run(publish_all(chain, work, takeover))
    refusals = len(counts.unreadable_positions) + counts.records
    wait_until(lambda: has_counted(chain, work.reports, refusals), "all to be counted", chain.logs, seconds=900.0)
    assert workers[-1].terminate() == 0, chain.logs()
    return counts, read_result(chain)


def report_count(spoilt: int) -> int:
    """Return how many good reports each platform files among so many spoilt batches; at least 1."""
    return max(1, spoilt // _GOOD_BETWEEN_SPOILT)


def compare(
    bootstrap: str, folder: Path, seed: int, spoilt: int, reports: int
) -> tuple[SpoiltRunCounts, SpoiltRunResult, SpoiltRunResult]:
    """Return what was put, and what became of a run with spoilt batches and of one without."""
    work = SpoiltRunOptions(seed, spoilt, reports, at=wall_clock_ms() - _REPORT_AGE_MS)
    with closing(OwnTopicsChain(bootstrap, folder, PARTITIONS)) as chain:
        counts, attacked = run_chain(chain, work)
    with closing(OwnTopicsChain(bootstrap, folder, PARTITIONS)) as chain:
        _, alone = run_chain(chain, work._replace(spoilt_batches=0))
    return counts, attacked, alone


def compare_results(counts: SpoiltRunCounts, attacked: SpoiltRunResult, alone: SpoiltRunResult) -> None:
    """Raise AssertionError where a good event was lost, a platform was counted otherwise, or a batch was told wrongly."""
    assert attacked.counted == alone.counted, "expected the same counts of every platform"
    assert attacked.cohorts == alone.cohorts, "expected the same cohorts of every platform"
    assert not alone.refused, "expected nothing to be refused of what is good"
    assert sorted(attacked.refused_positions) == sorted(counts.unreadable_positions), (
        "expected each batch to be told once, where it lies"
    )
    assert attacked.refused[RefusalReason.UNDECODABLE] == len(counts.unreadable_positions), (
        "expected each batch to be counted once"
    )
    assert sum(attacked.refused.values()) == len(counts.unreadable_positions) + counts.records, (
        "expected all else to be refused"
    )

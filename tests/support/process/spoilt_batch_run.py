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
from tests.support.events.event_lines import START, acted, filed, token
from tests.support.kafka.batch_mutations import Content, mutated_batch
from tests.support.kafka.raw_batches import Putter, putting
from tests.support.kafka.record_batches import Header, batch, read_answer, record
from tests.support.ledger.totals import Stored, totals
from tests.support.paths import REGISTRY
from tests.support.process.chain import Chain
from tests.support.waiting import until

ATTACKER: Final = "harbor"
OTHERS: Final = ("lantern", "meadow")
PARTITIONS: Final = 2
_BETWEEN: Final = 20
"""How many spoilt batches are put between good ones."""
_MINUTE: Final = 60_000
_AGO: Final = 10 * DAY - 55 * _MINUTE
"""How long ago reports were filed: whichever minute of a run tells them, their delay lies in one bin of an hour."""
_SPOILT: Final = "refused|"
_CODECS: Final = 5

Place = tuple[str, int, int]


class Attacked(Chain):
    """A chain on which the attacker has topics of its own and the broker stamps."""

    record_time = RecordTime.LOG

    @override
    def _written(self, partitions: int) -> Path:
        text = REGISTRY.read_text(encoding="utf-8").replace("partitions = 8", f"partitions = {partitions}")
        for name in ("report-filed", "action-taken"):
            text = text.replace(f'"{name}"', f'"{self.application}-{ATTACKER}-{name}"', 1)
            text = text.replace(f'"{name}"', f'"{self.application}-{name}"')
        file = self.folder / f"{self.application}.toml"
        file.write_text(text, encoding="utf-8")
        return file


class Work(NamedTuple):
    """How many spoilt batches and good reports are put on a chain; the reports are filed at `at`, in epoch milliseconds."""

    seed: int
    spoilt: int
    reports: int
    at: int


class Told(NamedTuple):
    """What a broker took of the spoilt batches: those that cannot be read by where they lie, and how many records the others hold."""

    rejected: int
    unreadable: frozenset[Place]
    records: int


class Outcome(NamedTuple):
    """What became of a run: what was counted of each platform without its refusals, refusals by reason, where batches were refused."""

    counted: Mapping[bytes, Mapping[str, int]]
    cohorts: Mapping[str, Mapping[bytes, int]]
    refused: Mapping[str, int]
    places: Sequence[Place]


def contents(now: int) -> list[Content]:
    """Return what spoilt batches hold: nothing of it is an event that counts, however it is changed."""
    whole = json.loads(filed("spoilt", now - START, ATTACKER))
    odd = [whole | {"type": "safeclock.none.v1"}, whole | {"source": "/platforms/nobody"}]
    return [Content(b"key", json.dumps(tree).encode()) for tree in odd] + [
        Content(None, None),
        Content(b"", b"x" * 300),
    ]


def good(chain: Chain, number: int, at: int) -> Iterator[tuple[TopicPartition, bytes]]:
    """Yield batches with a report of every platform and its action, some compressed, some with strange headers."""
    for platform in (ATTACKER, *OTHERS):
        report = f"{platform}-{number}"
        key = record_key(platform, token(report))
        own = f"{ATTACKER}-" if platform == ATTACKER else ""
        headers = [(b"trace\xff", b"x")] if number % 3 == 0 else []
        for name, line in (
            ("report-filed", filed(report, at - START, platform)),
            ("action-taken", acted(report, "restricted", at - START + number % 50 * _MINUTE, platform)),
        ):
            pair = TopicPartition(f"{chain.application}-{own}{name}", partition_of(key, PARTITIONS))
            yield pair, batch([record(0, line.rstrip(), headers, key)], Header(attributes=0), number % _CODECS)


def is_unreadable(data: bytes) -> tuple[bool, int]:
    """Return whether a batch cannot be read, and how many records it holds where it can."""
    found = list(read_answer(data, 0))
    return any(isinstance(one, UnreadableBatch) for one in found), len(found)


async def attack(putter: Putter, chain: Chain, seed: int, count: int, at: int) -> Told:
    """Put spoilt batches on the attacker's topics."""
    random, held = Random(seed), contents(at)
    rejected, records = 0, 0
    unreadable: set[Place] = set()
    for _ in range(count):
        spoilt = mutated_batch(random, held)
        name = random.choice(["report-filed", "action-taken"])
        pair = TopicPartition(f"{chain.application}-{ATTACKER}-{name}", random.randrange(PARTITIONS))
        error, offset = await putter.put(pair, spoilt)
        broken, read = is_unreadable(spoilt)
        if error:
            rejected += 1
        elif broken:
            unreadable.add((*pair, offset))
        else:
            records += read
    return Told(rejected, frozenset(unreadable), records)


async def publish(chain: Chain, work: Work, halfway: Callable[[], object]) -> Told:
    """Put good batches of all platforms on their topics, and spoilt ones between them; call `halfway` in the middle."""
    rejected, unreadable, records = 0, frozenset[Place](), 0
    async with putting(chain.bootstrap) as putter:
        for number in range(work.reports):
            if number == work.reports // 2:
                halfway()
            share = work.spoilt * (number + 1) // work.reports - work.spoilt * number // work.reports
            told = await attack(putter, chain, work.seed + number, share, work.at)
            rejected, unreadable, records = rejected + told[0], unreadable | told[1], records + told[2]
            for pair, data in good(chain, number, work.at):
                put = await putter.put(pair, data)
                assert put.error == 0, f"expected the broker to take a good batch, got {put}"
    return Told(rejected, unreadable, records)


def outcome(chain: Chain) -> Outcome:
    """Return what a chain has counted and refused."""
    stored: Stored = chain.stored(chain.names.measures)
    whole = totals(stored)
    told = Counter[str]()
    counted: dict[bytes, dict[str, int]] = {}
    for key, tally in whole.counted.items():
        told.update({name.removeprefix(_SPOILT): size for name, size in tally.items() if name.startswith(_SPOILT)})
        counted[key] = {name: size for name, size in tally.items() if not name.startswith(_SPOILT)}
    refusals = [
        refusal_records.decode_refusal(one.value).data
        for one in chain.read(chain.names.refusals)
        if one.value is not None
    ]
    places = [(one.topic, one.partition, one.offset) for one in refusals if one.reason is RefusalReason.UNDECODABLE]
    return Outcome({key: tally for key, tally in counted.items() if tally}, whole.cohorts, told, places)


def is_counted(chain: Chain, reports: int, refusals: int) -> bool:
    """Return whether every good report and its action are counted, and as much is refused."""
    filings, deeds, told = 0, 0, 0
    for _, key, value in chain.stored(chain.names.measures):
        if key.startswith(COUNTERS_PREFIX):
            for tally in totals([(0, key, value)]).counted.values():
                filings += tally.get(counters.FILED, 0)
                deeds += tally.get(counters.action("restricted"), 0)
                told += sum(size for name, size in tally.items() if name.startswith(_SPOILT))
    wanted = reports * (1 + len(OTHERS))
    return filings >= wanted and deeds >= wanted and told >= refusals


def run(chain: Chain, work: Work) -> tuple[Told, Outcome]:
    """Let two workers count good batches and spoilt ones, the second when the first was killed; return what was put and counted."""
    chain.create_topics()
    workers = [chain.worker()]

    def takeover() -> None:
        workers[0].kill()
        workers.append(chain.worker())

    told = asyncio.run(publish(chain, work, takeover))
    refusals = len(told.unreadable) + told.records
    until(lambda: is_counted(chain, work.reports, refusals), "all to be counted", chain.logs, seconds=900.0)
    assert workers[-1].terminate() == 0, chain.logs()
    return told, outcome(chain)


def report_count(spoilt: int) -> int:
    """Return how many good reports each platform files among so many spoilt batches; at least 1."""
    return max(1, spoilt // _BETWEEN)


def compare(bootstrap: str, folder: Path, seed: int, spoilt: int, reports: int) -> tuple[Told, Outcome, Outcome]:
    """Return what was put, and what became of a run with spoilt batches and of one without."""
    work = Work(seed, spoilt, reports, at=wall_clock_ms() - _AGO)
    with closing(Attacked(bootstrap, folder, PARTITIONS)) as chain:
        told, attacked = run(chain, work)
    with closing(Attacked(bootstrap, folder, PARTITIONS)) as chain:
        _, alone = run(chain, work._replace(spoilt=0))
    return told, attacked, alone


def check(told: Told, attacked: Outcome, alone: Outcome) -> None:
    """Raise AssertionError where a good event was lost, a platform was counted otherwise, or a batch was told wrongly."""
    assert attacked.counted == alone.counted, "expected the same counts of every platform"
    assert attacked.cohorts == alone.cohorts, "expected the same cohorts of every platform"
    assert not alone.refused, "expected nothing to be refused of what is good"
    assert sorted(attacked.places) == sorted(told.unreadable), "expected each batch to be told once, where it lies"
    assert attacked.refused[RefusalReason.UNDECODABLE] == len(told.unreadable), "expected each batch to be counted once"
    assert sum(attacked.refused.values()) == len(told.unreadable) + told.records, "expected all else to be refused"

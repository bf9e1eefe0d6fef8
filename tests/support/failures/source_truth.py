"""What the source topics hold comes to, found twice: by a plain fold, and by a scan that shares no code with the ledger.

Both are held against what workers committed and told, partition by partition, at the instant that each has reached.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from aiokafka import TopicPartition
from typing_extensions import override

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.measures import COUNTERS_PREFIX, STATUS_KEY, decode_counters, is_measure_key
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.registry.registry import Registry, Role
from streams.contract.topics import partition_of
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.events import Event
from streams.domain.ledger import counters
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import RefusalReason
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, decode_checkpoint
from tests.support.failures.fault_tally import Tally
from tests.support.failures.live_traffic import PLATFORM
from tests.support.kafka.topic_reader import Record
from tests.support.ledger.harness import Subject, expected_net
from tests.support.ledger.oracle import STANDARD_YARDSTICKS, Oracle
from tests.support.ledger.totals import Stored, Totals, reports, totals
from tests.support.process.chain import Chain

_DEED: Final = counters.action("")
_MISSED: Final = "|missed|live"
_ONE_EACH: Final = frozenset(
    {counters.FILED, counters.DUPLICATES, counters.AMENDED, counters.RETRACTED, counters.CONFLICTS}
)
"""Counters that an event moves by one, beside those of deeds."""


@dataclass(frozen=True)
class Told:
    """The records of the source topics in the order of their log time, and the registry that they are read by.

    What lies before `until` was read by the registry `former`; at the records `failed`, by topic, partition and
    offset, a fault of ours struck.
    """

    records: Sequence[Record]
    registry: Registry
    former: Registry | None = None
    until: Mapping[TopicPartition, int] = field(default_factory=dict)
    failed: frozenset[tuple[str, int, int]] = frozenset()

    def decoded(self, partition: int) -> Iterator[Event | Refusal]:
        """Yield what the records of a partition say."""
        now, before = EventDecoder(self.registry), EventDecoder(self.former or self.registry)
        for record in self.of(partition):
            is_former = record.offset < self.until.get(TopicPartition(record.topic, partition), 0)
            event = (before if is_former else now).decode(record)
            is_failed = (record.topic, partition, record.offset) in self.failed
            yield Refusal(RefusalReason.INTERNAL, "", event.platform) if is_failed else event

    @property
    def cadences(self) -> dict[str, int]:
        """How often each platform, also a former one, promised to be heard, in milliseconds."""
        platforms = {**(self.former or self.registry).platforms, **self.registry.platforms}
        return {name: platform.cadence_ms for name, platform in platforms.items()}

    def of(self, partition: int) -> list[Record]:
        """Return the records of one partition."""
        return [record for record in self.records if record.partition == partition]


def told(chain: Chain) -> Told:
    """Return what the chain's source topics hold, filings before deeds of the same instant.

    The order of a log is that of its offsets, also where the broker's clock was set back.
    """
    found = []
    for topic in chain.sources:
        deeds, reached = chain.registry.role_of_topic(topic) is not Role.REPORT_FILED, dict[int, int]()
        for record in chain.read(topic):
            at = reached[record.partition] = max(reached.get(record.partition, 0), record.timestamp)
            found.append(((at, deeds, record.offset), record))
    return Told([record for _, record in sorted(found, key=itemgetter(0))], chain.registry)


def folded(source: Told, positions: Mapping[int, Checkpoint]) -> list[tuple[int, bytes, bytes]]:
    """Return the rows of plain ledgers, one per partition, that were fed record by record."""
    return [
        (number, key, value)
        for number, position in positions.items()
        for key, value in _fold(source, number, position.log_time).items()
        if value is not None
    ]


def _fold(source: Told, number: int, now: int) -> dict[bytes, bytes | None]:
    partitions = source.registry.partitions
    ledger = Ledger(
        ledger_config(source.registry), MessagePackCodec(), lambda key: partition_of(key, partitions) == number
    )
    for event in source.decoded(number):
        if isinstance(event, Refusal):
            ledger.count_refusal(event.platform, event.reason)
        else:
            ledger.apply(event)
    ledger.advance(now)
    return ledger.drain_changes()


@dataclass(frozen=True)
class _Scan(Oracle):
    """The oracle, which looks up a horizon once for all reports of a platform."""

    _horizons: dict[tuple[str, int], int] = field(default_factory=dict)

    @override
    def horizon(self, platform: str, events: Iterable[Event], now: int) -> int:
        if (platform, now) not in self._horizons:
            self._horizons[platform, now] = super().horizon(platform, events, now)
        return self._horizons[platform, now]


def scan_of(source: Told, number: int) -> tuple[Oracle, list[Event]]:
    """Return the scan, and what it is to be asked about: the events of a partition."""
    events = [event for event in source.decoded(number) if not isinstance(event, Refusal)]
    return _Scan(STANDARD_YARDSTICKS, source.cadences), events


def scan_agrees(source: Told, number: int, now: int, committed: Mapping[bytes, bytes]) -> None:
    """Assert that a scan of one partition's events finds the committed cohorts, sums and verdicts."""
    scan, events = scan_of(source, number)
    subject = Subject()
    subject.rules = ledger_config(source.registry)
    subject.rows = dict(committed)
    subject.crash()

    assert subject.cohorts() == scan.cohorts(events, now)
    assert subject.stop_sums() == scan.stop_sums(events)
    assert subject.net() == expected_net(scan, STANDARD_CLOCKS, events, now)


def counted(whole: Totals) -> Counter[tuple[bytes, str]]:
    """Return how many events were counted, by platform and what they were."""
    return Counter(
        {
            (key, name): count
            for key, tally in whole.counted.items()
            for name, count in tally.items()
            if name in _ONE_EACH or name.startswith(_DEED)
        }
    )


def taken_back(stored: Stored) -> int:
    """Return how many misses of the platform that keeps its promises were counted and taken back: false ones."""
    tallies = [decode_counters(value) for _, key, value in stored if key == COUNTERS_PREFIX + PLATFORM.encode()]
    return sum(
        count
        for tally in tallies
        for name, count in tally.items()
        if name.startswith(counters.corrected("deadline|")) and name.endswith(_MISSED)
    )


def redelivered(committed: Sequence[Record], written: Sequence[Record]) -> int:
    """Return how many records were in transactions that came to nothing, by the positions in a changelog."""
    good = {(record.partition, record.offset) for record in committed}
    reached: dict[int, Checkpoint] = defaultdict(Checkpoint)
    again = 0
    for record in written:
        if record.key != CHECKPOINT_KEY or record.value is None:
            continue
        position, before = decode_checkpoint(record.value), reached[record.partition]
        if (record.partition, record.offset) in good:
            reached[record.partition] = position
        else:
            # Where nothing had been committed of a topic its log's start is not known.
            pairs = [(one, before.topics.get(topic, one)) for topic, one in position.topics.items()]
            again += sum(max(0, ahead.next - behind.next) for ahead, behind in pairs)
    return again


def positions_never_fall(committed: Iterable[Record]) -> None:
    """Assert that no owner of a partition committed after its successor had: its position would be an older one."""
    reached: dict[tuple[int, str, str], int] = {}
    for record in committed:
        if record.key == CHECKPOINT_KEY and record.value is not None:
            for topic, one in decode_checkpoint(record.value).topics.items():
                place = (record.partition, topic, one.id)  # of a topic that was made anew, offsets begin anew
                assert one.next >= reached.get(place, 0), f"{place}: {one.next} after {reached[place]}"
                reached[place] = one.next


def counts_once(chain: Chain, tally: Tally, source: Told | None = None) -> list[tuple[int, bytes, bytes]]:
    """Assert that everything that was told counts once, and return the committed rows; workers may be at work.

    `source` is what was read from the source topics before something was taken from them.
    """
    known = source or told(chain)
    written, changelog = chain.read_uncommitted(chain.names.changelog), chain.read(chain.names.changelog)
    committed = _last(changelog)
    positions = {number: decode_checkpoint(value) for number, key, value in committed if key == CHECKPOINT_KEY}
    expected = folded(known, positions)
    wanted, found = counted(totals(expected)), counted(totals(committed))
    tally.events = found.total()
    tally.redelivered += redelivered(changelog, written)
    tally.lost += (wanted - found).total()
    tally.doubled += (found - wanted).total()

    assert (wanted - found, found - wanted) == (Counter(), Counter())
    assert reports(committed) == reports(expected)
    assert _differing(totals(committed), totals(expected)) == {}
    assert taken_back(committed) == 0
    positions_never_fall(changelog)
    for number, position in positions.items():
        rows = {key: value for place, key, value in committed if place == number}
        scan_agrees(known, number, position.log_time, rows)
    return committed


def _differing(found: Totals, wanted: Totals) -> dict[str, object]:
    """Return what two totals disagree about, under its name; a failure that does not say it cannot be understood."""
    differing: dict[str, object] = {}
    for part in Totals._fields:
        of_found, of_wanted = (dict[object, object](getattr(of, part)) for of in (found, wanted))
        for key in of_found.keys() | of_wanted.keys():
            if of_found.get(key) != of_wanted.get(key):
                differing[f"{part} {key!r}"] = (of_found.get(key), of_wanted.get(key))
    return differing


def hold(chain: Chain, tally: Tally, source: Told | None = None) -> None:
    """Assert that everything counts once and that it was told as it was committed; to be called when workers rest."""
    committed, measured = counts_once(chain, tally, source), _last(chain.read(chain.names.measures))

    assert {row for row in measured if row[1] != STATUS_KEY} == {row for row in committed if is_measure_key(row[1])}


def only_committed_was_told(chain: Chain) -> None:
    """Assert that every value that `measures` ever had is in the changelog; not to be asked of a compacted one."""
    told_values, committed = (
        {(one.partition, one.key, one.value) for one in chain.read(topic) if one.key != STATUS_KEY}
        for topic in (chain.names.measures, chain.names.changelog)
    )
    assert told_values <= committed


def _last(records: Iterable[Record]) -> list[tuple[int, bytes, bytes]]:
    last: dict[tuple[int, bytes], Any] = {(record.partition, record.key): record.value for record in records}
    return [(partition, key, value) for (partition, key), value in last.items() if value is not None]

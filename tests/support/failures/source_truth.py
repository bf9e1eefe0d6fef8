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
from tests.support.failures.fault_tally import FaultTally
from tests.support.failures.live_traffic import PLATFORM
from tests.support.kafka.topic_reader import TopicRecord
from tests.support.ledger.harness import LedgerHarness, expected_net_counters
from tests.support.ledger.oracle import STANDARD_ORACLE_CLOCKS, Oracle
from tests.support.ledger.totals import LedgerTotals, StoredRows, ledger_totals, report_rows
from tests.support.process.chain import Chain

_ACTION_PREFIX: Final = counters.action("")
_MISSED_LIVE_SUFFIX: Final = "|missed|live"
_ONE_RECORD_COUNTERS: Final = frozenset(
    {counters.FILED, counters.DUPLICATES, counters.AMENDED, counters.RETRACTED, counters.CONFLICTS}
)
"""Counters that an event moves by one, beside those of deeds."""


@dataclass(frozen=True)
class SourceRecords:
    """The records of the source topics in the order of their log time, and the registry that they are read by.

    What lies before `until` was read by the registry `former`; at the records `failed`, by topic, partition and
    offset, a fault of ours struck.
    """

    records: Sequence[TopicRecord]
    registry: Registry
    previous_registry: Registry | None = None
    end_offsets: Mapping[TopicPartition, int] = field(default_factory=dict)
    failed_records: frozenset[tuple[str, int, int]] = frozenset()

    def decoded(self, partition: int) -> Iterator[Event | Refusal]:
        """Yield what the records of a partition say."""
        now, before = EventDecoder(self.registry), EventDecoder(self.previous_registry or self.registry)
        for record in self.of_partition(partition):
            is_former = record.offset < self.end_offsets.get(TopicPartition(record.topic, partition), 0)
            event = (before if is_former else now).decode(record)
            is_failed = (record.topic, partition, record.offset) in self.failed_records
            yield Refusal(RefusalReason.INTERNAL, "", event.platform) if is_failed else event

    @property
    def cadences(self) -> dict[str, int]:
        """How often each platform, also a former one, promised to be heard, in milliseconds."""
        platforms = {**(self.previous_registry or self.registry).platforms, **self.registry.platforms}
        return {name: platform.cadence_ms for name, platform in platforms.items()}

    def of_partition(self, partition: int) -> list[TopicRecord]:
        """Return the records of one partition."""
        return [record for record in self.records if record.partition == partition]


def read_sources(chain: Chain) -> SourceRecords:
    """Return what the chain's source topics hold, filings before deeds of the same instant.

    The order of a log is that of its offsets, also where the broker's clock was set back.
    """
    found = []
    for topic in chain.sources:
        is_action_topic, reached = chain.registry.role_of_topic(topic) is not Role.REPORT_FILED, dict[int, int]()
        for record in chain.read_committed(topic):
            at = reached[record.partition] = max(reached.get(record.partition, 0), record.timestamp)
            found.append(((at, is_action_topic, record.offset), record))
    return SourceRecords([record for _, record in sorted(found, key=itemgetter(0))], chain.registry)


def fold_all_partitions(source: SourceRecords, positions: Mapping[int, Checkpoint]) -> list[tuple[int, bytes, bytes]]:
    """Return the rows of plain ledgers, one per partition, that were fed record by record."""
    return [
        (number, key, value)
        for number, position in positions.items()
        for key, value in _fold_partition(source, number, position.log_time).items()
        if value is not None
    ]


def _fold_partition(source: SourceRecords, number: int, now: int) -> dict[bytes, bytes | None]:
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
class _SourceOracle(Oracle):
    """The oracle, which looks up a horizon once for all reports of a platform."""

    _horizons: dict[tuple[str, int], int] = field(default_factory=dict)

    @override
    def decided_through(self, platform: str, events: Iterable[Event], now: int) -> int:
        if (platform, now) not in self._horizons:
            self._horizons[platform, now] = super().decided_through(platform, events, now)
        return self._horizons[platform, now]


def oracle_events(source: SourceRecords, number: int) -> tuple[Oracle, list[Event]]:
    """Return the scan, and what it is to be asked about: the events of a partition."""
    events = [event for event in source.decoded(number) if not isinstance(event, Refusal)]
    return _SourceOracle(STANDARD_ORACLE_CLOCKS, source.cadences), events


def assert_oracle_agrees(source: SourceRecords, number: int, now: int, committed: Mapping[bytes, bytes]) -> None:
    """Assert that a scan of one partition's events finds the committed cohorts, sums and deadline outcomes."""
    scan, events = oracle_events(source, number)
    subject = LedgerHarness()
    subject.config = ledger_config(source.registry)
    subject.rows = dict(committed)
    subject.restart()

    assert subject.cohorts() == scan.cohorts(events, now)
    assert subject.duration_totals() == scan.duration_totals(events)
    assert subject.net_counters() == expected_net_counters(scan, STANDARD_CLOCKS, events, now)


def records_counted(whole: LedgerTotals) -> Counter[tuple[bytes, str]]:
    """Return how many events were counted, by platform and what they were."""
    return Counter(
        {
            (key, name): count
            for key, tally in whole.counters.items()
            for name, count in tally.items()
            if name in _ONE_RECORD_COUNTERS or name.startswith(_ACTION_PREFIX)
        }
    )


def corrections(stored: StoredRows) -> int:
    """Return how many misses of the platform that keeps its promises were counted and taken back: false ones."""
    tallies = [decode_counters(value) for _, key, value in stored if key == COUNTERS_PREFIX + PLATFORM.encode()]
    return sum(
        count
        for tally in tallies
        for name, count in tally.items()
        if name.startswith(counters.corrected("deadline|")) and name.endswith(_MISSED_LIVE_SUFFIX)
    )


def redelivered_count(committed: Sequence[TopicRecord], written: Sequence[TopicRecord]) -> int:
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


def assert_positions_never_decrease(committed: Iterable[TopicRecord]) -> None:
    """Assert that no owner of a partition committed after its successor had: its position would be an older one."""
    reached: dict[tuple[int, str, str], int] = {}
    for record in committed:
        if record.key == CHECKPOINT_KEY and record.value is not None:
            for topic, one in decode_checkpoint(record.value).topics.items():
                place = (record.partition, topic, one.id)  # the offsets of a recreated topic begin at 0 again
                assert one.next >= reached.get(place, 0), f"{place}: {one.next} after {reached[place]}"
                reached[place] = one.next


def assert_counts_once(
    chain: Chain, tally: FaultTally, source: SourceRecords | None = None
) -> list[tuple[int, bytes, bytes]]:
    """Assert that everything that was told counts once, and return the committed rows; workers may be at work.

    `source` is what was read from the source topics before something was taken from them.
    """
    known = source or read_sources(chain)
    written, changelog = chain.read_uncommitted(chain.names.changelog), chain.read_committed(chain.names.changelog)
    committed = _latest_by_key(changelog)
    positions = {number: decode_checkpoint(value) for number, key, value in committed if key == CHECKPOINT_KEY}
    expected = fold_all_partitions(known, positions)
    wanted, found = records_counted(ledger_totals(expected)), records_counted(ledger_totals(committed))
    tally.events = found.total()
    tally.redelivered += redelivered_count(changelog, written)
    tally.lost += (wanted - found).total()
    tally.counted_twice += (found - wanted).total()

    assert (wanted - found, found - wanted) == (Counter(), Counter())
    assert report_rows(committed) == report_rows(expected)
    assert _differing(ledger_totals(committed), ledger_totals(expected)) == {}
    assert corrections(committed) == 0
    assert_positions_never_decrease(changelog)
    for number, position in positions.items():
        rows = {key: value for place, key, value in committed if place == number}
        assert_oracle_agrees(known, number, position.log_time, rows)
    return committed


def _differing(found: LedgerTotals, wanted: LedgerTotals) -> dict[str, object]:
    """Return what two totals disagree about, under its name; a failure that does not say it cannot be understood."""
    differing: dict[str, object] = {}
    for part in LedgerTotals._fields:
        of_found, of_wanted = (dict[object, object](getattr(of, part)) for of in (found, wanted))
        for key in of_found.keys() | of_wanted.keys():
            if of_found.get(key) != of_wanted.get(key):
                differing[f"{part} {key!r}"] = (of_found.get(key), of_wanted.get(key))
    return differing


def assert_all(chain: Chain, tally: FaultTally, source: SourceRecords | None = None) -> None:
    """Assert that everything counts once and that it was told as it was committed; to be called when workers rest."""
    committed, measured = (
        assert_counts_once(chain, tally, source),
        _latest_by_key(chain.read_committed(chain.names.measures)),
    )

    assert {row for row in measured if row[1] != STATUS_KEY} == {row for row in committed if is_measure_key(row[1])}


def assert_only_committed_published(chain: Chain) -> None:
    """Assert that every value that `measures` ever had is in the changelog; not to be asked of a compacted one."""
    published_values, committed = (
        {(one.partition, one.key, one.value) for one in chain.read_committed(topic) if one.key != STATUS_KEY}
        for topic in (chain.names.measures, chain.names.changelog)
    )
    assert published_values <= committed


def _latest_by_key(records: Iterable[TopicRecord]) -> list[tuple[int, bytes, bytes]]:
    last: dict[tuple[int, bytes], Any] = {(record.partition, record.key): record.value for record in records}
    return [(partition, key, value) for (partition, key), value in last.items() if value is not None]

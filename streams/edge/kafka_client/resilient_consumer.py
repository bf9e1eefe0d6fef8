"""A Kafka consumer that no record batch can stop: aiokafka's, with its own way from a broker's answer to records.

A batch that cannot be read comes out as one `UnreadableBatch` in the place of its records, and the position passes it.
What may be a fault of the network is asked for again before that is decided. The order of reading is aiokafka's, as are
transactions: control batches and what was aborted are passed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from time import perf_counter
from types import FunctionType, MethodType
from typing import Any, Final, NamedTuple, cast

import aiokafka
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as fetching
from typing_extensions import override

from streams.contract.events.source_records import UnreadableBatch
from streams.edge.kafka_client.record_batch import (
    STRICT,
    Bounds,
    Frame,
    UndecodableError,
    control_type,
    decompressed,
    frame_at,
    records_in,
)

ATTEMPTS: Final = 3
"""How often a batch whose checksum is wrong is fetched until it counts as unreadable."""

_MOST_SECONDS: Final = 0.05
"""How long what cannot be read of one answer may take: then whatever else the thread has to do comes first."""

_COMMITTED: Final = 1
_ABORT: Final = (0, 0)
_MOST_HEADERS: Final = 100
_LONG: Final = 1 << 16  # more than any event may have
_OURS: Final = ("ce_", "content-type")


class Read(NamedTuple):
    """A record as it was read, in Kafka's words; a stamp of -1 is none.

    The name of a header that is not UTF-8 begins with U+FFFD. Of very many headers those of CloudEvents are kept.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


Found = Read | UnreadableBatch


def consumer(bounds: Bounds = STRICT, **settings: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ANN401 - aiokafka's own
    """Return an aiokafka consumer whose records are `Read` or `UnreadableBatch`; a batch beyond `bounds` is not read."""
    made = Consumer(**settings)  # type: ignore[no-untyped-call]
    made.bounds = bounds
    return made


async def polled(
    of: aiokafka.AIOKafkaConsumer, *pairs: TopicPartition, **limits: int
) -> Mapping[TopicPartition, list[Found]]:
    """Return what `getmany` of such a consumer returns, with the type that it has."""
    return cast("Mapping[TopicPartition, list[Found]]", await of.getmany(*pairs, **limits))


class Consumer(aiokafka.AIOKafkaConsumer):
    """An aiokafka consumer whose records are `Read` or `UnreadableBatch`."""

    bounds = STRICT

    @override
    async def start(self) -> None:
        await super().start()  # type: ignore[no-untyped-call]
        fetcher: Any = self._fetcher
        # The method as it is, with our classes under the names that it looks up.
        memory = Memory(partial(_answered_at, fetcher), self.bounds)
        names = {**vars(fetching), "MemoryRecords": Answer, "PartitionRecords": partial(Records, memory)}
        method = fetching.Fetcher._proc_fetch_request  # noqa: SLF001 - aiokafka offers no other way to the bytes
        fetcher._proc_fetch_request = MethodType(FunctionType(method.__code__, names), fetcher)  # noqa: SLF001


def _answered_at(fetcher: Any, pair: TopicPartition) -> int:  # noqa: ANN401 - aiokafka's, untyped
    """Return the wall clock of the last answer, in epoch milliseconds."""
    state: Any = fetcher._subscriptions.subscription.assignment.state_value(pair)  # noqa: SLF001
    return int(state.timestamp)


class Answer:
    """The batches of one topic-partition in an answer, in the place of aiokafka's `MemoryRecords`."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def has_next(self) -> bool:
        """Whether there is anything: what cannot be read is decided on by `Records`."""
        return bool(self.data)

    def size_in_bytes(self) -> int:
        """Return how much there is."""
        return len(self.data)


class Memory:
    """What one consumer remembers of its topic-partitions between answers.

    `answered_at` returns the wall clock of a topic-partition's last answer, in epoch milliseconds; a batch beyond
    `bounds` is not read.
    """

    def __init__(self, answered_at: Callable[[TopicPartition], int], bounds: Bounds = STRICT) -> None:
        self.answered_at = answered_at
        self.bounds = bounds
        self._failed: dict[TopicPartition, tuple[int, int]] = {}
        self._told: dict[TopicPartition, int] = {}

    def is_final(self, pair: TopicPartition, offset: int) -> bool:
        """Return whether what cannot be read at an offset has now been fetched often enough."""
        before, count = self._failed.get(pair, (-1, 0))
        count = count + 1 if before == offset else 1
        self._failed[pair] = (offset, count)
        return count >= ATTEMPTS

    def is_new(self, pair: TopicPartition, base: int) -> bool:
        """Return whether the batch was not the last one that was told as unreadable."""
        before, self._told[pair] = self._told.get(pair), base
        return before != base


class Records:
    """The records of one topic-partition in an answer, in the place of aiokafka's `PartitionRecords`.

    `next_fetch_offset` is the position after what was handed over last. Iteration ends early before a batch that is not
    sound, and before decompressed batches come to more bytes than one may: the next answer begins there.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - aiokafka's order
        self,
        memory: Memory,
        pair: TopicPartition,
        answer: Answer,
        aborted: Iterable[tuple[int, int]] | None,
        fetch_offset: int,
        _key_deserializer: object,
        _value_deserializer: object,
        _check_crcs: object,
        isolation: int,
    ) -> None:
        self.next_fetch_offset = fetch_offset
        self._memory = memory
        self._pair = pair
        self._answer = answer.data
        self._asked = fetch_offset
        self._aborted = sorted(aborted or (), key=lambda one: one[1], reverse=True)
        self._aborting: set[int] = set()
        self._committed_only = isolation == _COMMITTED
        self._found = self._all()

    def __iter__(self) -> Iterator[Found]:
        return self._found

    def __next__(self) -> Found:
        return next(self._found)

    def _all(self) -> Iterator[Found]:  # noqa: C901 - a loop over every record, without calls that could be spared
        new, kind, (topic, partition) = tuple.__new__, Read, self._pair
        inflated, spent = 0, 0.0
        for frame, place in self._frames():
            started = 0.0 if frame.is_plain else perf_counter()
            try:
                plain = frame.data if frame.is_plain else self._plain(frame)
                if not frame.is_plain and frame.compressed:
                    inflated += len(plain)
                    if len(plain) < inflated > self._memory.bounds.most_bytes:
                        return
                records = records_in(frame, plain) if plain else ()
            except UndecodableError:
                spent += perf_counter() - started if started else 0.0
                yield from self._refused(frame, place)
                # A control batch may have ended an aborted transaction: the next answer tells which ones are.
                if frame.is_control or spent > _MOST_SECONDS:
                    return
                continue
            for record in records:
                offset = record.offset
                if offset >= self.next_fetch_offset:
                    self.next_fetch_offset = offset + 1
                    stamp, headers = record.timestamp, record.headers
                    if stamp is None:
                        stamp = -1
                    if len(headers) > _MOST_HEADERS:
                        headers = _few(headers)
                    whose = record.timestamp_type or 0
                    yield new(kind, (topic, partition, offset, stamp, whose, record.key, record.value, headers))
            if self.next_fetch_offset < frame.following:
                self._pass(frame, place)

    def _frames(self) -> Iterator[tuple[Frame, int]]:
        """Yield the batches that were not read before, each with the place of the next one.

        One that is not sound ends the answer. It is among them when it was fetched so often that it will not change.
        """
        place = 0
        while (frame := frame_at(self._answer, place)) is not None and frame.sound:
            place += len(frame.data)
            if not frame.base < self.next_fetch_offset >= frame.following:
                yield frame, place
        if self.next_fetch_offset == self._asked and self._memory.is_final(self._pair, self._asked):
            left = frame or Frame(b"", sound=False, magic=0, base=self._asked, following=self._asked + 1)
            yield left, place + len(left.data)

    def _plain(self, frame: Frame) -> bytes:
        """Return a batch without compression, nothing where it is a broker's own or its transaction was aborted."""
        if not frame.sound:
            raise UndecodableError("expected a whole batch with the right checksum")
        if self._committed_only:
            while self._aborted and self._aborted[-1][1] <= frame.base:
                self._aborting.add(self._aborted.pop()[0])
            if frame.is_control and control_type(frame) == _ABORT:
                self._aborting.discard(frame.producer)
        aborted = frame.is_transactional and frame.producer in self._aborting
        return b"" if frame.is_control or aborted else decompressed(frame, self._memory.bounds)

    def _refused(self, frame: Frame, place: int) -> Iterator[UnreadableBatch]:
        """Pass a batch that cannot be read, and tell of it once; the next one begins at `place`."""
        known = frame.sound or frame.complete
        first = max(frame.base, self._asked) if known else self._asked
        told = frame.latest if frame.sound and frame.latest >= 0 else self._memory.answered_at(self._pair)
        is_new = self._memory.is_new(self._pair, frame.base) or frame.base >= self._asked
        self.next_fetch_offset = max(self.next_fetch_offset, first + 1)
        self._pass(frame, place)
        if is_new:
            yield UnreadableBatch(*self._pair, first, told, frame.total if known and frame.total > 0 else None)

    def _pass(self, frame: Frame, place: int) -> None:
        """Move the position behind a batch; the next one begins at `place`.

        A batch that holds fewer records than offsets is passed by the offset after its first one, unless the broker
        has given it for an offset within: its header may lie, and then good batches follow.
        """
        least = max(self.next_fetch_offset, frame.base + 1 if frame.sound else 0)
        claimed = max(frame.following, least)
        following = frame_at(self._answer, place)
        if following is not None and following.sound and following.base >= least:
            self.next_fetch_offset = min(claimed, following.base)
        elif frame.complete or frame.base < self._asked:
            self.next_fetch_offset = claimed
        else:
            self.next_fetch_offset = least


def _few(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the headers of CloudEvents, and one in the place of all others that is as long, up to a limit."""
    ours = [header for header in headers if header[0].startswith(_OURS)]
    size = sum(len(name) + len(content or b"") for name, content in headers)
    return [*ours[:_MOST_HEADERS], ("", bytes(min(size, _LONG)))]

"""The owner of one partition: takes it, restores it, and applies and commits in one line of work until it is closed."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from streams.contract.outputs.measures import PartitionStatus
from streams.domain.logtime import LogTime
from streams.runtime.journal.checkpoint import Position, Reached, left
from streams.runtime.journal.guarded_commit import commit
from streams.runtime.journal.journal import UntoldError
from streams.runtime.kafka.records import RecordBatch, Slot
from streams.runtime.partition.batch_queue import Inbox, Portion
from streams.runtime.partition.clock_offset import ClockOffset
from streams.runtime.partition.commits.commit import Changed, outgoing
from streams.runtime.partition.commits.feedback import Feedback
from streams.runtime.partition.commits.suspension import Rows, Suspended, encoded, too_large, without
from streams.runtime.partition.context import Surroundings
from streams.runtime.partition.processor import Intake, Reading
from streams.runtime.partition.takeover.starting_point import beginning
from streams.runtime.partition.takeover.takeover import SourceError, announce, look, seek, take
from streams.runtime.stats import PartitionFigures, State
from streams.runtime.topic_checks.source_faults import CHECK_SECONDS, Fault, concerned, suspension

log = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.25
_STATUS_MS: Final = 5_000
_CONFIRMED_MS: Final = 5_000
_EXPECTED_SECONDS: Final = 5.0
"""How long actions wait for filings that do not come: a broker may be slow, or hold back an open transaction."""
_BACKLOG: Final = 2_000
_BACKLOG_MS: Final = 1_000
"""With more records than this to go, a commit is made once a second: all of it is late, and few commits cost less."""


def _seconds() -> float:
    """Return the event loop's own time, for durations."""
    return asyncio.get_running_loop().time()


class Partition:
    """One partition of all source topics, from claim to close. Run `run` as a task; `close` ends it in order.

    `again` says, after the end, that it ended in order to be taken anew: other topics can be read than before.
    """

    def __init__(self, number: int, around: Surroundings) -> None:
        self.number = number
        self.figures = PartitionFigures(moved=around.wall())
        self._around = around
        self.again = False
        self._slots = {topic: Slot(topic, number) for topic in around.topics}
        self._journal = around.journal(number)
        self._inbox = Inbox(around.leaders, self._journal.most, around.siblings)
        self._wake = asyncio.Event()
        self._closing = False
        self._intake = Intake(around.ledger(number), around.decoder, LogTime(()), {})
        self._feedback = Feedback(number, around.listeners.platforms)
        self._untold: frozenset[str] = frozenset()
        self._dormant: dict[str, Reached] = {}
        self._suspended = Suspended(number, around.owners, around.siblings)
        self._faults: Mapping[str, Fault] = {}
        self._checked_at = 0.0
        self._lost = self._commits = 0
        self._offset = ClockOffset()
        self._moved: dict[str, float] = {}
        self._late: frozenset[str] = frozenset()
        self._prompt = False
        self._committed = Position()
        self._committed_at = 0.0
        self._dirty = False
        self._committing = 0

    @property
    def uncommitted(self) -> int:
        """How many records were applied and are not known to be committed."""
        return self._intake.applied + self._committing

    @property
    def restored(self) -> bool:
        """Whether the partition is being served."""
        return self.figures.state is State.SERVING

    def offer(self, batch: RecordBatch) -> None:
        """Queue a batch; the transport bounds how many there can be, and brings no more of a topic that is not applied."""
        if batch.slot.topic not in self._slots:
            return  # fetched before its platform was left out
        self._inbox.put(batch)
        if batch.slot.topic not in self._late:
            self._around.turns.hurry(self.number)
        self._wake.set()

    def close(self) -> None:
        """Ask `run` to finish what it is applying, commit, and return."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Take the partition, restore it, and serve it until closed. Any error leaves it to the next owner."""
        try:
            await self._take()
            while not self._closing:
                await self._step()
                await self._check()
            if self._dirty:
                await self._commit()
        except UntoldError as error:
            await self._around.unwritable()
            self._around.listeners.fail(error.topic, error.why)
            self.again = True
        finally:
            self.figures.state = State.CLOSED
            await self._journal.close()

    async def _take(self) -> None:
        around, started = self._around, _seconds()
        taken = await take(around, self.number, self._journal, self._intake.ledger)
        self._offset = taken.offset
        self._feedback.note(taken.others)
        logs = await look(around, self.number, taken.position)
        await self._suspend(logs.faults)
        self._stand(taken.position)
        for topic in self._slots:
            await self._seek(topic, logs.bounds[topic])
        self._committed = self._position()
        around.failpoints.passing("after_seek")
        self.figures.state = State.SERVING
        self.figures.moved = around.wall()
        self.figures.restore_seconds = _seconds() - started
        self.figures.restored = taken.rows
        announce(around.figures)
        log.debug(
            "partition %d: restored %d rows from %d records, read in %.1f s, loaded in %.1f s",
            self.number,
            taken.rows,
            taken.records,
            taken.reading,
            taken.loading,
        )

    async def _suspend(self, faults: Mapping[str, Fault]) -> None:
        """Leave out the topics that cannot be read, with their siblings."""
        around = self._around
        self._faults, self._checked_at = faults, _seconds()
        left_out = concerned(faults, around.siblings)
        self._slots = {topic: Slot(topic, self.number) for topic in around.topics if topic not in left_out}
        for topic in left_out:
            await around.source.leave(Slot(topic, self.number))
        # What was offered so far was fetched for a former owner.
        self._inbox = Inbox(around.leaders, self._journal.most, around.siblings)
        self.figures.suspended = frozenset().union(*(around.owners[topic] for topic in left_out))
        for fault in faults.values():
            if fault.topic not in around.faults:  # those are told by who found them
                log.error("partition %d: %s", self.number, suspension(fault, around.siblings, around.owners))

    def _stand(self, position: Position) -> None:
        """Go on from where the former owner was."""
        begun, intake = beginning(self._around, position, self._slots), self._intake
        self._lost, self._commits = position.lost, position.commit
        self._dormant = dict(begun.dormant)
        read = {topic: reached.records for topic, reached in position.topics.items()}
        self._intake = Intake(
            intake.ledger, self._around.decoder, begun.time, begun.positions, self._journal.most, read
        )
        self._intake.keep_apart(begun.apart)

    async def _seek(self, topic: str, bounds: tuple[int, int] | None = None) -> None:
        """Fetch `topic` from its position on; what is lost on the way is passed with the next commit."""
        self._moved[topic] = _seconds()
        positions = self._intake.positions
        positions[topic], lost = await seek(self._around, self._slots[topic], positions.get(topic), bounds)
        self._lost += lost
        self._dirty = self._dirty or lost > 0

    async def _check(self) -> None:
        """End, to be taken anew, when what cannot be read of this partition alone, or be told, is as it must be again.

        A producer knows a topic by its name: what it sends to one that was made anew does not follow on anything there.
        """
        if self._untold - self._around.listeners.untold:
            self._end_to_begin_again()
            return
        own = self._faults.keys() - self._around.faults.keys()
        if not own or _seconds() - self._checked_at < CHECK_SECONDS:
            return
        self._checked_at = _seconds()
        with suppress(KafkaError):  # a broker that does not answer tells nothing
            found = await look(self._around, self.number, self._position())
            if found.faults.keys() != self._faults.keys():
                self._end_to_begin_again()

    def _end_to_begin_again(self) -> None:
        self.again = self._closing = True

    async def _step(self) -> None:
        for slot in [slot for slot in self._slots.values() if slot in self._around.source.lost]:
            try:
                await self._seek(slot.topic)
            except SourceError:  # the next owner finds the same, and leaves the platform out
                self._end_to_begin_again()
                return
        behind = self._intake.behind
        waits = not (self._closing or behind)
        if not (waits and await self._next()) and not behind:
            await self._woken()
        self._look()
        if self._intake.behind or self._due():
            await self._commit()

    async def _next(self) -> bool:
        """Apply what comes next, if anything does; of a backlog no more at once than others have time for."""
        if self._late and self._inbox and len(self._late) < len(self._slots):
            return await self._around.turns.take(self.number, self._share) > 0
        if not await self._take_in(self._journal.most):
            return False
        await asyncio.sleep(0)  # other partitions, the fetcher and the health page come first now
        return True

    async def _share(self, most: int) -> int:
        applied = await self._take_in(most)
        self._intake.ledger.prepare()  # in a commit all of it would keep the others waiting at once
        return applied

    async def _take_in(self, most: int) -> int:
        """Apply up to `most` of the records that are next, and return how many they were."""
        portion = self._inbox.take(self._intake.time.applied(), self._expected(), most)
        if portion is None:
            return 0
        await self._apply(portion)
        return len(portion.batch.records)

    def _expected(self) -> frozenset[str]:
        """Return the topics that will bring more: what is known of their ends says so, and they have moved lately."""
        heads, positions, lately = self._around.source.heads, self._intake.positions, _seconds() - _EXPECTED_SECONDS
        return frozenset(
            topic
            for topic, slot in self._slots.items()
            if self._moved[topic] >= lately and ((head := heads.get(slot)) is None or head.end > positions[topic])
        )

    async def _woken(self) -> None:
        """Wait for a batch, for the time of the next commit, or for the next look at the clock."""
        self._wake.clear()
        wait = _TICK_SECONDS
        if self._dirty:
            left = self._committed_at + self._around.commit_interval_ms / 1000 - _seconds()
            wait = min(wait, max(left, 0.001))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait)

    async def _apply(self, portion: Portion) -> None:
        around, batch = self._around, portion.batch
        if not around.source.current(batch):
            return
        if not self._intake.follows(batch):
            log.warning("partition %d: a batch of %s came from beyond the position", self.number, batch.slot.topic)
            await self._seek(batch.slot.topic)
            return
        rest = self._intake.take(batch, around.wall())
        around.failpoints.passing("after_apply")
        self._dirty = True
        self._prompt = self._prompt or batch.slot.topic not in self._late
        self._moved[batch.slot.topic] = _seconds()
        if rest is not None:
            self._inbox.put_back(portion, rest)
        elif portion.last:
            around.source.acknowledge(batch)
        self.figures.moved = around.wall()

    def _look(self) -> None:
        """See which topics are at their heads, let time pass, and hold back a topic that is far ahead."""
        around, intake = self._around, self._intake
        wall = around.wall()
        heads = {}
        lags: dict[str, int] = {}
        for topic, slot in self._slots.items():
            head = around.source.heads.get(slot)
            if head is None:
                continue
            lags[topic] = max(0, head.end - intake.positions[topic])
            if head.reached and head.through <= intake.positions[topic] and wall - head.at <= _CONFIRMED_MS:
                heads[topic] = head.at - self._offset.ahead
        intake.time.confirm(heads)
        self._dirty = intake.tick() or self._dirty
        around.source.hold(frozenset(self._slots[topic] for topic in intake.time.ahead()), self.number)
        self._late = self._behind(lags)
        self.figures.now = intake.time.now
        if len(lags) == len(self._slots):
            self.figures.lag = sum(lags.values())
        if len(heads) == len(self._slots):
            self.figures.moved, self.figures.lag = wall, 0

    def _behind(self, lags: Mapping[str, int]) -> frozenset[str]:
        """Return the topics that have a backlog, or a sibling that has."""
        siblings = self._around.siblings
        return frozenset(topic for topic in lags if sum(lags.get(one, 0) for one in siblings[topic]) > _BACKLOG)

    def _due(self) -> bool:
        if self._intake.applied >= self._journal.most:
            return True
        interval = self._around.commit_interval_ms if self._dirty else _STATUS_MS
        if self._late and not self._prompt:
            interval = max(interval, _BACKLOG_MS)
        return _seconds() - self._committed_at >= interval / 1000

    async def _commit(self) -> None:
        around, intake = self._around, self._intake
        started = self._committed_at = _seconds()
        before = around.wall()
        changes = intake.ledger.take_changes()
        told, untellable = encoded(intake.ledger.take_notices())
        rows = self._committable(changes, untellable)
        rejected = intake.take_refused()
        self._feedback.note(rows)
        self._untold |= around.listeners.untold
        feedback = self._feedback.rows(rejected.events, self._reading(), before - self._offset.ahead, self._untold)
        changed = Changed(rows, self._suspended.without(told), rejected.events, feedback)
        self._dirty = self._prompt = False
        applied, intake.applied = intake.applied, 0
        self._committing = applied
        self._commits += 1
        position = self._position()
        await commit(self._journal, outgoing(around.names, changed, position, self._status()), around.unwritable)
        self._committing = 0
        self._offset.observe(before, self._journal.stamped, around.wall())
        self.figures.ahead = self._offset.ahead if self._offset.known else None
        self._committed = position
        for topic, offset in intake.positions.items():
            around.source.committed(self._slots[topic], offset)
        self.figures.commit_seconds = _seconds() - started
        around.figures.applied[self.number] += applied
        around.figures.commits[self.number] += 1
        around.figures.refused.update(refusal.reason for refusal, _ in rejected.events)
        around.figures.refused.update(rejected.late)

    def _committable(self, rows: Rows, untellable: Mapping[str, Exception]) -> Rows:
        """Return the rows that can be committed; suspend the platforms of which one cannot."""
        faults = {**untellable, **too_large(rows, self._journal.limit), **self._intake.ledger.take_faults()}
        if not faults:
            return rows
        platforms, topics = self._suspended.add(faults)
        self._leave(topics & self._slots.keys())
        self._intake.ledger.suspend(platforms)
        self.figures.uncommittable = len(self._suspended.platforms)
        return without(rows, platforms)

    def _leave(self, topics: Collection[str]) -> None:
        """Apply nothing more of these topics: they stay at the position that was last committed."""
        for topic in topics:
            self._dormant[topic] = left(self._committed, topic)
            del self._slots[topic]
            del self._moved[topic]
        self._inbox.drop(topics)
        self._intake.leave(topics)
        self._late -= frozenset(topics)

    def _reading(self) -> Reading:
        """Return how far the partition has come; what follows the last record of a log is no record, but a mark."""
        intake, heads = self._intake, self._around.source.heads
        positions = dict(intake.positions)
        for topic, slot in self._slots.items():
            head = heads.get(slot)
            if head is not None and head.reached and head.through <= positions[topic]:
                positions[topic] = max(positions[topic], head.end)
        return Reading(intake.time.now, positions, intake.read, intake.time.behind())

    def _position(self) -> Position:
        around, intake = self._around, self._intake
        return Position(
            intake.time.now,
            {**self._dormant, **self._reached()},
            around.registry_hash,
            self._lost,
            dict(around.own),
            self._commits,
        )

    def _reached(self) -> dict[str, Reached]:
        """Return how far the topics were read that are read."""
        ids, intake = self._around.topics, self._intake
        behind, read = intake.time.behind(), intake.read
        return {
            topic: Reached(offset, ids[topic], max(1, behind[topic]) if topic in behind else 0, read.get(topic, 0))
            for topic, offset in intake.positions.items()
        }

    def _status(self) -> PartitionStatus:
        around, now = self._around, self._intake.time.now
        at = around.wall() - self._offset.ahead
        return PartitionStatus(now, at, around.partitions, around.pack, around.registry_hash, self._lost, self._commits)

"""What the owners of partitions share: the transport as they see it, and everything that is made once per worker."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from streams.contract.settings.kafka_security import KafkaSecurity
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.journal import Journal
from streams.runtime.kafka.records import Head, RecordBatch, Slot
from streams.runtime.partition.fair_turns import Turns
from streams.runtime.partition.processor import Decoder, Ledger
from streams.runtime.stats import Figures
from streams.runtime.topic_checks.feedback_topics import Listeners
from streams.runtime.topic_checks.preflight import Names
from streams.runtime.topic_checks.source_faults import Fault


class Source(Protocol):
    """The transport as an owner sees it."""

    @property
    def heads(self) -> Mapping[Slot, Head]:
        """What is known of the logs' ends."""

    @property
    def lost(self) -> Mapping[Slot, None]:
        """The slots whose position the broker does not have."""

    async def serve(self, slot: Slot, offset: int) -> None:
        """Deliver `slot` from `offset` on."""

    async def leave(self, slot: Slot) -> None:
        """Deliver nothing of `slot` until it is served anew."""

    async def bounds(self, slot: Slot) -> tuple[int, int]:
        """Return where the log of `slot` starts and ends."""

    def current(self, batch: RecordBatch) -> bool:
        """Whether `batch` was fetched since the last `serve` of its slot."""

    def acknowledge(self, batch: RecordBatch) -> None:
        """Give back the room that `batch` took."""

    def committed(self, slot: Slot, offset: int) -> None:
        """Tell the group where `slot` stands."""

    def hold(self, slots: frozenset[Slot], number: int) -> None:
        """Of partition `number`, deliver all slots but `slots`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every owner of a worker shares.

    `topics` are the source topics with their ids ("": the broker tells none), `faults` what is wrong with those of them
    that cannot be read, `owners` the platforms that publish on each; `leaders` those with the filings for each with
    actions, `siblings` those that wait for each other, `names` those that are written, `own` the ids of those of
    them that must stay; `pack` names the rules in force; `wall` reads the wall clock in epoch milliseconds.
    `listeners` are the platforms that are told what became of their events, `unwritable` looks which topics fail for that.
    `exact_ends` is false where the broker tells wrong end offsets, `transactions` says that commits are made by them.
    `access` says who the worker is to the broker,
    `turns` whose backlog is next.
    """

    bootstrap: str
    names: Names
    own: Mapping[str, str]
    topics: Mapping[str, str]
    faults: Mapping[str, Fault]
    owners: Mapping[str, frozenset[str]]
    leaders: Mapping[str, frozenset[str]]
    siblings: Mapping[str, frozenset[str]]
    partitions: int
    registry_hash: str
    pack: str
    commit_interval_ms: int
    exact_ends: bool
    transactions: bool
    source: Source
    decoder: Decoder
    ledger: Callable[[int], Ledger]
    journal: Callable[[int], Journal]
    figures: Figures
    failpoints: Failpoints
    wall: Callable[[], int]
    listeners: Listeners
    unwritable: Callable[[], Awaitable[Collection[str]]]
    access: KafkaSecurity = field(default_factory=KafkaSecurity)
    turns: Turns = field(default_factory=Turns)

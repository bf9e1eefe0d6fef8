"""A worker with a small ledger of its own: it counts, so that a test can tell a lost or doubled record."""

import logging
import os
import sys
from collections.abc import Callable, Collection, Mapping

import msgspec

from streams.contract.events.decoder import Record, Refusal
from streams.contract.events.source_records import UnreadableBatch
from streams.contract.registry.registry import Platform, Registry
from streams.domain.duration_bins import MINUTE
from streams.domain.events import Event, Filing
from streams.domain.ledger.report_store import Reports
from streams.domain.ledger.report_updates import ReportUpdate
from streams.domain.vocabulary import RefusalReason
from streams.runtime.faust_app import ConsumerTuning
from streams.runtime.partition.context import WorkerDependencies
from streams.runtime.settings import load_settings
from streams.runtime.topic_checks.preflight import OutputTopics
from streams.runtime.worker import main

FAST_SETTINGS = ConsumerTuning(session_seconds=2.0, rebalance_seconds=3.0)
PLATFORM = "harbor"
COUNTERS_KEY = b"n|harbor"


class CountingLedger:
    """Counts records and adds up their numbers; per key it keeps how often it came."""

    def __init__(self) -> None:
        self.next_due = 1 << 62
        self.totals = {"records": 0, "sum": 0, "refused": 0}
        self.rows: dict[bytes, int] = {}
        self.advanced: list[int] = []
        self._changed: dict[bytes, None] = {}

    def apply(self, event: Event) -> RefusalReason | None:
        """Count a fact; the number 13 is our bug."""
        assert isinstance(event, Filing)
        if event.id == 13:
            raise RuntimeError("a bug, with content")
        key = event.key
        self.rows[key] = self.rows.get(key, 0) + 1
        self.totals["records"] += 1
        self.totals["sum"] += event.id
        self._changed[key] = None
        return None

    def advance(self, now: int, max_due: int) -> int:
        """Note the time."""
        del max_due
        self.advanced.append(now)
        return now

    def advance_limited(self, limits: Mapping[str, int], max_due: int) -> bool:
        """Do nothing: nothing is due."""
        del limits, max_due
        return True

    def count_refusal(self, platform: str, reason: RefusalReason) -> None:
        """Count a refusal."""
        del platform, reason
        self.totals["refused"] += 1

    def drain_late_refusals(self) -> list[tuple[RefusalReason, str]]:
        """Return nothing: no refusal comes late."""
        return []

    def drain_faults(self) -> dict[str, Exception]:
        """Return nothing: nothing fails."""
        return {}

    def suspend(self, platforms: Collection[str]) -> None:
        """Do nothing: no platform is ever suspended."""

    def drain_updates(self) -> list[ReportUpdate]:
        """Return nothing: totals are told, no single report."""
        return []

    def prepare_changes(self) -> None:
        """Do nothing: to change a row is all the work there is."""

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return changed rows and, with them, the totals."""
        changes: dict[bytes, bytes | None] = {b"r|" + key: b"%d" % self.rows[key] for key in self._changed}
        self._changed = {}
        changes[COUNTERS_KEY] = msgspec.msgpack.encode(self.totals)
        return changes

    def restore(self, reports: Reports, others: Mapping[bytes, bytes]) -> None:
        """Take back what was stored."""
        self.rows = {key: int(row) for key, row in reports.items() if isinstance(row, bytes)}
        if COUNTERS_KEY in others:
            self.totals = msgspec.msgpack.decode(others[COUNTERS_KEY], type=dict[str, int])

    def start(self, now: int = 0) -> None:
        """Nothing is derived from rows."""


class NumberDecoder:
    """Reads values that are a decimal number."""

    def decode(self, record: Record, wall: int | None = None) -> Event | Refusal:
        """Return a filing whose id is the number."""
        value = record.value or b""
        if isinstance(record, UnreadableBatch):
            return Refusal(RefusalReason.UNDECODABLE, "", PLATFORM)
        if not value.isdigit():
            return Refusal(RefusalReason.NOT_JSON, "", PLATFORM)
        if wall is not None and record.timestamp > wall + 2 * MINUTE:
            return Refusal(RefusalReason.FUTURE_TIME, "recordedtime", PLATFORM)
        assert record.key is not None
        return Filing(record.key, PLATFORM, record.timestamp, record.timestamp, int(value), 0, "")


def output_topics(prefix: str) -> OutputTopics:
    """Return the topics that the worker of a test writes."""
    return OutputTopics(*[f"{prefix}-{word}" for word in ("changelog", "measures", "refused", "notices")])


def counting_registry(prefix: str, partitions: int) -> Registry:
    """Return a registry of one platform with its own pair of topics."""
    platform = Platform(id=PLATFORM, provider="", report_filed=f"{prefix}-filed", action_taken=f"{prefix}-taken")
    return Registry({PLATFORM: platform}, partitions=partitions)


def counting_dependencies(
    prefix: str, partitions: int, ledger: Callable[[int], CountingLedger] = lambda _: CountingLedger()
) -> WorkerDependencies:
    """Return what a counting worker works with."""
    return WorkerDependencies(
        registry=counting_registry(prefix, partitions),
        decoder=NumberDecoder(),
        make_ledger=ledger,
        output_topics=output_topics(prefix),
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    prefix, partitions = os.environ["COUNTING_PREFIX"], int(os.environ["COUNTING_PARTITIONS"])
    main(load_settings(os.environ), counting_dependencies(prefix, partitions), FAST_SETTINGS)

"""The ledger of one partition: apply events and advance time, without reading a clock, input or output.

`apply` adds one event and `advance` moves time. docs/definitions.md defines every rule. Closed reports are retained
for months, so their rows stay packed as they are stored; up to 4,096 open reports are cached unpacked. The codec that
packs rows is injected.
"""

from collections.abc import Callable, Collection, Mapping

from streams.domain.clocks.clock_history import LoadedClock, load_pack
from streams.domain.clocks.selection import ClockSelector
from streams.domain.cohorts.cohort import parse_key
from streams.domain.duration_bins import FOREVER_MS
from streams.domain.events import Event, Heartbeat
from streams.domain.ledger import counters
from streams.domain.ledger.aggregates import Aggregates
from streams.domain.ledger.config import LedgerConfig, RowCodec
from streams.domain.ledger.fast_path.settling import Settling
from streams.domain.ledger.general_path import GeneralPath
from streams.domain.ledger.platform_state import PlatformState, watermark
from streams.domain.ledger.report_store import Reports, ReportStore
from streams.domain.ledger.report_updates import ReportUpdate, UpdateCollector
from streams.domain.ledger.scheduler import DueReportScheduler
from streams.domain.reports.evaluation import Evaluator
from streams.domain.vocabulary import RefusalReason


class Ledger:
    """The reports, cohorts, counters and deadlines of one partition.

    `is_on_partition`: whether a key belongs to this partition. It is called for the first event of every report; an
    event of another partition is refused. `with_fast_path=False` sends every event through the general path, which is
    slower and gives equal results.
    """

    def __init__(
        self,
        config: LedgerConfig,
        codec: RowCodec,
        is_on_partition: Callable[[bytes], bool] = lambda _: True,
        *,
        with_fast_path: bool = True,
    ) -> None:
        self._config = config
        self._codec = codec
        self._with_fast_path = with_fast_path
        self._platforms: dict[str, PlatformState] = {}
        self._updates = UpdateCollector(is_wanted=config.with_updates)
        self._aggregates = Aggregates(self._updates)
        self._clocks = ClockSelector(config.clocks)
        self._clock_history: dict[str, LoadedClock] = {}
        self._changed_clocks: dict[bytes, bytes] = {}
        evaluator = Evaluator(self._clocks)
        self._fast_path = Settling(self._clocks, self._aggregates, is_on_partition, quick=with_fast_path)
        self._faults: dict[str, Exception] = {}
        self._suspended: set[str] = set()
        self._store = ReportStore(codec, self._fast_path.read, self._faults)
        self._scheduler = DueReportScheduler(
            config, self._store, self._fast_path, evaluator, self._aggregates, self._faults
        )
        self._buffer = self._scheduler.buffer
        self._general_path = GeneralPath(
            self._store, evaluator, self._aggregates, self._scheduler, is_on_partition, config.max_orphans
        )
        self._now = 0
        self._decision_limits: Mapping[str, int] = {}

    @property
    def now(self) -> int:
        """The instant to which the ledger has been advanced."""
        return self._now

    @property
    def next_due(self) -> int:
        """The earliest instant at which `advance` may have something to do."""
        return self._scheduler.next_due

    @property
    def reports(self) -> int:
        """How many reports are retained, orphans included."""
        return len(self._store)

    def apply(self, event: Event) -> RefusalReason | None:
        """Apply one event; return why it is refused, or None if it is counted, if only as a duplicate."""
        platform = self._platforms.get(event.platform) or self._create_platform(event.platform)
        platform.has_changed = True
        if platform.now != self._now:
            self._scheduler.advance_platform(platform, self._now)
        if event.logged_at > platform.last_logged_at:  # noqa: PLR1730 - half the time of max, for every event
            platform.last_logged_at = event.logged_at
        if type(event) is Heartbeat:
            self._apply_heartbeat(platform, event)
            return None
        if self._with_fast_path and self._buffer.take(platform, event):
            return None
        reason = self._general_path.apply(platform, event)
        if self._store.is_full:
            self.prepare_changes()
        return reason

    def count_refusal(self, name: str, reason: RefusalReason) -> None:
        """Count a refusal that the caller decided, for example because the event could not be decoded."""
        platform = self._platforms.get(name) or self._create_platform(name)
        platform.has_changed = True
        platform.count(counters.refused(reason))

    def advance(self, now: int, max_due: int = FOREVER_MS) -> int:
        """Move time to `now`: decide deadlines, evict ended reports, and refuse orphans whose retention has passed.

        Time never goes back. `max_due`: how many due reports to process between two calls of `drain_changes`; the
        reports of one minute may exceed this number. Returns how far time has moved.
        """
        self._now = self._scheduler.advance(self._platforms.values(), self._now, max(self._now, now), max_due)
        return self._now

    def advance_limited(self, limits: Mapping[str, int], max_due: int = FOREVER_MS) -> bool:
        """Decide the platforms in `limits` up to their instants and no further, and all other platforms up to now.

        The topics of a platform in `limits` have been read only up to its instant, and an unread event may be within
        its limit. `max_due`: as for `advance`. Returns whether all these platforms have reached their instants.
        """
        self._decision_limits = dict(limits)
        reached = True
        for platform in self._platforms.values():
            if platform.name in limits:
                reached = (
                    self._scheduler.advance_limited(platform, limits[platform.name], self._now, max_due) and reached
                )
            elif platform.decision_limit < FOREVER_MS:
                self._scheduler.remove_limit(platform)
        return reached

    def _create_platform(self, name: str) -> PlatformState:
        platform_config = self._config.platforms.get(name, self._config.default_platform)
        platform = self._platforms[name] = PlatformState(name, platform_config)
        platform.decision_limit = self._decision_limits.get(name, FOREVER_MS)
        return platform

    def _apply_heartbeat(self, platform: PlatformState, heartbeat: Heartbeat) -> None:
        former_watermark = platform.declared_watermark
        platform.apply_heartbeat(heartbeat)
        if platform.declared_watermark > former_watermark:
            self._scheduler.advance_platform(platform, self._now)
            platform.schedule_next_check()
            self._scheduler.next_due = min(self._scheduler.next_due, platform.next_check)

    def watermark(self, name: str) -> int:
        """Return a platform's watermark in epoch milliseconds, 0 for an unknown platform."""
        platform = self._platforms.get(name)
        return (
            0
            if platform is None
            else watermark(platform.declared_watermark, platform.last_logged_at, platform.config.cadence)
        )

    def drain_late_refusals(self) -> list[tuple[RefusalReason, str]]:
        """Return and clear the refusals of events that had been accepted before, with their platforms."""
        refusals = [
            (reason, platform.name) for platform in self._platforms.values() for reason in platform.late_refusals
        ]
        for platform in self._platforms.values():
            platform.late_refusals.clear()
        return refusals

    def drain_updates(self) -> list[ReportUpdate]:
        """Return and clear the report updates about flushed events; after `drain_changes`, these are all events."""
        return self._updates.drain()

    def prepare_changes(self) -> None:
        """Flush and pack what has changed so far, so that `drain_changes` has less to do."""
        self._flush()
        self._store.pack_changes()

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return the stored rows that changed since the last call, None for a row that was removed.

        Keys: `r|<key>` reports, `c|<platform>|<day>|<labels>` cohorts, `c|<platform>|<day>/<bits>|<labels>` parts
        of large cohorts, `n|<platform>` counters, `k|<id>@<version>` clocks.
        """
        self._flush()
        changes = self._store.drain_changes()
        changes.update(self._changed_clocks)
        self._changed_clocks.clear()
        for name in self._aggregates.drain_changed_cohorts():
            try:
                for row_name, row in self._aggregates.changed_rows(name):
                    changes[b"c|" + row_name.encode()] = None if row is None else self._codec.pack(row)
            except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
                self._faults.setdefault(name.partition("|")[0], fault)
        for platform in self._platforms.values():
            if platform.has_changed and platform.name not in self._suspended:
                try:
                    changes[b"n|" + platform.name.encode()] = self._codec.pack(platform.counters())
                except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
                    self._faults.setdefault(platform.name, fault)
                platform.has_changed = False
        self._scheduler.processed = 0
        return changes

    def drain_faults(self) -> dict[str, Exception]:
        """Return and clear the platforms whose processing failed by a fault of Safeclock, with their first exceptions.

        The state of such a platform is not correct any more: suspend the platform before its rows are stored.
        """
        faults = dict(self._faults)
        self._faults.clear()
        return faults

    def suspend(self, platforms: Collection[str]) -> None:
        """Leave out platforms: from now on their deadlines are not decided and their rows do not change."""
        self._suspended.update(platforms)
        for platform in platforms:
            self._platforms.pop(platform, None)

    def restore(self, reports: Reports, others: Mapping[bytes, bytes]) -> None:
        """Restore stored rows: `reports` by their keys without `r|` (not copied), `others` by their whole keys."""
        self._store.replace_all(reports)
        for key, value in others.items():
            kind, name = key[:2], key[2:].decode()
            if kind == b"k|":
                self._clock_history[name] = self._codec.unpack_clock(value)
                continue
            try:
                if kind == b"c|":
                    self._aggregates.load_row(name, self._codec.unpack_cohort(value))
                elif kind == b"n|":
                    self._create_platform(name).restore(self._codec.unpack_counters(value))
            except Exception as fault:  # noqa: BLE001 - a fault of one platform must not stop the others
                self._faults.setdefault(name.partition("|")[0], fault)

    def start(self, now: int = 0) -> None:
        """Load the configured clocks into the clock history, and schedule the restored reports.

        `now` is the instant that the partition had reached. Raises ClockError for a pack that contradicts the stored
        clock history.
        """
        self._load_clocks(now)
        for platform in self._platforms.values():
            platform.has_changed = False
        for name, cohort in self._aggregates.cohorts.items():
            key = parse_key(name)
            self._platforms[key.platform].cohorts.setdefault(key.day, {})[key.encoded_labels] = name, cohort
        self._scheduler.reschedule_restored(self._platforms)

    def _load_clocks(self, now: int) -> None:
        logged_at = max([now, *[platform.last_logged_at for platform in self._platforms.values()]])
        history = load_pack(self._config.clocks, self._clock_history.values(), logged_at)
        for key, loaded in history.items():
            if self._clock_history.get(key) != loaded:
                self._changed_clocks[b"k|" + key.encode()] = self._codec.pack(loaded)
        self._clock_history = history
        self._clocks.load([loaded.effective for loaded in history.values()])

    def _flush(self) -> None:
        """Flush all buffered events into cohorts and counters."""
        for platform in self._platforms.values():
            self._scheduler.advance_platform(platform, self._now)
            if platform.buffered:
                self._buffer.flush_platform(platform)

    def stored_cohorts(self) -> Mapping[str, Mapping[bytes, int]]:
        """Return the stored cohorts by name; they are not copied and change with the next event."""
        self._flush()
        return self._aggregates.cohorts

    def counters(self) -> dict[str, dict[str, int]]:
        """Return a copy of every platform's counters, by the names that the module `counters` gives."""
        self._flush()
        return {name: platform.counters() for name, platform in self._platforms.items()}

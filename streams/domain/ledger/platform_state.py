"""The state of one platform in a ledger: settings, counters, deadlines, cohorts and watermark."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from streams.domain.cohorts.cohort import NamedCohort
from streams.domain.duration_bins import DAY, FOREVER_MS
from streams.domain.events import Filing, Heartbeat
from streams.domain.ledger import counters
from streams.domain.ledger.config import PlatformConfig
from streams.domain.ledger.counters import CounterUpdates
from streams.domain.ledger.due_reports import DueReportQueue
from streams.domain.vocabulary import RefusalReason

TOPIC_ROLES: Final = ("report-filed", "action-taken")
"""The roles of the topics whose heartbeats count."""
_WATERMARK_NAMES: Final = {topic: counters.declared_watermark(topic) for topic in TOPIC_ROLES}
_SEQUENCE_NAMES: Final = {topic: counters.sequence(topic) for topic in TOPIC_ROLES}


def watermark(declared_watermark: int, last_logged_at: int, cadence: int) -> int:
    """Return the declared watermark, or two cadences before the last logged-at, whichever is later (epoch ms).

    The declared watermark alone is not enough: if a platform stops its heartbeats and continues to publish, figures
    would leave out the open reports that were filed since.
    """
    return max(declared_watermark, last_logged_at - 2 * cadence)


class PlatformState:
    """The state of one platform in one partition; instants are in epoch milliseconds, 0 where nothing is known.

    `decided_through`: deadlines are decided up to here, as of the ledger's time `now`. `last_logged_at`: the latest
    logged-at of the platform's events. `declared_watermark`: both topics are declared complete up to here.
    `decision_limit`: nothing is decided beyond this instant, since the platform's topics have been read only so far;
    FOREVER_MS without a limit. `next_check`: before this instant no report is due. `pending_counts` and
    `pending_durations`: updates of equal actions, added to the counters when these are read. `cohorts`: by day and
    labels. `retained_reports`: when there are `capacity` of them, no further report may start. `buffered`: reports with
    entries that are not flushed yet; `buffered_due`: the earliest instant at which one of them is due. `has_changed`:
    whether the counters differ from the stored ones. `late_refusals`: reasons of refusals of events that had been
    accepted.
    """

    __slots__ = (
        *("allowance_s", "buffered", "buffered_due", "capacity", "cohorts", "config", "counts"),
        *("decided_through", "decision_limit", "declared_watermark", "has_changed", "last_logged_at"),
        *("late_refusals", "name", "next_check", "now", "pending_counts", "pending_durations", "queue"),
        *("retained_reports",),
    )

    def __init__(self, name: str, config: PlatformConfig) -> None:
        self.name = name
        self.config = config
        self.queue = DueReportQueue()
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.pending_counts: defaultdict[CounterUpdates, int] = defaultdict(int)
        self.pending_durations: defaultdict[CounterUpdates, int] = defaultdict(int)
        self.capacity = config.capacity
        self.allowance_s = config.allowance_s
        self.decided_through = self.last_logged_at = self.now = self.retained_reports = self.declared_watermark = 0
        self.cohorts: dict[int, dict[str, NamedCohort]] = {}
        self.buffered: dict[bytes, Any] = {}
        self.buffered_due = self.next_check = self.decision_limit = FOREVER_MS
        self.has_changed = True
        self.late_refusals: list[RefusalReason] = []

    def has_room_for_labels(self, filing: Filing) -> bool:
        """Return whether the cohort of a filing exists or may be created."""
        of_day = self.cohorts.get(filing.at // DAY)
        return not of_day or filing.encoded_labels in of_day or len(of_day) < self.config.max_cohorts_per_day

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self.counts[name] += by

    def count_late_refusals(self, reason: RefusalReason, times: int) -> None:
        """Count refusals of events that had been accepted."""
        for _ in range(times):
            self.count(counters.refused(reason))
            self.late_refusals.append(reason)

    def record_removed(self, filed_at: int) -> None:
        """Record that a report filed at `filed_at` has lost its row: docs/definitions.md §8, Once."""
        counts = self.counts
        counts[counters.REMOVED_FILED_FROM] = min(counts.get(counters.REMOVED_FILED_FROM, filed_at), filed_at)
        counts[counters.REMOVED_FILED_THROUGH] = max(counts.get(counters.REMOVED_FILED_THROUGH, filed_at), filed_at)

    def may_have_removed(self, filed_at: int) -> bool:
        """Return whether a report filed at `filed_at` may have been counted and removed since."""
        counts = self.counts
        return (
            counts.get(counters.REMOVED_FILED_FROM, FOREVER_MS)
            <= filed_at
            <= counts.get(counters.REMOVED_FILED_THROUGH, 0)
        )

    def counters(self) -> dict[str, int]:
        """Return everything that is stored of the platform, by the names that the module `counters` gives."""
        self._add_pending()
        instants_and_gauges = {
            counters.DECIDED_THROUGH: self.decided_through,
            counters.LAST_LOGGED_AT: self.last_logged_at,
            counters.RETAINED: self.retained_reports,
        }
        return {**self.counts, **{name: number for name, number in instants_and_gauges.items() if number}}

    def restore(self, stored: Mapping[str, int]) -> None:
        """Restore what `counters` returned."""
        self.counts.update(stored)
        self.decided_through = self.counts.pop(counters.DECIDED_THROUGH, 0)
        self.last_logged_at = self.counts.pop(counters.LAST_LOGGED_AT, 0)
        self.retained_reports = self.counts.pop(counters.RETAINED, 0)
        self._update_watermark()

    def apply_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Count a heartbeat and the gaps in its numbers, and raise the declared watermark."""
        self.count(counters.HEARTBEATS)
        for topic in (heartbeat.topic_role,) if heartbeat.topic_role else TOPIC_ROLES:
            self._raise_to(_WATERMARK_NAMES[topic], heartbeat.complete_through)
            last = self.counts.get(_SEQUENCE_NAMES[topic], heartbeat.sequence - 1)
            if heartbeat.sequence > last + 1:
                self.count(counters.SEQUENCE_GAPS, heartbeat.sequence - last - 1)
            self._raise_to(_SEQUENCE_NAMES[topic], heartbeat.sequence)
        self._update_watermark()

    def reachable_through(self, now: int) -> int:
        """Return the decided-through that `now` allows: docs/definitions.md §6."""
        return max(self.decided_through, min(now, max(self.declared_watermark, now - 2 * self.config.cadence)))

    def schedule_next_check(self) -> None:
        """Set `next_check` to when something can be decided next, FOREVER_MS beyond the decision limit."""
        next_decision = self.next_decision()
        self.next_check = next_decision if next_decision <= self.decision_limit else FOREVER_MS

    def next_decision(self) -> int:
        """Return the instant at which something can be decided next, without regard to the decision limit.

        A report that was due before the decided-through is processed when the decided-through moves.
        """
        due_at = max(min(self.queue.next_due, self.buffered_due), self.decided_through)
        return due_at if self.declared_watermark >= due_at else due_at + 2 * self.config.cadence

    def _add_pending(self) -> None:
        for updates, times in self.pending_counts.items():
            for name in updates.once:
                self.counts[name] += times
            for name in updates.sums.values():
                self.counts[name] += self.pending_durations[updates]
        self.pending_counts.clear()
        self.pending_durations.clear()

    def _raise_to(self, name: str, value: int) -> None:
        """Move a stored instant or number forward; a smaller value changes nothing."""
        if value > self.counts.get(name, -1):
            self.counts[name] = value

    def _update_watermark(self) -> None:
        self.declared_watermark = min([self.counts.get(name, 0) for name in _WATERMARK_NAMES.values()])

"""Records which events are pending or failed, and which watermark a heartbeat may declare.

The outbox is pure state; `Delivery` calls it under its own lock.
"""

from dataclasses import dataclass, field
from typing import Final

HEARTBEAT_ID: Final = ""


@dataclass(slots=True)
class Outbox:
    """The events of one publisher that are not acknowledged; instants in epoch milliseconds.

    The promise of a heartbeat stays before a failed event until an event with the same id is acknowledged. Heartbeats
    are entries, too, but have no instant: they neither limit a promise nor count as events.
    """

    capacity: int
    acknowledged: int = 0
    promised_through: int | None = None
    _last_entry_id: int = 0
    _pending: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)
    _unreported: dict[str, str] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether another event has to wait."""
        return len(self._pending) >= self.capacity

    @property
    def last_entry_id(self) -> int:
        """The id of the entry that was added last."""
        return self._last_entry_id

    def is_done(self, entry_id: int) -> bool:
        """Return whether every entry up to `entry_id` was acknowledged or has failed."""
        return next(iter(self._pending), entry_id + 1) > entry_id

    def add(self, event_id: str, occurred_at: int | None) -> int:
        """Add an event that is about to be sent (without an instant: a heartbeat), and return its entry id."""
        self._last_entry_id += 1
        self._pending[self._last_entry_id] = (event_id, occurred_at)
        return self._last_entry_id

    def remove(self, entry_id: int) -> None:
        """Remove an entry whose sending raised an error, which the caller receives."""
        self._pending.pop(entry_id, None)

    def acknowledge(self, entry_id: int) -> None:
        """Record that the broker has acknowledged an entry; an entry that has failed does not change."""
        if entry_id not in self._pending:
            return
        event_id, occurred_at = self._pending.pop(entry_id)
        self.acknowledged += occurred_at is not None
        self._failed.pop(event_id, None)
        self._unreported.pop(event_id, None)

    def fail(self, entry_id: int, cause: str) -> None:
        """Record that an entry has failed; `cause` must not contain any of the event's content."""
        if entry_id not in self._pending:
            return
        event_id, occurred_at = self._pending.pop(entry_id)
        if occurred_at is None:
            self._unreported[HEARTBEAT_ID] = f"a heartbeat: {cause}"
            return
        self._failed[event_id] = min(occurred_at, self._failed.get(event_id, occurred_at))
        self._unreported[event_id] = cause

    def fail_all(self, cause: str) -> None:
        """Record that all pending entries have failed."""
        for entry_id in tuple(self._pending):
            self.fail(entry_id, cause)

    def oldest_pending(self) -> int | None:
        """Return the earliest instant of an event that is not acknowledged; None if all are acknowledged."""
        pending = (at for _, at in self._pending.values() if at is not None)
        return min((*pending, *self._failed.values()), default=None)

    def reserve_promise(self, complete_through: int, *, is_exact: bool = False) -> int | None:
        """Return the watermark that a heartbeat may declare now: at most `complete_through`, exactly it if `is_exact`.

        Returns None if no heartbeat may be sent, or if an earlier heartbeat declared more.
        """
        oldest = self.oldest_pending()
        watermark = complete_through if oldest is None else min(complete_through, oldest - 1)
        if is_exact and watermark < complete_through:
            return None
        if self.promised_through is not None and watermark < self.promised_through:
            return None
        self.promised_through = watermark
        return watermark

    def withdraw_promise_after(self, latest: int) -> None:
        """Drop a promise after the instant `latest`: a wrong clock caused it, and workers have refused it."""
        if self.promised_through is not None and self.promised_through > latest:
            self.promised_through = None

    def pending_ids(self) -> tuple[str, ...]:
        """Return the ids of pending events, oldest first."""
        return tuple(event_id for event_id, at in self._pending.values() if at is not None)

    def drain_failures(self) -> dict[str, str]:
        """Return the causes of failures that were not raised yet, by event id, and mark them as raised.

        Heartbeats have the id `HEARTBEAT_ID`. They need not be sent again, since the next heartbeat replaces them.
        """
        failures, self._unreported = self._unreported, {}
        return failures

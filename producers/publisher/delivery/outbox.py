"""What is on its way to the broker, what failed, and how far a heartbeat may promise.

A pure record of what happened: the publisher calls it under its own lock.
"""

from dataclasses import dataclass, field
from typing import Final

HEARTBEAT_ID: Final = ""


@dataclass(slots=True)
class Outbox:
    """The events of one publisher that are not yet acknowledged; instants in epoch milliseconds.

    An event that failed holds the promise back until an event with the same id is acknowledged. A heartbeat is on
    its way like an event, but holds nothing back and is not counted: it has no instant of its own.
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
        """The last ticket that was given out."""
        return self._last_entry_id

    def is_done(self, entry_id: int) -> bool:
        """Return whether the fate of every event up to `ticket` is known."""
        return next(iter(self._pending), entry_id + 1) > entry_id

    def add(self, event_id: str, occurred_at: int | None) -> int:
        """Record that an event (or, with no instant, a heartbeat) is about to be sent; return its ticket."""
        self._last_entry_id += 1
        self._pending[self._last_entry_id] = (event_id, occurred_at)
        return self._last_entry_id

    def remove(self, entry_id: int) -> None:
        """Forget an event whose sending raised: its caller knows."""
        self._pending.pop(entry_id, None)

    def acknowledge(self, entry_id: int) -> None:
        """Record that the broker has confirmed the event of `ticket`; nothing for one that was given up."""
        if entry_id not in self._pending:
            return
        event_id, at = self._pending.pop(entry_id)
        self.acknowledged += at is not None
        self._failed.pop(event_id, None)
        self._unreported.pop(event_id, None)

    def fail(self, entry_id: int, cause: str) -> None:
        """Record, once, that the event of `ticket` was given up; `cause` must not hold any of its content."""
        if entry_id not in self._pending:
            return
        event_id, at = self._pending.pop(entry_id)
        if at is None:
            self._unreported[HEARTBEAT_ID] = f"a heartbeat: {cause}"
            return
        self._failed[event_id] = min(at, self._failed.get(event_id, at))
        self._unreported[event_id] = cause

    def fail_all(self, cause: str) -> None:
        """Record that everything that is still on its way was given up."""
        for ticket in tuple(self._pending):
            self.fail(ticket, cause)

    def oldest_pending(self) -> int | None:
        """Return the earliest instant of an event that is not acknowledged, or None when all are."""
        waiting = (at for _, at in self._pending.values() if at is not None)
        return min((*waiting, *self._failed.values()), default=None)

    def reserve_promise(self, complete_through: int, *, is_exact: bool = False) -> int | None:
        """Return how far a heartbeat may go now, at most `complete_through`, and no less if it must be the `whole`.

        None when it may not, or when an earlier one went further.
        """
        floor = self.oldest_pending()
        reach = complete_through if floor is None else min(complete_through, floor - 1)
        if is_exact and reach < complete_through:
            return None
        if self.promised_through is not None and reach < self.promised_through:
            return None
        self.promised_through = reach
        return reach

    def withdraw_promise_after(self, latest: int) -> None:
        """Forget a promise beyond `latest`: a clock that was wrong made it, and workers have refused it."""
        if self.promised_through is not None and self.promised_through > latest:
            self.promised_through = None

    def pending_ids(self) -> tuple[str, ...]:
        """Return the ids of events that are on their way, oldest first."""
        return tuple(event_id for event_id, at in self._pending.values() if at is not None)

    def drain_failures(self) -> dict[str, str]:
        """Return the causes of failures that no caller has been told of, and count them as told.

        By event id, and under HEARTBEAT for heartbeats, which nobody is to send again: the next one says more.
        """
        failures, self._unreported = self._unreported, {}
        return failures

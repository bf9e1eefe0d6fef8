"""What is on its way to the broker, what failed, and how far a heartbeat may promise.

A pure record of what happened: the publisher calls it under its own lock.
"""

from dataclasses import dataclass, field
from typing import Final

HEARTBEAT: Final = ""


@dataclass(slots=True)
class Outbox:
    """The events of one publisher that are not yet acknowledged; instants in epoch milliseconds.

    An event that failed holds the promise back until an event with the same id is acknowledged. A heartbeat is on
    its way like an event, but holds nothing back and is not counted: it has no instant of its own.
    """

    capacity: int
    acknowledged: int = 0
    promised: int | None = None
    _tickets: int = 0
    _pending: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)
    _untold: dict[str, str] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether another event has to wait."""
        return len(self._pending) >= self.capacity

    @property
    def latest(self) -> int:
        """The last ticket that was given out."""
        return self._tickets

    def settled(self, ticket: int) -> bool:
        """Return whether the fate of every event up to `ticket` is known."""
        return next(iter(self._pending), ticket + 1) > ticket

    def hand_in(self, event_id: str, at: int | None) -> int:
        """Record that an event (or, with no instant, a heartbeat) is about to be sent; return its ticket."""
        self._tickets += 1
        self._pending[self._tickets] = (event_id, at)
        return self._tickets

    def withdraw(self, ticket: int) -> None:
        """Forget an event whose sending raised: its caller knows."""
        self._pending.pop(ticket, None)

    def acknowledge(self, ticket: int) -> None:
        """Record that the broker has confirmed the event of `ticket`; nothing for one that was given up."""
        if ticket not in self._pending:
            return
        event_id, at = self._pending.pop(ticket)
        self.acknowledged += at is not None
        self._failed.pop(event_id, None)
        self._untold.pop(event_id, None)

    def fail(self, ticket: int, cause: str) -> None:
        """Record, once, that the event of `ticket` was given up; `cause` must not hold any of its content."""
        if ticket not in self._pending:
            return
        event_id, at = self._pending.pop(ticket)
        if at is None:
            self._untold[HEARTBEAT] = f"a heartbeat: {cause}"
            return
        self._failed[event_id] = min(at, self._failed.get(event_id, at))
        self._untold[event_id] = cause

    def give_up(self, cause: str) -> None:
        """Record that everything that is still on its way was given up."""
        for ticket in tuple(self._pending):
            self.fail(ticket, cause)

    def floor(self) -> int | None:
        """Return the earliest instant of an event that is not acknowledged, or None when all are."""
        waiting = (at for _, at in self._pending.values() if at is not None)
        return min((*waiting, *self._failed.values()), default=None)

    def promise(self, complete_through: int, *, whole: bool = False) -> int | None:
        """Return how far a heartbeat may go now, at most `complete_through`, and no less if it must be the `whole`.

        None when it may not, or when an earlier one went further.
        """
        floor = self.floor()
        reach = complete_through if floor is None else min(complete_through, floor - 1)
        if whole and reach < complete_through:
            return None
        if self.promised is not None and reach < self.promised:
            return None
        self.promised = reach
        return reach

    def forget(self, latest: int) -> None:
        """Forget a promise beyond `latest`: a clock that was wrong made it, and workers have refused it."""
        if self.promised is not None and self.promised > latest:
            self.promised = None

    def waiting(self) -> tuple[str, ...]:
        """Return the ids of events that are on their way, oldest first."""
        return tuple(event_id for event_id, at in self._pending.values() if at is not None)

    def take_failures(self) -> dict[str, str]:
        """Return the causes of failures that no caller has been told of, and count them as told.

        By event id, and under HEARTBEAT for heartbeats, which nobody is to send again: the next one says more.
        """
        failures, self._untold = self._untold, {}
        return failures

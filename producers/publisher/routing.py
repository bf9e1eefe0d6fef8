"""Where an event goes: topic, key and, in history, the log time; and whether the workers would take it there."""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.keys import event_digest, record_key
from streams.contract.events.schema.envelope import (
    SOURCE_PREFIX,
    ActionTakenEvent,
    ReportAmendedEvent,
    ReportFiledEvent,
)
from streams.contract.registry.registry import Registry, Role
from streams.contract.timestamps import parse_timestamp
from streams.domain.events import Action, Heartbeat, ReportEvent, Retraction


class OutgoingEvent(NamedTuple):
    """An event on its way out, shaped as the record that a worker will read.

    `timestamp` is its log time and `at` when it happened, both in epoch milliseconds; `retracts` is the digest of the
    id that a retraction takes back.
    """

    topic: str
    key: bytes
    value: bytes
    timestamp: int
    occurred_at: int
    retracts: int | None = None
    partition: int = 0
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class _Envelope(Struct, gc=False):
    """As much of an event as decides where it goes; the rest is skipped, not checked."""

    type: str
    id: str
    source: str
    time: str
    subject: str = ""
    recordedtime: str = ""


_ROLE_BY_TYPE: Final = {
    ReportFiledEvent.__struct_config__.tag: Role.REPORT_FILED,
    ReportAmendedEvent.__struct_config__.tag: Role.REPORT_FILED,
    ActionTakenEvent.__struct_config__.tag: Role.ACTION_TAKEN,
}
_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode


class Router:
    """Decides where events go under one registry.

    A retraction travels where the retracted event did: an id among `retracted` (digests) that was seen on an action
    makes its retraction travel with the actions, any other one travels with the filings.
    """

    def __init__(self, registry: Registry, retracted: AbstractSet[int] = frozenset()) -> None:
        self._registry = registry
        self._decoder = EventDecoder(registry)
        self._retracted = retracted
        self._retracted_actions: set[int] = set()
        self._topics: dict[tuple[str, Role], str] = {}

    def route_line(self, line: bytes, now: int, *, is_live: bool) -> OutgoingEvent | Heartbeat | Refusal:
        """Return where the event in `line` goes, a heartbeat as such, or why it is refused.

        A `live` event is told at `now`, epoch milliseconds, as it is where the broker stamps it; else it is told at its
        `recordedtime`, without one at its `time`.
        """
        event = self._decoder.decode_line(line, now, is_live=is_live)
        if isinstance(event, Refusal | Heartbeat):
            return event
        retracts = event.retracted_id if isinstance(event, Retraction) else None
        return OutgoingEvent(
            self.topic_for(event.platform, self._role_for(event)), event.key, line, event.logged_at, event.at, retracts
        )

    def route_valid_line(self, line: bytes, now: int, *, is_live: bool) -> OutgoingEvent | Heartbeat | Refusal:
        """Return where a line goes that is known to be good: ten times as fast as checking it again."""
        envelope = _decode_envelope(line)
        role = _ROLE_BY_TYPE.get(envelope.type)
        if role is None:
            return self.route_line(line, now, is_live=is_live)
        if self._retracted and role is Role.ACTION_TAKEN:
            self._record_retracted_action(event_digest(envelope.id))
        platform = envelope.source[len(SOURCE_PREFIX) :]
        logged_at = parse_timestamp(envelope.recordedtime or envelope.time)
        return OutgoingEvent(
            self.topic_for(platform, role), record_key(platform, envelope.subject), line, logged_at, logged_at
        )

    def find_refusal(self, event: OutgoingEvent) -> Refusal | None:
        """Return why a worker that reads `leaving` would refuse it, or None."""
        read = self._decoder.decode(event)
        return read if isinstance(read, Refusal) else None

    def topic_for(self, platform: str, role: Role) -> str:
        """Return the topic on which a platform of the registry publishes what `role` names."""
        found = self._topics.get((platform, role))
        if found is None:
            known = self._registry.platform(platform)
            if known is None:
                raise LookupError(f"expected a platform of the registry, got {platform!r}")
            found = self._topics[platform, role] = known.topic(role)
        return found

    def heartbeat_topics(self, heartbeat: Heartbeat) -> tuple[str, ...]:
        """Return the topics that a heartbeat goes to: that of its role, or both."""
        roles = (Role(heartbeat.topic_role),) if heartbeat.topic_role else tuple(Role)
        return tuple(self.topic_for(heartbeat.platform, role) for role in roles)

    def _role_for(self, event: ReportEvent) -> Role:
        if isinstance(event, Action):
            self._record_retracted_action(event.id)
            return Role.ACTION_TAKEN
        if isinstance(event, Retraction) and event.retracted_id in self._retracted_actions:
            return Role.ACTION_TAKEN
        return Role.REPORT_FILED

    def _record_retracted_action(self, event_digest: int) -> None:
        if event_digest in self._retracted:
            self._retracted_actions.add(event_digest)

"""Decides topic, key and log time of an event, and whether workers would refuse it."""

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
    """An event to send, in the form of the record that a worker will read.

    `timestamp` is its log time, `occurred_at` when it happened, both in epoch milliseconds. `retracts` is the digest of
    the id that a retraction names.
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
    """The fields of an event that decide its topic and key; other fields are skipped without a check."""

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
    """Routes events by one registry.

    A retraction goes to the topic of the event that it retracts. If an id in `retracted` (digests) was seen on an
    action, its retraction goes to the action topic; all other retractions go to the filing topic.
    """

    def __init__(self, registry: Registry, retracted: AbstractSet[int] = frozenset()) -> None:
        self._registry = registry
        self._decoder = EventDecoder(registry)
        self._retracted = retracted
        self._retracted_actions: set[int] = set()
        self._topics: dict[tuple[str, Role], str] = {}

    def route_line(self, line: bytes, now: int, *, is_live: bool) -> OutgoingEvent | Heartbeat | Refusal:
        """Return the routed event of `line`, its heartbeat, or its refusal.

        A live event (`is_live`) is logged at `now`, epoch milliseconds, as if the broker set the timestamp. Any other
        event is logged at its `recordedtime`, or at its `time` if it has no `recordedtime`.
        """
        event = self._decoder.decode_line(line, now, is_live=is_live)
        if isinstance(event, Refusal | Heartbeat):
            return event
        retracts = event.retracted_id if isinstance(event, Retraction) else None
        return OutgoingEvent(
            self.topic_for(event.platform, self._role_for(event)), event.key, line, event.logged_at, event.at, retracts
        )

    def route_valid_line(self, line: bytes, now: int, *, is_live: bool) -> OutgoingEvent | Heartbeat | Refusal:
        """Return the routed event of a line that is known to be valid; ten times as fast as `route_line`."""
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
        """Return the refusal with which a worker would refuse `event`, or None."""
        decoded = self._decoder.decode(event)
        return decoded if isinstance(decoded, Refusal) else None

    def topic_for(self, platform: str, role: Role) -> str:
        """Return the topic of a platform for a role; raises LookupError for an unknown platform."""
        topic = self._topics.get((platform, role))
        if topic is None:
            registered = self._registry.platform(platform)
            if registered is None:
                raise LookupError(f"platform: expected a platform of the registry, got {platform!r}")
            topic = self._topics[platform, role] = registered.topic(role)
        return topic

    def heartbeat_topics(self, heartbeat: Heartbeat) -> tuple[str, ...]:
        """Return the topics of a heartbeat: the topic of its role, or both topics."""
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

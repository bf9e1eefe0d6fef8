"""The library that a platform calls: it pseudonymises, checks and sends events, and raises every failure.

```
with Publisher(settings, registry, identity) as publisher:
    publisher.start_heartbeats(outbox_is_empty_up_to)
    publisher.report_filed(report_id=…, at=…, harm="grooming", …)
    publisher.action_taken(report_id=…, at=…, outcome="acknowledged")
```
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Final, NamedTuple, Self, Unpack
from uuid import uuid4

from producers.publisher.arguments import (
    OUTCOME_TYPES,
    AmendmentArguments,
    FilingArguments,
    OutcomeArguments,
    RetractionArguments,
)
from producers.publisher.delivery.delivery import Delivery, PendingEvent
from producers.publisher.delivery.heartbeat_thread import HeartbeatThread
from producers.publisher.errors import PromiseError, PublisherError, RefusedBeforeSendingError, SettingsError
from producers.publisher.identity import Identity
from producers.publisher.routing import OutgoingEvent, Router
from producers.publisher.settings import PublisherSettings
from streams.contract.events import keys
from streams.contract.events.schema import envelope, event_data
from streams.contract.events.source_records import EventLimits
from streams.contract.registry.registry import Registry, Role
from streams.contract.timestamps import format_timestamp
from streams.domain.vocabulary import RefusalReason
from streams.edge.clock import wall_clock_ms

Instant = int | datetime
"""An instant: epoch milliseconds, or a datetime with an offset."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MAX_INSTANT_MS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


class SentEvent(NamedTuple):
    """The id of a sent event and the token of its report; store both with the report."""

    event_id: str
    token: str


class Publisher:
    """One platform's publisher; thread-safe, so one publisher per process is enough.

    A method raises errors of its own event, and NotAcknowledgedError for earlier events that failed. It has then sent
    nothing; send the events that the error names again under their ids.
    """

    def __init__(
        self,
        settings: PublisherSettings,
        registry: Registry,
        identity: Identity,
        *,
        first_sequence: int = 1,
        now: Callable[[], int] = wall_clock_ms,
    ) -> None:
        """Connect; `first_sequence` is the `next_sequence` that an earlier process stored.

        Raises SettingsError for a platform that is not in the registry, BrokerError if broker or topics are missing.
        """
        platform = registry.platform(identity.platform)
        if platform is None:
            raise SettingsError([f"platform: expected a platform of the registry, got {identity.platform!r}"])
        self._settings = settings
        self._identity = identity
        self._platform = platform
        self._now = now
        self._router = Router(registry)
        self._delivery = Delivery(settings, tuple(platform.topic(role) for role in Role))
        self._heartbeat_lock = Lock()
        self._heartbeat_thread: HeartbeatThread | None = None
        self.next_sequence = first_sequence

    def report_filed(
        self, *, report_id: str, at: Instant, event_id: str | None = None, **arguments: Unpack[FilingArguments]
    ) -> SentEvent:
        """Publish that the platform's servers first received a report at `at`, before any validation or queue."""
        return self._publish(
            _event_data(event_data.ReportFiled, arguments), self._identity.token(report_id), at, event_id
        )

    def action_taken(
        self,
        *,
        report_id: str,
        at: Instant,
        outcome: str,
        event_id: str | None = None,
        key_id: str | None = None,
        **arguments: Unpack[OutcomeArguments],
    ) -> SentEvent:
        """Publish that an outcome took effect for users, or was recorded, at `at`.

        `key_id` names the secret under which the report was filed, if it is not the current secret.
        """
        if outcome not in OUTCOME_TYPES:
            raise RefusedBeforeSendingError(RefusalReason.BAD_VALUE, "outcome")
        return self._publish(
            _event_data(OUTCOME_TYPES[outcome], arguments),
            self._identity.token(report_id, key_id),
            at,
            event_id,
            Role.ACTION_TAKEN,
        )

    def report_amended(
        self,
        *,
        report_id: str,
        at: Instant,
        event_id: str | None = None,
        key_id: str | None = None,
        **arguments: Unpack[AmendmentArguments],
    ) -> SentEvent:
        """Publish that a report got other labels at `at`."""
        return self._publish(
            _event_data(event_data.ReportAmended, arguments), self._identity.token(report_id, key_id), at, event_id
        )

    def event_retracted(
        self,
        *,
        report_id: str,
        at: Instant,
        role: Role,
        event_id: str | None = None,
        key_id: str | None = None,
        **arguments: Unpack[RetractionArguments],
    ) -> SentEvent:
        """Publish that an earlier event of this report, sent to the topic of `role`, was retracted at `at`."""
        data = _event_data(event_data.EventRetracted, arguments)
        return self._publish(data, self._identity.token(report_id, key_id), at, event_id, role)

    def send_heartbeat(self, complete_through: int, *, timeout_ms: int | None = None) -> None:
        """Flush, then declare that all events up to `complete_through`, epoch milliseconds, are published.

        Raises NotAcknowledgedError like `flush`, PromiseError if events are not acknowledged or an earlier heartbeat
        declared more, and RefusedBeforeSendingError for an instant in the future; then no heartbeat was sent.
        """
        self.flush(timeout_ms=timeout_ms)
        if self._send_promise(complete_through, is_exact=True) is None:
            raise PromiseError(
                "complete_through: expected no pending event before it and no earlier heartbeat after it; no heartbeat was sent"
            )

    def send_heartbeat_now(self, complete_through: int) -> int | None:
        """Send a heartbeat that declares what is acknowledged, at most up to `complete_through`, without waiting.

        Returns the declared watermark; None if an earlier heartbeat declared more and nothing was sent. Raises
        RefusedBeforeSendingError for an instant in the future.
        """
        return self._send_promise(complete_through, is_exact=False)

    def start_heartbeats(self, complete_through: Callable[[], int], *, every_ms: int | None = None) -> None:
        """Send a heartbeat every `every_ms` (default: the platform's cadence) until the publisher is closed.

        `complete_through` returns the instant, in epoch milliseconds, up to which the platform has passed all events to
        this publisher: only the platform knows what is still in its own outbox. The next `flush` or `close` raises an
        error of this function; heartbeats continue after an error.
        """
        if self._heartbeat_thread is not None:
            raise PublisherError("heartbeats: expected one call of start_heartbeats, got a second one")
        self._heartbeat_thread = HeartbeatThread(
            lambda: self.send_heartbeat_now(complete_through()), every_ms or self._platform.cadence_ms
        )

    @property
    def acknowledged(self) -> int:
        """How many events the broker has acknowledged, without heartbeats."""
        return self._delivery.acknowledged

    @property
    def complete_through(self) -> int | None:
        """The watermark of the last heartbeat, in epoch milliseconds; None before the first heartbeat."""
        return self._delivery.promised_through

    def flush(self, *, timeout_ms: int | None = None) -> None:
        """Wait until all events that were published before this call are acknowledged.

        Raises NotAcknowledgedError for events that failed or have no answer after `timeout_ms`. The default is twice the
        delivery timeout; by then every event is acknowledged or has failed.
        """
        self._raise_heartbeat_failure()
        self._delivery.flush(2 * self._settings.delivery_timeout_ms if timeout_ms is None else timeout_ms)

    def close(self, *, timeout_ms: int | None = None) -> None:
        """Wait for pending events, then release all resources; a second call does nothing.

        Raises NotAcknowledgedError for events that were not acknowledged within `timeout_ms` (default: the delivery
        timeout).
        """
        if self._heartbeat_thread is not None:
            self._heartbeat_thread.stop()
        self._delivery.close(self._settings.delivery_timeout_ms if timeout_ms is None else timeout_ms)
        self._raise_heartbeat_failure()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _publish(
        self,
        data: envelope.ReportEventData,
        token: str,
        occurred_at: Instant,
        event_id: str | None,
        role: Role = Role.REPORT_FILED,
    ) -> SentEvent:
        sent_id, occurred_at_ms, platform = (
            str(uuid4()) if event_id is None else event_id,
            _to_epoch_ms(occurred_at),
            self._platform.id,
        )
        line = envelope.encode_structured(
            envelope.report_event(data, platform=platform, token=token, id=sent_id, occurred_at=occurred_at_ms)
        )
        outgoing = OutgoingEvent(
            self._platform.topic(role), keys.record_key(platform, token), line, self._now(), occurred_at_ms
        )
        self._raise_if_refused(outgoing)
        self._delivery.enqueue(PendingEvent(sent_id, outgoing.topic, outgoing.key, line, occurred_at_ms))
        return SentEvent(sent_id, token)

    def _send_promise(self, complete_through: int, *, is_exact: bool) -> int | None:
        key = keys.heartbeat_key(self._platform.id)
        with self._heartbeat_lock:
            # A heartbeat that workers would refuse must not be stored as a promise.
            self._encode_heartbeat(key, _to_epoch_ms(complete_through, "complete_through"))
            watermark = self._delivery.reserve_promise(
                complete_through, self._now() + EventLimits().max_future_ms, is_exact=is_exact
            )
            if watermark is not None:
                event_id, line = self._encode_heartbeat(key, watermark)
                self._delivery.broadcast(event_id, key, line)
                self.next_sequence += 1
            return watermark

    def _encode_heartbeat(self, key: bytes, promised_through: int) -> tuple[str, bytes]:
        """Return the id and the encoded event of a heartbeat; raises RefusedBeforeSendingError if workers refuse it."""
        event_id, now = str(uuid4()), self._now()
        data = event_data.HeartbeatData(
            complete_through=format_timestamp(promised_through), sequence=self.next_sequence
        )
        line = envelope.encode_structured(
            envelope.heartbeat_event(data, platform=self._platform.id, id=event_id, occurred_at=now)
        )
        self._raise_if_refused(OutgoingEvent(self._platform.topic(Role.REPORT_FILED), key, line, now, now))
        return event_id, line

    def _raise_if_refused(self, event: OutgoingEvent) -> None:
        refused = self._router.find_refusal(event)
        if refused is not None:
            raise RefusedBeforeSendingError(refused.reason, refused.field)

    def _raise_heartbeat_failure(self) -> None:
        failure = self._heartbeat_thread.pop_failure() if self._heartbeat_thread is not None else None
        if failure is not None:
            raise PublisherError(
                "heartbeat: expected to send it, got an error; the next heartbeat follows"
            ) from failure


def _event_data(
    data_type: Callable[..., envelope.ReportEventData], arguments: Mapping[str, object]
) -> envelope.ReportEventData:
    # Values may be plain strings instead of enumeration members; the check before sending finds wrong values.
    return data_type(**arguments)


def _to_epoch_ms(at: Instant, field: str = "time") -> int:
    if isinstance(at, datetime) and at.tzinfo is not None:
        return (at - _EPOCH) // _MILLISECOND
    if isinstance(at, datetime) or not 0 <= at <= _MAX_INSTANT_MS:
        raise RefusedBeforeSendingError(RefusalReason.BAD_TIME, field)
    return at

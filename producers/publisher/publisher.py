"""The library that a platform calls: events leave pseudonymised, checked and acknowledged, or the caller hears of it.

```
with Publisher(settings, registry, identity) as publisher:
    publisher.keep_heartbeats(outbox_is_empty_up_to)
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
from streams.domain.vocabulary import Reason
from streams.edge.clock import wall_clock_ms

Instant = int | datetime
"""Epoch milliseconds, or a datetime with an offset."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MAX_INSTANT_MS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


class SentEvent(NamedTuple):
    """Under which id an event was handed over, and the pseudonym of its report; keep both with the report."""

    event_id: str
    token: str


class Publisher:
    """One platform's publisher; safe to use from many threads, one in a process is enough.

    A method raises what is wrong with its own event, and NotAcknowledgedError when earlier ones were given up: it has
    then sent nothing, and those that the error names are to be sent again under their ids.
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
        """Connect; `first_sequence` continues the heartbeats of an earlier process, whose `sequence` was kept.

        Raises SettingsError for a platform that is not in the registry, BrokerError when broker or topics are missing.
        """
        platform = registry.platform(identity.platform)
        if platform is None:
            raise SettingsError([f"platform: expected one of the registry, got {identity.platform!r}"])
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
        """Say that the platform's servers first received a report at `at`, before any validation or queue."""
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
        """Say that an outcome took effect for users, or was recorded, at `at`.

        `key_id` names the secret under which the report was filed, when it is not the current one.
        """
        if outcome not in OUTCOME_TYPES:
            raise RefusedBeforeSendingError(Reason.BAD_VALUE, "outcome")
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
        """Say that a report was given other labels at `at`."""
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
        """Take back, at `at`, an earlier event of this report, which travelled on the topic of `role`."""
        data = _event_data(event_data.EventRetracted, arguments)
        return self._publish(data, self._identity.token(report_id, key_id), at, event_id, role)

    def send_heartbeat(self, complete_through: int, *, timeout_ms: int | None = None) -> None:
        """Promise that everything up to `complete_through`, epoch milliseconds, is published; first wait until it is.

        Raises NotAcknowledgedError like `flush`, PromiseError when the promise would not hold or an earlier one went
        further, and RefusedBeforeSendingError for an instant that lies ahead; then no heartbeat was sent.
        """
        self.flush(timeout_ms=timeout_ms)
        if self._send_promise(complete_through, is_exact=True) is None:
            raise PromiseError(
                "expected that nothing up to the promised instant waits and that no promise went further"
            )

    def send_heartbeat_now(self, complete_through: int) -> int | None:
        """Send a heartbeat that promises as much as is acknowledged, at most up to `complete_through`; do not wait.

        Return the instant that it promises; None when an earlier one went further and nothing was sent. Raises
        RefusedBeforeSendingError for an instant that lies ahead.
        """
        return self._send_promise(complete_through, is_exact=False)

    def start_heartbeats(self, complete_through: Callable[[], int], *, every_ms: int | None = None) -> None:
        """Send a heartbeat every `every_ms` (default: the platform's cadence) until the publisher is closed.

        `handed_over` returns the instant, in epoch milliseconds, up to which everything was handed to this publisher:
        it knows what is not acknowledged, only the platform knows what still lies in its own outbox. What it raises
        is told by the next `flush` or `close`; then, too, the next heartbeat is tried.
        """
        if self._heartbeat_thread is not None:
            raise PublisherError("expected one cadence of heartbeats, one is running already")
        self._heartbeat_thread = HeartbeatThread(
            lambda: self.send_heartbeat_now(complete_through()), every_ms or self._platform.cadence_ms
        )

    @property
    def acknowledged(self) -> int:
        """How many events, heartbeats not counted, the broker has confirmed."""
        return self._delivery.acknowledged

    @property
    def complete_through(self) -> int | None:
        """How far the last heartbeat promised, in epoch milliseconds; None before the first."""
        return self._delivery.promised_through

    def flush(self, *, timeout_ms: int | None = None) -> None:
        """Wait until everything that was handed over before this call is acknowledged.

        Raises NotAcknowledgedError for what failed or is unanswered after `timeout_ms` (default: twice the delivery
        timeout, when nothing is unanswered any more).
        """
        self._raise_heartbeat_failure()
        self._delivery.flush(2 * self._settings.delivery_timeout_ms if timeout_ms is None else timeout_ms)

    def close(self, *, timeout_ms: int | None = None) -> None:
        """Wait for what is on its way, then release everything; a second call does nothing.

        Raises NotAcknowledgedError for all that was not acknowledged within `timeout_ms` (default: the delivery
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
        name, when, platform = (
            str(uuid4()) if event_id is None else event_id,
            _to_epoch_ms(occurred_at),
            self._platform.id,
        )
        line = envelope.encode_structured(
            envelope.report_event(data, platform=platform, token=token, id=name, occurred_at=when)
        )
        leaving = OutgoingEvent(self._platform.topic(role), keys.record_key(platform, token), line, self._now(), when)
        self._raise_if_refused(leaving)
        self._delivery.enqueue(PendingEvent(name, leaving.topic, leaving.key, line, when))
        return SentEvent(name, token)

    def _send_promise(self, complete_through: int, *, is_exact: bool) -> int | None:
        key = keys.heartbeat_key(self._platform.id)
        with self._heartbeat_lock:
            # What workers would refuse must not be remembered as promised.
            self._encode_heartbeat(key, _to_epoch_ms(complete_through, "complete_through"))
            reach = self._delivery.reserve_promise(
                complete_through, self._now() + EventLimits().max_future_ms, is_exact=is_exact
            )
            if reach is not None:
                event_id, line = self._encode_heartbeat(key, reach)
                self._delivery.broadcast(event_id, key, line)
                self.next_sequence += 1
            return reach

    def _encode_heartbeat(self, key: bytes, promised_through: int) -> tuple[str, bytes]:
        """Return the id and the line of a heartbeat that workers would take now."""
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
            raise PublisherError("a heartbeat could not be sent, the next one is tried") from failure


def _event_data(
    data_type: Callable[..., envelope.ReportEventData], arguments: Mapping[str, object]
) -> envelope.ReportEventData:
    # Plain words stand for members of enumerations: what is wrong with them is found before the event leaves.
    return data_type(**arguments)


def _to_epoch_ms(at: Instant, field: str = "time") -> int:
    if isinstance(at, datetime) and at.tzinfo is not None:
        return (at - _EPOCH) // _MILLISECOND
    if isinstance(at, datetime) or not 0 <= at <= _MAX_INSTANT_MS:
        raise RefusedBeforeSendingError(Reason.BAD_TIME, field)
    return at

"""A platform with topics of its own on a broker, and a reader of everything that arrived there."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, TypedDict, Unpack
from uuid import uuid4

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from producers.publisher.arguments import FilingArguments
from producers.publisher.identity import Identity
from producers.publisher.publisher import Publisher
from producers.publisher.settings import PublisherSettings
from streams.contract.events import keys
from streams.contract.events.schema import envelope, event_data
from streams.contract.events.schema.action_data import NoViolation
from streams.contract.registry.registry import Platform, Registry
from streams.contract.timestamps import format_timestamp
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, RetractReason

SECRET = b"a secret of thirty-two bytes or more"
NOON = 1_760_000_000_000
PARTITIONS = 4
TIMEOUT_SECONDS = 120.0


class SettingChanges(TypedDict, total=False):
    """Settings that a test changes."""

    max_pending: int
    block_ms: int


@dataclass(frozen=True)
class PublisherHarness:
    """One test's platform, `harbor`, on its own pair of topics."""

    platform: Platform
    settings: PublisherSettings

    @property
    def registry(self) -> Registry:
        """The registry that knows this platform alone."""
        return Registry({self.platform.id: self.platform}, partitions=PARTITIONS)

    @property
    def topics(self) -> tuple[str, str]:
        """Where filings and where actions go."""
        return self.platform.report_filed, self.platform.action_taken

    def publisher(self, now: Callable[[], int] = lambda: NOON, **changes: Unpack[SettingChanges]) -> Publisher:
        """Return the platform's publisher, whose clock stands at noon unless `now` says otherwise."""
        identity = Identity(platform=self.platform.id, key_id="k1", secret=SECRET)
        return Publisher(replace(self.settings, **changes), self.registry, identity, now=now)

    def create_topics(self) -> None:
        """Create both topics."""
        shape = {"num_partitions": PARTITIONS, "replication_factor": 1}
        with closing(KafkaAdminClient(bootstrap_servers=self.settings.servers)) as admin:
            admin.create_topics(dict.fromkeys(self.topics, shape), wait_for_metadata=True)

    def read_events(self, expected: int) -> list[Any]:
        """Return every record on both topics, once there are `expected` and no more come.

        The end offsets of the embedded broker cannot be trusted, so the end is where nothing follows.
        """
        consumer = KafkaConsumer(bootstrap_servers=self.settings.servers, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(topic, number) for topic in self.topics for number in range(PARTITIONS)])
        found: list[Any] = []
        deadline = monotonic() + TIMEOUT_SECONDS
        try:
            while monotonic() < deadline:
                batch = [record for some in consumer.poll(timeout_ms=500).values() for record in some]
                found += batch
                if not batch and len(found) >= expected:
                    return found
        finally:
            consumer.close()
        raise AssertionError(f"expected {expected} records within {TIMEOUT_SECONDS} s, {len(found)} arrived")


def publisher_harness(address: str, *, idempotent: bool) -> PublisherHarness:
    """Return a stage whose topics exist."""
    suffix = uuid4().hex[:12]
    platform = Platform(
        id="harbor", provider="Harbor", report_filed=f"report-filed.{suffix}", action_taken=f"action-taken.{suffix}"
    )
    settings = PublisherSettings(bootstrap=address, idempotent=idempotent, block_ms=60_000, delivery_timeout_ms=60_000)
    made = PublisherHarness(platform, settings)
    made.create_topics()
    return made


def filing_line(number: int, at: int = NOON, platform: str = "harbor") -> bytes:
    """Return the line of one filing; equal numbers are equal reports."""
    data = event_data.ReportFiled(
        harm=Harm.BULLYING,
        reporter=Reporter.USER,
        trusted_flagger=False,
        channel=Channel.IN_APP,
        basis=Basis.TERMS,
        jurisdictions=("GB",),
    )
    token = keys.report_token(SECRET, "k1", str(number))
    event = envelope.report_event(data, platform=platform, token=token, id=f"filing-{number:06d}", occurred_at=at)
    return envelope.encode_structured(event)


def action_line(number: int, at: int = NOON, platform: str = "harbor") -> bytes:
    """Return the line of one decision about the report of `filing(number)`."""
    token = keys.report_token(SECRET, "k1", str(number))
    event = envelope.report_event(
        NoViolation(), platform=platform, token=token, id=f"action-{number:06d}", occurred_at=at
    )
    return envelope.encode_structured(event)


def retraction_line(number: int, retracts: str, at: int = NOON, platform: str = "harbor") -> bytes:
    """Return the line that takes back the event with the id `retracts` of the report of `filing(number)`."""
    data = event_data.EventRetracted(retracts=retracts, reason=RetractReason.ERROR)
    token = keys.report_token(SECRET, "k1", str(number))
    event = envelope.report_event(data, platform=platform, token=token, id=f"retraction-{number:06d}", occurred_at=at)
    return envelope.encode_structured(event)


def heartbeat_line(sequence: int, complete_through: int = NOON, platform: str = "harbor") -> bytes:
    """Return the line of one heartbeat."""
    data = event_data.HeartbeatData(complete_through=format_timestamp(complete_through), sequence=sequence)
    event = envelope.heartbeat_event(
        data, platform=platform, id=f"heartbeat-{sequence:06d}", occurred_at=complete_through
    )
    return envelope.encode_structured(event)


def write_lines(folder: Path, lines: list[bytes]) -> Path:
    """Return a file of `lines`."""
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


FACTS: FilingArguments = {
    "harm": "grooming",
    "reporter": "guardian",
    "trusted_flagger": False,
    "channel": "in_app",
    "basis": "terms",
    "jurisdictions": ["GB", "FR"],
}

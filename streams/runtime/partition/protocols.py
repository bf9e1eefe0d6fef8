"""What a partition expects of its ledger and of its decoder."""

from collections.abc import Collection, Mapping
from typing import Protocol

from streams.contract.events.decoder import Record, Refusal
from streams.domain.events import Event
from streams.domain.ledger.report_store import Reports
from streams.domain.ledger.report_updates import ReportUpdate
from streams.domain.vocabulary import RefusalReason


class Ledger(Protocol):
    """The part of a ledger that the runtime uses."""

    @property
    def next_due(self) -> int:
        """The epoch millisecond from which `advance` has work."""

    def apply(self, event: Event) -> RefusalReason | None:
        """Apply one event; return the reason if the event is refused, otherwise None."""

    def advance(self, now: int, max_due: int) -> int:
        """Advance time to `now`, or until `max_due` due reports were processed, and return the instant reached."""

    def count_refusal(self, platform: str, reason: RefusalReason) -> None:
        """Count a refusal that was decided outside the ledger."""

    def advance_limited(self, limits: Mapping[str, int], max_due: int) -> bool:
        """Decide deadlines of some platforms up to their instants in `limits` only; return whether all were reached."""

    def drain_late_refusals(self) -> list[tuple[RefusalReason, str]]:
        """Return the refusals that were decided later than their record was applied, with the platform."""

    def prepare_changes(self) -> None:
        """Prepare the changed rows, so that `drain_changes` has less to do."""

    def drain_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call."""

    def drain_faults(self) -> Mapping[str, Exception]:
        """Return the platforms whose rows must not be stored, with the error of each; call it after `drain_changes`."""

    def suspend(self, platforms: Collection[str]) -> None:
        """Drop the state of platforms: none of their rows changes any more."""

    def drain_updates(self) -> list[ReportUpdate]:
        """Return the report updates since the last call; call it after `drain_changes`."""

    def restore(self, reports: Reports, others: Mapping[bytes, bytes]) -> None:
        """Load restored rows: reports by their keys without `r|`, a dict that the ledger then owns, and all others."""

    def start(self, now: int = 0) -> None:
        """Start at the log time `now` that the partition had reached."""


class RecordDecoder(Protocol):
    """Decode a record into an event, or into the reason for its refusal; never raises."""

    def decode(self, record: Record, now: int | None = None) -> Event | Refusal:
        """Return the event in a record, or a refusal; `now`: the wall clock, for a record that the sender stamped."""

"""What a reader of the notices about single reports knows in the end."""

import json
from collections.abc import Iterable, Mapping

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.report_updates import (
    DeadlineMissedEvent,
    ResponseMeasuredEvent,
    decode_report_update,
    encode_report_update,
)
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.ledger.ledger import Ledger

LatestUpdates = Mapping[tuple[str, str, str], tuple[str, object]]
"""By platform, report and clock: that it was missed, and when; or how it ended, and after how long."""


def latest_updates(values: Iterable[bytes]) -> LatestUpdates:
    """Return the last word on every clock."""
    known: dict[tuple[str, str, str], tuple[str, object]] = {}
    for event in map(decode_report_update, values):
        for place, said in _update_content(event):
            known[event.data.platform, event.subject, place] = said
    return known


def without_retracted_filings(known: LatestUpdates, lines: Iterable[bytes]) -> LatestUpdates:
    """Return the updates but those of reports whose filing was retracted.

    A deadline of such a report may have been published as missed before the retraction, and nothing takes it back.
    """
    events = [json.loads(line) for line in lines]
    filed = {
        (event["source"], event["id"]): event.get("subject") for event in events if "report-filed" in event["type"]
    }
    retracted = {
        filed.get((event["source"], event["data"]["retracts"]))
        for event in events
        if "event-retracted" in event["type"]
    }
    return {place: said for place, said in known.items() if place[1] not in retracted}


def _update_content(event: ResponseMeasuredEvent | DeadlineMissedEvent) -> Iterable[tuple[str, tuple[str, object]]]:
    if isinstance(event, DeadlineMissedEvent):
        return [(f"{clock.clock}@{clock.version}", ("missed", event.time)) for clock in event.data.clocks]
    return [(f"{clock.clock}@{clock.version}", (clock.ending, clock.duration_ms)) for clock in event.data.clocks]


def expected_updates(
    lines: Iterable[bytes], registry: Registry, now: int, rulebook: Rulebook = STANDARD_RULES
) -> LatestUpdates:
    """Return the last words of one ledger that was fed the lines of a file and has come to `now`."""
    decoder, ledger = (
        EventDecoder(registry),
        Ledger(ledger_config(registry, rulebook, with_updates=True), MessagePackCodec()),
    )
    for line in lines:
        event = decoder.decode_line(line, now)
        if not isinstance(event, Refusal):
            ledger.apply(event)
    ledger.advance(now)
    ledger.drain_changes()
    return latest_updates(encode_report_update(notice) for notice in ledger.drain_updates())

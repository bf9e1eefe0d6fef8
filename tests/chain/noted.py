"""What a reader of the notices about single reports knows in the end."""

from collections.abc import Iterable, Mapping

from streams.contract.events.decoder import Decoder, Refusal
from streams.contract.outputs.report_updates import DeadlineMissedEvent, ResponseMeasuredEvent, decode, encode
from streams.contract.outputs.row_codec import RowCodec
from streams.contract.packs.ledger_config import rules_of
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.ledger import Ledger

Words = Mapping[tuple[str, str, str], tuple[str, object]]
"""By platform, report and clock: that it was missed, and when; or how it ended, and after how long."""


def last_words(values: Iterable[bytes]) -> Words:
    """Return the last word on every clock."""
    known: dict[tuple[str, str, str], tuple[str, object]] = {}
    for event in map(decode, values):
        for place, said in _said(event):
            known[event.data.platform, event.subject, place] = said
    return known


def _said(event: ResponseMeasuredEvent | DeadlineMissedEvent) -> Iterable[tuple[str, tuple[str, object]]]:
    if isinstance(event, DeadlineMissedEvent):
        return [(f"{clock.clock}@{clock.version}", ("missed", event.time)) for clock in event.data.clocks]
    return [(f"{clock.clock}@{clock.version}", (clock.ending, clock.duration_ms)) for clock in event.data.clocks]


def expected(lines: Iterable[bytes], registry: Registry, now: int, rulebook: Rulebook = STANDARD_RULES) -> Words:
    """Return the last words of one ledger that was fed the lines of a file and has come to `now`."""
    decoder, ledger = Decoder(registry), Ledger(rules_of(registry, rulebook, notices=True), RowCodec())
    for line in lines:
        event = decoder.decode_line(line, now)
        if not isinstance(event, Refusal):
            ledger.apply(event)
    ledger.advance(now)
    ledger.take_changes()
    return last_words(encode(notice) for notice in ledger.take_notices())

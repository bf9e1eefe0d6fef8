"""What the fuzzer calls: each takes any bytes and raises AssertionError where a promise is broken."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # ships no types

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.keys import heartbeat_key, record_key
from streams.contract.events.schema.envelope import encode_structured as encode_event
from streams.contract.export.schemas import EVENT_TYPES, json_schema
from streams.contract.outputs.refusal_records import encode_refusal as encode_refused
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.file import PackError, parse_pack
from streams.contract.packs.rulebook import Rulebook
from streams.contract.registry.file import RegistryError, parse_registry, read_registry
from streams.contract.registry.jurisdictions import OTHER_GROUP, UNKNOWN_JURISDICTION
from streams.contract.registry.registry import PLATFORM_ID, Registry, Role
from streams.contract.timestamps import MAX_TIMESTAMP_MS
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.profile import ReportProfile
from streams.domain.duration_bins import DAY
from streams.domain.events import Event, Heartbeat
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.ledger import Ledger
from tests.support.events.examples import accepted_events
from tests.support.ledger.profiles import unpacked
from tests.support.paths import DEMO_REGISTRY
from tests.tools.fuzz.record_batches import fuzz_record_batch

_REGISTRY: Final = read_registry(DEMO_REGISTRY)
_DECODER: Final = EventDecoder(_REGISTRY)
_NOW: Final = 1_767_225_600_000 + DAY
_FIELDS: Final = frozenset(json.dumps([json_schema(kind) for kind in EVENT_TYPES.values()]).split('"')) | {""}
_MAX_LINES: Final = 40
_GROUPS: Final = (*_REGISTRY.groups, OTHER_GROUP, UNKNOWN_JURISDICTION)
_EVENT_LINES: Final = tuple(encode_event(event) for event in accepted_events())
_SCHEMAS: Final[Mapping[str, Draft202012Validator]] = {
    f"safeclock.{name}.v1": Draft202012Validator(json_schema(kind), format_checker=FormatChecker())
    for name, kind in EVENT_TYPES.items()
}


class Record(NamedTuple):
    """A record as a client hands it over."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = 0
    offset: int = 0
    timestamp: int = _NOW


def fuzz_decoder(data: bytes) -> None:
    """Whatever reaches the decoder is an event that its schema accepts too, in either mode, or a refusal that tells nothing."""
    for topic in Role:
        record = Record(topic, expected_key(data), data)
        found = _DECODER.decode(record)
        if isinstance(found, Refusal):
            _hides_input(found, record)
        else:
            _matches_schema(data)
            assert _DECODER.decode(_as_binary_mode(record)) == found, "expected the same event in binary mode"
    line = _DECODER.decode_line(data, _NOW)
    if isinstance(line, Refusal):
        _hides_input(line, Record("", None, data))


def fuzz_ledger(data: bytes) -> None:
    """Lines in any order come to the same rows and cohorts, however often changes are taken."""
    lines = data.split(b"\n")[:_MAX_LINES]
    read = [_DECODER.decode_line(line, MAX_TIMESTAMP_MS) for line in lines]
    events = [event for event in read if not isinstance(event, Refusal)]
    at_once, backwards, one_by_one = (
        _apply_in_batches(events),
        _apply_in_batches(events[::-1]),
        _apply_in_batches([*events, *events], every=1),
    )
    assert at_once == backwards, "expected the same in reverse order"
    assert at_once == one_by_one, "expected the same when told twice, piece by piece"


def fuzz_registry(data: bytes) -> None:
    """What is written in a registry is refused with sentences, or a registry that keeps its own rules."""
    found = _registry_or_problems(data)
    if isinstance(found, tuple):
        _has_location(found)
        return
    assert all(PLATFORM_ID.fullmatch(platform) for platform in found.platforms)
    assert found.hash == parse_registry(data, "again.toml").hash
    EventDecoder(found).decode_line(b"{}", _NOW)


def fuzz_pack(data: bytes) -> None:
    """What is written in a rule pack is refused with sentences, or clocks by which a ledger can go."""
    found = _rulebook_or_problems(data)
    if not isinstance(found, Rulebook):
        _has_location(found)
        return
    assert found.name == parse_pack(data, "again.toml", _GROUPS).name
    ledger = Ledger(LedgerConfig(clocks=found.clocks), MessagePackCodec())
    for line in _EVENT_LINES:
        event = _DECODER.decode_line(line, MAX_TIMESTAMP_MS)
        assert not isinstance(event, Refusal)
        ledger.apply(event)
    ledger.advance(_NOW + 30 * DAY)
    ledger.drain_changes()


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "batches": fuzz_record_batch,
    "decoder": fuzz_decoder,
    "ledger": fuzz_ledger,
    "pack": fuzz_pack,
    "registry": fuzz_registry,
}


def _has_location(problems: tuple[str, ...]) -> None:
    assert problems, "expected at least one sentence"
    assert all(problem.startswith("fuzzed.toml") for problem in problems), "expected where it is"


def _rulebook_or_problems(data: bytes) -> Rulebook | tuple[str, ...]:
    try:
        return parse_pack(data, "fuzzed.toml", _GROUPS)
    except PackError as error:
        return error.problems


def _registry_or_problems(data: bytes) -> Registry | tuple[str, ...]:
    try:
        return parse_registry(data, "fuzzed.toml")
    except RegistryError as error:
        return error.problems


def expected_key(data: bytes) -> bytes | None:
    """Return the key that a publisher would give to this event."""
    try:
        tree = msgspec.json.decode(data)
        platform = tree["source"].removeprefix("/platforms/")
        return record_key(platform, tree["subject"]) if "subject" in tree else heartbeat_key(platform)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return b"anything"


def _hides_input(refusal: Refusal, record: Record) -> None:
    assert refusal.field in _FIELDS, "expected a declared name"
    assert refusal.platform in {"", *_REGISTRY.platforms}, "expected a registered platform"
    encode_refused(refusal, record)


def _matches_schema(data: bytes) -> None:
    tree = json.loads(data)
    errors = [error.message for error in _SCHEMAS[tree["type"]].iter_errors(tree)]
    assert not errors, f"expected what its schema accepts: {errors}"


def _as_binary_mode(record: Record) -> Record:
    """Return the record of the same event in binary mode."""
    tree: dict[str, Any] = json.loads(record.value)
    kind = tree.pop("datacontenttype", "application/json")
    value = json.dumps(tree.pop("data")).encode()
    attributes = tuple((f"ce_{name}", text.encode()) for name, text in tree.items())
    return record._replace(value=value, headers=(("content-type", kind.encode()), *attributes))


LedgerContents = tuple[dict[bytes, object], dict[CohortKey, dict[ReportProfile, int]]]


def _apply_in_batches(events: Iterable[Event], every: int = _MAX_LINES) -> LedgerContents:
    """Return the rows and cohorts of a ledger that was told these events, changes taken after every so many."""
    codec = MessagePackCodec()
    ledger, rows = Ledger(LedgerConfig(), codec), dict[bytes, bytes | None]()
    for count, event in enumerate(events, 1):
        if not isinstance(event, Heartbeat):
            ledger.apply(event)
        if count % every == 0:
            rows |= ledger.drain_changes()
    ledger.advance(_NOW + 30 * DAY)
    rows |= ledger.drain_changes()
    reports = {key: codec.unpack_row(row) for key, row in rows.items() if key.startswith(b"r|") and row is not None}
    return dict(reports), unpacked(ledger.stored_cohorts())

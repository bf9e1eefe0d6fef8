"""Typed events drawn at random, and what is done to their bytes."""

import json
from typing import Any, get_args

from hypothesis import strategies as st

from streams.contract.events.keys import report_token
from streams.contract.events.schema import event_data
from streams.contract.events.schema.action_data import AccountRestricted, ActionTaken, Merged, Restricted
from streams.contract.events.schema.envelope import AnyEvent, encode_structured, heartbeat_event, report_event
from streams.contract.registry.jurisdictions import JURISDICTIONS
from streams.contract.timestamps import format_timestamp
from streams.domain.vocabulary import Harm, Restriction, Severity, Surface
from tests.support.events.examples import SECRET

PLATFORMS = st.sampled_from(["harbor", "lantern", "meadow", "cobalt"])
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
IDS = st.text(ALPHABET, min_size=8, max_size=64)
TOKENS = st.builds(lambda report: report_token(SECRET, "a0", report), st.text(min_size=1, max_size=20))
INSTANTS = st.integers(0, 4_102_444_800_000)
ITEMS = st.integers(1, event_data.MAX_ITEMS)
COUNTRIES = st.lists(st.sampled_from(sorted(JURISDICTIONS)), min_size=1, max_size=5, unique=True).map(tuple)

FILINGS = st.builds(
    event_data.ReportFiled,
    jurisdictions=COUNTRIES,
    severity=st.sampled_from(Severity),
    items=ITEMS,
    surface=st.sampled_from(Surface),
    taxonomy=st.just("invented-2026-01-01"),
    test=st.booleans(),
)
RESTRICTIONS = st.lists(st.sampled_from(Restriction), min_size=1, unique=True).map(tuple)


def _outcomes(kind: type[Any]) -> st.SearchStrategy[Any]:
    if kind in {Restricted, AccountRestricted}:
        return st.builds(kind, restrictions=RESTRICTIONS, interim=st.booleans(), items=ITEMS)
    if kind is Merged:
        return st.builds(kind, into=TOKENS)
    return st.builds(kind, items=ITEMS)


ACTIONS = st.one_of([_outcomes(kind) for kind in get_args(ActionTaken)])
AMENDMENTS = st.builds(event_data.ReportAmended, jurisdictions=COUNTRIES) | st.builds(
    event_data.ReportAmended, harm=st.sampled_from(Harm)
)
RETRACTIONS = st.builds(event_data.EventRetracted, retracts=IDS)


@st.composite
def events(draw: st.DrawFn) -> AnyEvent:
    """An event of any type, as a platform would write it."""
    platform, id_, at = draw(PLATFORMS), draw(IDS), draw(INSTANTS)
    data = draw(st.none() | FILINGS | ACTIONS | AMENDMENTS | RETRACTIONS)
    if data is None:
        beat = event_data.HeartbeatData(
            complete_through=format_timestamp(draw(st.integers(0, at))), sequence=draw(st.integers(0, 9))
        )
        return heartbeat_event(beat, platform=platform, id=id_, occurred_at=at)
    return report_event(data, platform=platform, token=draw(TOKENS), id=id_, occurred_at=at)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mangled_bytes(draw: st.DrawFn) -> bytes:
    """The bytes of an event after one to three accidents or attacks."""
    raw = encode_structured(draw(events()))
    for _ in range(draw(st.integers(1, 3))):
        raw = draw(st.sampled_from([_flip_bytes, _truncate, _splice, _rewrite_field, _duplicate_bytes]))(draw, raw)
    return raw


def _flip_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    if not raw:
        return raw
    at = draw(st.integers(0, len(raw) - 1))
    return raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :]


def _truncate(draw: st.DrawFn, raw: bytes) -> bytes:
    return raw[: draw(st.integers(0, len(raw)))]


def _splice(draw: st.DrawFn, raw: bytes) -> bytes:
    at = draw(st.integers(0, len(raw)))
    return raw[:at] + draw(st.binary(max_size=8)) + raw[at:]


def _rewrite_field(draw: st.DrawFn, raw: bytes) -> bytes:
    """Drop, add or replace a member of the event or of its data."""
    try:
        tree = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    if not isinstance(tree, dict) or not tree:
        return raw
    inner = tree.get("data")
    target = inner if isinstance(inner, dict) and inner and draw(st.booleans()) else tree
    name = draw(st.sampled_from(sorted(target)) | st.text(max_size=9))
    if name in target and draw(st.booleans()):
        del target[name]
    else:
        target[name] = draw(ANY_JSON)
    return json.dumps(tree).encode()


def _duplicate_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    name = draw(st.sampled_from(["id", "time", "data", "harm", "items", "test"]))
    return raw.replace(b"{", f'{{"{name}":{json.dumps(draw(ANY_JSON))},'.encode(), draw(st.integers(1, 2)))

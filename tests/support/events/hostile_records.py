"""Records that must be refused, each with the reason: seeded, endless in variety, marked so that a leak is found.

Every record belongs to the demo's registry and its shared topics. What it smuggles in carries `CANARY`, which must
never be seen again: not in a refusal, a log, a metric or a topic of ours.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from streams.contract.events.keys import record_key
from streams.contract.timestamps import format_timestamp
from streams.contract.topics import partition_of
from streams.domain.vocabulary import Harm, RefusalReason, Reporter

CANARY: Final = "mustnotleak"
PLATFORMS: Final = ("harbor", "lantern", "meadow", "cobalt", "juniper", "pebble", "quartz", "saffron")
PARTITIONS: Final = 8
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
Tree = dict[str, Any]


class HostileRecord(NamedTuple):
    """A record as a client would hand it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class HostileCase(NamedTuple):
    """A record with the reason for which it must be refused; `kind` says how it was spoilt."""

    record: HostileRecord
    reason: RefusalReason
    kind: str


RecordChange = Callable[[Random, HostileRecord], HostileRecord]


def hostile_records(seed: int, count: int, now: int) -> Iterator[HostileCase]:
    """Yield `count` records that are to be refused, for a log time close to `now`, in epoch milliseconds.

    Every kind comes up in turn; the reasons hold for any log time within an hour of `now`.
    """
    random = Random(seed)
    kinds = sorted(HOSTILE_KINDS)
    for offset in range(count):
        kind = kinds[offset % len(kinds)]
        spoil, reason = HOSTILE_KINDS[kind]
        good = valid_filing(random, now - random.randrange(_HOUR_MS, 24 * _HOUR_MS))
        record = spoil(random, good._replace(offset=offset, timestamp=now))
        yield HostileCase(record, reason, kind)


def valid_filing(random: Random, at: int) -> HostileRecord:
    """Return a filing that is accepted, told a second after it happened."""
    platform = random.choice(PLATFORMS)
    token = f"k1_{_random_token(random, 32)}"
    event = {
        "specversion": "1.0",
        "type": "safeclock.report-filed.v1",
        "source": f"/platforms/{platform}",
        "id": _random_token(random, 15),
        "subject": token,
        "time": format_timestamp(at),
        "data": {
            "harm": random.choice(list(Harm)),
            "reporter": random.choice(list(Reporter)),
            "trusted_flagger": random.random() < 0.1,
            "channel": "in_app",
            "basis": "terms",
            "jurisdictions": [random.choice(["DE", "FR", "GB", "US", "AU", "BR", "ZZ"])],
        },
    }
    key = record_key(platform, token)
    return HostileRecord("report-filed", partition_of(key, PARTITIONS), 0, at + 1_000, key, _json(event))


def _random_token(random: Random, size: int) -> str:
    return urlsafe_b64encode(random.randbytes(size)).rstrip(b"=").decode()


def _json(event: object) -> bytes:
    return json.dumps(event).encode()


def _change_bytes(spoil: Callable[[Random, bytes], bytes | None]) -> RecordChange:
    return lambda random, record: record._replace(value=spoil(random, record.value or b""))


def _change_json(spoil: Callable[[Random, Tree], object]) -> RecordChange:
    def spoilt(random: Random, record: HostileRecord) -> HostileRecord:
        tree: Tree = json.loads(record.value or b"")
        spoil(random, tree)
        return record._replace(value=_json(tree))

    return spoilt


def _with_canary(random: Random) -> str:
    return f"{CANARY}-{random.getrandbits(32):08x}"


def _nested(random: Random, _: bytes) -> bytes:
    depth = random.randrange(3_000, 8_000)
    opening, closing = random.choice([(b"[", b"]"), (b'{"a":', b"}")])
    depth = min(depth, 16_000 // len(opening + closing))
    return opening * depth + b'"' + CANARY.encode() + b'"' + closing * depth


def _wrong_type(random: Random, tree: Tree) -> None:
    name = random.choice(sorted(tree["data"]))
    tree["data"][name] = random.choice([None, 5.5, {CANARY: CANARY}, [[CANARY]], -1])


def _without_offset(random: Random, tree: Tree) -> None:
    time: str = tree["time"]
    tree["time"] = random.choice([time[:-1], time[:10], _with_canary(random), 5])


def _duplicate_name(random: Random, raw: bytes) -> bytes:
    name = random.choice(sorted(json.loads(raw)))
    return raw.replace(b"{", f'{{"{name}": "{CANARY}", '.encode(), 1)


def _wrong_partition(random: Random, record: HostileRecord) -> HostileRecord:
    keys = [None, b"", record_key("harbor", _with_canary(random)), (record.key or b"") + b"x"]
    return record._replace(key=random.choice(keys))


def _header(random: Random, record: HostileRecord) -> HostileRecord:
    tree: Tree = json.loads(record.value or b"")
    data = tree.pop("data")
    headers = [(f"ce_{name}", text.encode()) for name, text in tree.items()]
    headers.append((f"ce_{CANARY}", _with_canary(random).encode()))
    return record._replace(headers=headers, value=_json(data))


def _restriction(word: Callable[[Random], str]) -> RecordChange:
    def spoilt(random: Random, record: HostileRecord) -> HostileRecord:
        tree: Tree = json.loads(record.value or b"")
        tree["type"] = "safeclock.action-taken.v1"
        tree["data"] = {"outcome": "restricted", "extent": "global", "ground": "law", "restrictions": [word(random)]}
        return record._replace(topic="action-taken", value=_json(tree))

    return spoilt


HOSTILE_KINDS: Final[dict[str, tuple[RecordChange, RefusalReason]]] = {
    "a tombstone": (_change_bytes(lambda random, _: random.choice([None, b""])), RefusalReason.NOT_JSON),
    "truncated": (_change_bytes(lambda random, raw: raw[: random.randrange(1, len(raw))]), RefusalReason.NOT_JSON),
    "noise": (
        _change_bytes(lambda random, _: b"\xff" + random.randbytes(random.randrange(2_000))),
        RefusalReason.NOT_JSON,
    ),
    "deep": (_change_bytes(_nested), RefusalReason.NOT_JSON),
    "another charset": (
        _change_bytes(lambda random, raw: raw.decode().encode(random.choice(["utf-16", "utf-32", "utf-8-sig"]))),
        RefusalReason.NOT_JSON,
    ),
    "not UTF-8": (
        _change_bytes(
            lambda random, raw: raw.replace(b"in_app", CANARY.encode() + bytes([random.randrange(0x80, 0xC0)]))
        ),
        RefusalReason.NOT_JSON,
    ),
    "half a pair": (
        _change_bytes(lambda random, raw: raw.replace(b"in_app", b"\\ud8%02x" % random.randrange(256))),
        RefusalReason.NOT_JSON,
    ),
    "said twice": (_change_bytes(_duplicate_name), RefusalReason.NOT_JSON),
    "not a number": (
        _change_bytes(lambda random, raw: raw.replace(b'"in_app"', random.choice([b"NaN", b"Infinity", b"-Infinity"]))),
        RefusalReason.NOT_JSON,
    ),
    "not an object": (
        _change_bytes(lambda random, _: random.choice([b"[]", b"1", b"null", f'"{_with_canary(random)}"'.encode()])),
        RefusalReason.NOT_CLOUDEVENT,
    ),
    "another version": (
        _change_json(lambda random, tree: tree.update(specversion=random.choice(["0.3", "2.0", 1.0, None, CANARY]))),
        RefusalReason.NOT_CLOUDEVENT,
    ),
    "another type": (
        _change_json(
            lambda random, tree: tree.update(
                type=random.choice([_with_canary(random), 5, None, "safeclock.report-filed.v2"])
            )
        ),
        RefusalReason.UNKNOWN_TYPE,
    ),
    "an action among filings": (
        lambda random, record: _restriction(lambda _: "removed")(random, record)._replace(topic="report-filed"),
        RefusalReason.UNKNOWN_TYPE,
    ),
    "another platform": (
        _change_json(lambda random, tree: tree.update(source=f"/platforms/{_with_canary(random)}")),
        RefusalReason.UNKNOWN_PLATFORM,
    ),
    "a person as source": (
        _change_json(lambda random, tree: tree.update(source=_with_canary(random) + "@nowhere")),
        RefusalReason.BAD_VALUE,
    ),
    "a person as subject": (
        _change_json(lambda random, tree: tree.update(subject=_with_canary(random))),
        RefusalReason.BAD_VALUE,
    ),
    "an address in the data": (
        _change_json(lambda random, tree: tree["data"].update(url=_with_canary(random))),
        RefusalReason.UNKNOWN_FIELD,
    ),
    "a secret name": (
        _change_json(lambda random, tree: tree.update({_with_canary(random): 1})),
        RefusalReason.UNKNOWN_FIELD,
    ),
    "a header of nobody's": (_header, RefusalReason.UNKNOWN_FIELD),
    "less than required": (
        _change_json(lambda random, tree: tree["data"].pop(random.choice(sorted(tree["data"])))),
        RefusalReason.MISSING_FIELD,
    ),
    "wrong types": (_change_json(_wrong_type), RefusalReason.BAD_VALUE),
    "a word of nobody's": (
        _change_json(lambda random, tree: tree["data"].update(harm=_with_canary(random))),
        RefusalReason.BAD_VALUE,
    ),
    "a huge number": (
        _change_json(lambda random, tree: tree["data"].update(items=10 ** random.randrange(7, 4_000))),
        RefusalReason.BAD_VALUE,
    ),
    "a restriction of nobody's": (_restriction(_with_canary), RefusalReason.BAD_VALUE),
    "no time": (_change_json(_without_offset), RefusalReason.BAD_TIME),
    "the future": (
        lambda random, record: _change_json(
            lambda _, tree: tree.update(
                time=format_timestamp(record.timestamp + random.randrange(2 * _HOUR_MS, 9_000 * _DAY_MS))
            )
        )(random, record),
        RefusalReason.FUTURE_TIME,
    ),
    "ancient": (
        lambda random, record: _change_json(
            lambda _, tree: tree.update(
                time=format_timestamp(record.timestamp - random.randrange(15 * _DAY_MS, 9_000 * _DAY_MS))
            )
        )(random, record),
        RefusalReason.TOO_OLD,
    ),
    "before time": (_change_json(lambda _, tree: tree.update(time="1066-10-14T09:00:00Z")), RefusalReason.BAD_TIME),
    "too large": (
        _change_json(lambda random, tree: tree["data"].update(surface=CANARY * random.randrange(1_500, 5_000))),
        RefusalReason.TOO_LARGE,
    ),
    "another key": (_wrong_partition, RefusalReason.KEY_MISMATCH),
}

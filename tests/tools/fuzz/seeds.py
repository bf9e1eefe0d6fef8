"""What the fuzzer begins with: what is accepted, what is refused for each reason, and the words of the contract."""

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from streams.contract.events.schema.envelope import encode_structured
from streams.contract.export.schemas import EVENT_TYPES, json_schema
from tests.support.events.examples import REJECTED_EXAMPLES, accepted_events
from tests.support.events.hostile_records import hostile_records
from tests.support.paths import CHILDREN_PACK, DEMO_REGISTRY
from tests.tools.fuzz import record_batches

_NOW: Final = 1_767_225_600_000
_DEMO: Final = DEMO_REGISTRY
_PACK: Final = CHILDREN_PACK


def seed_inputs(target: str) -> list[bytes]:
    """Return the inputs to begin with."""
    if target == "batches":
        return list(record_batches.seeds())
    if target == "registry":
        whole = _DEMO.read_bytes()
        return [whole, *whole.split(b"\n\n"), b'partitions = 8\n[groups]\nEU = ["DE"]\n']
    if target == "pack":
        whole = _PACK.read_bytes()
        head, *clocks = whole.split(b"\n\n")
        return [whole, *[head + b"\n\n" + clock for clock in clocks]]
    events = [encode_structured(event) for event in accepted_events()]
    spoilt = [json.dumps(one.tree).encode() for one in REJECTED_EXAMPLES]
    if target == "ledger":
        renamed = [event.replace(b"event-0001", f"event-{number:04}".encode()) for number, event in enumerate(events)]
        return [b"\n".join(part) for part in (events, renamed, renamed[:4], renamed[::3], [*renamed, *events])]
    hostile = [one.record.value or b"" for one in hostile_records(seed=1, count=200, now=_NOW)]
    return [*events, *spoilt, *hostile]


def dictionary_words() -> list[str]:
    """Return the words of the contract: names, enumerations, and what JSON is made of."""
    found: set[str] = {"null", "true", "-0", "1e9", '\\"', "\\u0000", "[]", "{}", "Z", "+00:00"}
    for kind in EVENT_TYPES.values():
        found |= set(_texts(json_schema(kind)))
    return sorted(word for word in found if 0 < len(word) <= 40 and word.isascii() and "\\" not in word)


def mutated_inputs(inputs: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield inputs changed in a few places: cut, doubled, spliced, or with a word of the contract put in."""
    random, vocabulary = Random(seed), [word.encode() for word in dictionary_words()]
    for _ in range(count):
        data = random.choice(inputs)
        for _ in range(random.randint(1, 4)):
            data = _mutate(random, data, random.choice(inputs), random.choice(vocabulary))
        yield data


def _mutate(random: Random, data: bytes, other: bytes, word: bytes) -> bytes:
    low, high = sorted(random.randint(0, len(data)) for _ in range(2))
    there = random.randint(0, len(other))
    return random.choice(
        [
            data[:low] + data[high:],
            data[:low] + data[low:high] + data[low:],
            data[:low] + word + data[low:],
            data[:low] + word + data[high:],
            data[:low] + other[there:],
            data[:low] + bytes([random.randrange(256)]) + data[low + 1 :],
        ]
    )


def _texts(node: object) -> Iterator[str]:
    """Yield every text in a schema that is a name or a word."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name in {"properties", "enum", "const", "$defs", "allOf", "anyOf", "oneOf", "items"}:
                yield from _names(value)
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        yield from (name for name in value if isinstance(name, str))

from collections import Counter
from random import Random

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.refusal_records import encode_refusal
from streams.contract.registry.file import read_registry
from streams.domain.events import Filing
from tests.support.events.hostile_records import CANARY, HOSTILE_KINDS, hostile_records, valid_filing
from tests.support.paths import DEMO_REGISTRY

NOW = 1_767_225_600_000
DECODER = EventDecoder(read_registry(DEMO_REGISTRY))


def test_what_is_spoilt_was_good() -> None:
    random = Random(1)

    facts = [DECODER.decode(valid_filing(random, NOW)) for _ in range(100)]

    assert all(isinstance(fact, Filing) for fact in facts)


def test_ten_thousand_hostile_records_are_refused_for_the_right_reason() -> None:
    wrong: Counter[tuple[str, object]] = Counter()

    for record, reason, kind in hostile_records(seed=7, count=10_000, now=NOW):
        refusal = DECODER.decode(record)
        if not isinstance(refusal, Refusal) or refusal.reason is not reason:
            wrong[kind, refusal] += 1

    assert not wrong


def test_nothing_of_a_hostile_record_comes_out() -> None:
    leaks = []

    for record, _, kind in hostile_records(seed=8, count=50 * len(HOSTILE_KINDS), now=NOW):
        refusal = DECODER.decode(record)
        assert isinstance(refusal, Refusal)
        if CANARY in repr(refusal) or CANARY.encode() in encode_refusal(refusal, record):
            leaks.append(kind)

    assert not leaks


def test_the_same_seed_spoils_the_same_records() -> None:
    first = list(hostile_records(seed=9, count=100, now=NOW))

    second = list(hostile_records(seed=9, count=100, now=NOW))

    assert first == second

"""A large cohort is divided into rows by what it holds and by nothing else."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import StoredCohort, parse_key, part_name, split_part_name
from streams.domain.cohorts.parts import MAX_PROFILES_PER_PART, profile_code
from streams.domain.cohorts.profile import is_total
from streams.domain.cohorts.rows import CohortRows
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from streams.domain.events import Event, Filing
from streams.domain.vocabulary import Outcome
from tests.support.builders import START, action, filing
from tests.support.ledger.harness import LedgerHarness

NAME = "harbor|20100|gaaaabEU"
MAX_PER_PART = 3
PACKED_PROFILES = [bytes([0, number, 0, 0, 0]) for number in range(40)]
TOTAL_KEY = STANDARD_CLOCKS[0].hash

contents = st.dictionaries(st.sampled_from([*PACKED_PROFILES, TOTAL_KEY]), st.integers(1, 3), max_size=40)


def divide(cohort: Mapping[bytes, int], most: int, bits: str = "") -> dict[str, StoredCohort]:
    """Return the rows of a cohort by the definition: halves of halves, until each is small enough."""
    held = {
        name: count
        for name, count in cohort.items()
        if not is_total(name) and f"{profile_code(name):b}"[1:].startswith(bits)
    }
    sums = {name: count for name, count in cohort.items() if is_total(name)}
    if len(held) <= most:
        return {bits: held if bits else held | sums}
    halves = divide(cohort, most, bits + "0") | divide(cohort, most, bits + "1")
    return halves if bits else {"": sums} | halves


def write_changed_parts(
    rows: CohortRows, log: dict[str, StoredCohort], cohort: StoredCohort, changed: Iterable[bytes]
) -> None:
    """Write down the rows that change, as a journal would."""
    if NAME in rows.changed_in_divided:
        rows.changed_in_divided[NAME].update(changed)
    for name, row in rows.changed_rows(NAME, cohort):
        if row is None:
            del log[split_part_name(name)[1]]
        else:
            log[split_part_name(name)[1]] = dict(row)


@given(st.lists(contents, min_size=1, max_size=8), st.sets(st.integers(0, 7)))
def test_the_rows_are_those_of_the_content_whatever_came_before(states: list[StoredCohort], restarts: set[int]) -> None:
    rows, log, former = CohortRows(MAX_PER_PART), dict[str, StoredCohort](), StoredCohort()

    for place, cohort in enumerate(states):
        changed = {name for name in former | cohort if former.get(name) != cohort.get(name)}
        write_changed_parts(rows, log, cohort, changed)
        if place in restarts:
            rows = CohortRows(MAX_PER_PART)
            for bits in log:
                rows.register_row(part_name(NAME, bits) if bits else NAME)
        former = cohort

        assert log == divide(cohort, MAX_PER_PART)


@given(contents)
def test_a_change_of_one_signature_writes_few_rows(cohort: StoredCohort) -> None:
    rows, log = CohortRows(MAX_PER_PART), dict[str, StoredCohort]()
    write_changed_parts(rows, log, cohort, cohort)
    grown = cohort | {PACKED_PROFILES[0]: cohort.get(PACKED_PROFILES[0], 0) + 1}

    former = dict(log)
    write_changed_parts(rows, log, grown, [PACKED_PROFILES[0]])

    written = [row for bits, row in log.items() if former.get(bits) != row]
    assert sum(not is_total(name) for row in written for name in row) <= MAX_PER_PART + 1


@pytest.mark.parametrize("bits", ["0", "011010"])
def test_a_part_has_the_key_of_its_cohort(bits: str) -> None:
    part = part_name(NAME, bits)

    assert part == f"harbor|20100/{bits}|gaaaabEU"
    assert split_part_name(part) == (NAME, bits)
    assert parse_key(part) == parse_key(NAME)


def _reports(count: int, outcome: Callable[[int], int]) -> list[Event]:
    """Return so many reports of one day, each with an acknowledgement at a minute of its own."""
    events: list[Event] = []
    for number in range(count):
        key, at = f"harbor|aa_{number}".encode(), START + number % 24 * HOUR
        done = at + outcome(number) * MINUTE
        events.append(filing(key=key, at=at))
        events.append(action(Outcome.ACKNOWLEDGED, key=key, at=done))
    return events


def test_every_row_of_a_large_cohort_stays_small() -> None:
    subject = LedgerHarness()
    subject.apply(_reports(5_000, lambda number: 1 + number // 24 % 119))
    subject.commit()

    parts = {key: MessagePackCodec().unpack_cohort(row) for key, row in subject.rows.items() if key.startswith(b"c|")}

    (cohort,) = subject.ledger.stored_cohorts().values()
    assert len(cohort) > 10 * MAX_PROFILES_PER_PART
    assert max(map(len, parts.values())) <= MAX_PROFILES_PER_PART
    assert sum(map(Counter, parts.values()), Counter()) == Counter(cohort)


def test_a_ledger_that_is_loaded_continues_with_the_same_parts() -> None:
    events = _reports(600, lambda number: 1 + number // 24 % 119)
    more = [
        action(Outcome.NO_VIOLATION, key=event.key, at=event.at + DAY) for event in events if isinstance(event, Filing)
    ]
    spared, struck = LedgerHarness(), LedgerHarness()

    for part in (events[:400], events[400:], more[:300], more[300:]):
        for subject in (spared, struck):
            subject.apply(part)
            subject.commit()
        struck.restart()

    assert struck.read_rows() == spared.read_rows()
    assert struck.reloaded().in_memory_state() == spared.in_memory_state()

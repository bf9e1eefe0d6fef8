"""Two measurements of one contender: draining a backlog, and being right again after it was killed half way."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.tools.bench.comparison import ComparisonSetup
from tests.tools.bench.peers.contenders import Contender, ContenderRun
from tests.tools.bench.peers.peer_process import PeerProcess, ProcessSample, Progress, sample_process
from tests.tools.bench.timed_run import TimedRun, WrongTotalsError

IDLE_SECONDS: Final = 80.0
"""A contender that says nothing new for so long has said its last.

Longer than the minute after which a broker gives up a transaction that nobody ends, with its ten seconds' rounds.
"""

STABLE_SECONDS: Final = 3.0
"""Totals are right when they stay right for so long: what is handled twice would show by then."""


@dataclass(frozen=True)
class BacklogResult:
    """What a drain took; `peak` is the most resident memory of the process and its children, in bytes."""

    timed_run: TimedRun
    peak: int


@dataclass(frozen=True)
class RecoveryResult:
    """Seconds from the start of the second process until the totals were right for good; None if they never were.

    `totals` is what it came to.
    """

    recovery_seconds: float | None
    totals: object


def measure_backlog(contender: Contender, course: ComparisonSetup) -> BacklogResult:
    """Let a contender take in the whole of its workload; raises WrongTotalsError unless it comes to what it must."""
    records = len(contender.workload_of(course).records)
    expected = contender.expected(course)
    with _prepared_contender(contender, course) as start, _running(start) as contestant:
        first = _wait_for_records(contestant, lambda word: word.records_read > 0)
        last = _wait_for_records(contestant, lambda word: word.records_read >= records and word.totals == expected)
        settled = _wait_until_stable(contestant, last)
    for found in (last, settled):
        if found.progress.totals != expected or found.progress.records_read < records:
            raise WrongTotalsError(f"{contender.name}: expected {expected} of {records} records, got {found.progress}")
    taken = TimedRun(
        records - first.progress.records_read,
        last.wall_seconds - first.wall_seconds,
        last.cpu_seconds - first.cpu_seconds,
    )
    return BacklogResult(taken, last.peak_bytes)


def measure_recovery(contender: Contender, course: ComparisonSetup) -> RecoveryResult:
    """Kill a contender when half of its workload is done, start it again, and see when its totals are right."""
    half = len(contender.workload_of(course).records) // 2
    expected = contender.expected(course)
    with _prepared_contender(contender, course) as start:
        with _running(start) as contestant:
            _wait_for_records(contestant, lambda word: word.records_read >= half)
        begun = time.perf_counter()
        with _running(start) as contestant:
            right = _wait_for_records(contestant, lambda word: word.totals == expected)
            settled = _wait_until_stable(contestant, right)
    good = settled.progress.totals == expected
    return RecoveryResult(right.wall_seconds - begun if good else None, settled.progress.totals)


@contextmanager
def _prepared_contender(contender: Contender, course: ComparisonSetup) -> Iterator[Callable[[], PeerProcess]]:
    application = f"bench-{uuid.uuid4().hex[:8]}"
    folder = course.folder / application
    folder.mkdir()
    yield contender.prepare(ContenderRun(course, application, folder))


@contextmanager
def _running(start: Callable[[], PeerProcess]) -> Iterator[PeerProcess]:
    contestant = start()
    try:
        yield contestant
    finally:
        contestant.kill()


def _wait_for_records(contestant: PeerProcess, wanted: Callable[[Progress], bool]) -> ProcessSample:
    """Return the first moment that is wanted, or the last one there is."""
    last = sample_process(Progress(0, None), contestant.pid)
    while time.perf_counter() - last.wall_seconds < IDLE_SECONDS:
        word = contestant.progress()
        if word is not None:
            last = sample_process(word, contestant.pid)
            if wanted(word):
                break
    return last


def _wait_until_stable(contestant: PeerProcess, last: ProcessSample) -> ProcessSample:
    """Return the last moment of what comes until nothing has come for a while."""
    quiet = time.perf_counter()
    while time.perf_counter() - quiet < STABLE_SECONDS:
        word = contestant.progress()
        if word is not None:
            last, quiet = sample_process(word, contestant.pid), time.perf_counter()
    return last

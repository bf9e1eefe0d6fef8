"""Two measurements of one contender: draining a backlog, and being right again after it was killed half way."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.tools.bench.comparison import Course
from tests.tools.bench.peers.contenders import Contender, Entry
from tests.tools.bench.peers.peer_process import Contestant, Moment, Word, moment
from tests.tools.bench.timed_run import Trial, WrongTotalsError

QUIET_SECONDS: Final = 80.0
"""A contender that says nothing new for so long has said its last.

Longer than the minute after which a broker gives up a transaction that nobody ends, with its ten seconds' rounds.
"""

SETTLE_SECONDS: Final = 3.0
"""Totals are right when they stay right for so long: what is handled twice would show by then."""


@dataclass(frozen=True)
class Drained:
    """What a drain took; `peak` is the most resident memory of the process and its children, in bytes."""

    trial: Trial
    peak: int


@dataclass(frozen=True)
class Mended:
    """Seconds from the start of the second process until the totals were right for good; None if they never were.

    `totals` is what it came to.
    """

    seconds: float | None
    totals: object


def drained(contender: Contender, course: Course) -> Drained:
    """Let a contender take in the whole of its story; raises WrongTotalsError unless it comes to what it must."""
    records = len(contender.story(course).records)
    expected = contender.expected(course)
    with _entered(contender, course) as start, _running(start) as contestant:
        first = _until(contestant, lambda word: word.seen > 0)
        last = _until(contestant, lambda word: word.seen >= records and word.totals == expected)
        settled = _settled(contestant, last)
    for found in (last, settled):
        if found.word.totals != expected or found.word.seen < records:
            raise WrongTotalsError(f"{contender.name}: expected {expected} of {records} records, got {found.word}")
    taken = Trial(records - first.word.seen, last.wall - first.wall, last.cpu - first.cpu)
    return Drained(taken, last.peak)


def mended(contender: Contender, course: Course) -> Mended:
    """Kill a contender when half of its story is done, start it again, and see when its totals are right."""
    half = len(contender.story(course).records) // 2
    expected = contender.expected(course)
    with _entered(contender, course) as start:
        with _running(start) as contestant:
            _until(contestant, lambda word: word.seen >= half)
        begun = time.perf_counter()
        with _running(start) as contestant:
            right = _until(contestant, lambda word: word.totals == expected)
            settled = _settled(contestant, right)
    good = settled.word.totals == expected
    return Mended(right.wall - begun if good else None, settled.word.totals)


@contextmanager
def _entered(contender: Contender, course: Course) -> Iterator[Callable[[], Contestant]]:
    application = f"bench-{uuid.uuid4().hex[:8]}"
    folder = course.folder / application
    folder.mkdir()
    yield contender.enter(Entry(course, application, folder))


@contextmanager
def _running(start: Callable[[], Contestant]) -> Iterator[Contestant]:
    contestant = start()
    try:
        yield contestant
    finally:
        contestant.kill()


def _until(contestant: Contestant, wanted: Callable[[Word], bool]) -> Moment:
    """Return the first moment that is wanted, or the last one there is."""
    last = moment(Word(0, None), contestant.pid)
    while time.perf_counter() - last.wall < QUIET_SECONDS:
        word = contestant.hear()
        if word is not None:
            last = moment(word, contestant.pid)
            if wanted(word):
                break
    return last


def _settled(contestant: Contestant, last: Moment) -> Moment:
    """Return the last moment of what comes until nothing has come for a while."""
    quiet = time.perf_counter()
    while time.perf_counter() - quiet < SETTLE_SECONDS:
        word = contestant.hear()
        if word is not None:
            last, quiet = moment(word, contestant.pid), time.perf_counter()
    return last

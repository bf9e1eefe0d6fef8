"""Files of events to the broker: refused before they leave, acknowledged line by line, safe to run again.

Event ids are in the file, so a line that is sent twice is counted once; what is not certain is sent again.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from producers.publisher.routing import Router
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.line_upload import Pass, Progress, Terms, no_progress
from producers.publisher.upload.precheck import Survey, survey, vouches
from producers.publisher.upload.timestamp_type import broker_stamps
from streams.contract.registry.registry import Registry
from streams.domain.vocabulary import Reason
from streams.edge.clock import WallClock, wall_clock_ms
from streams.edge.files.input_file import STDIN, is_rereadable
from streams.edge.files.line_blocks import LineBlock, read_blocks
from streams.edge.files.reading_clock import reading_clock
from streams.edge.files.refusal_groups import RefusalCounts, RefusedLines


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to publish, and how; no paths, or the path `-`, is the standard input.

    `history` takes each line as told at its `recordedtime`, else its `time`, and sets the records' time to it; else
    every line is told now. Where the broker stamps records itself, history is told now, too: what is older than a live
    event may be must lie in a span of history that the registry has open. Either way a line is refused for the reason
    for which a worker would refuse it. With `skip_refused` such lines are left out, and so are all later heartbeats of
    their platforms. `from_line` counts over all files, from 1.
    """

    settings: PublisherSettings
    registry: Registry
    paths: tuple[Path, ...] = ()
    from_line: int = 1
    history: bool = False
    skip_refused: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of an order.

    Of the lines read, `events` and `heartbeats` were to be sent; `acknowledged` of both the broker has confirmed.
    `withheld` heartbeats were held back, since a line before which they would vouch was left out.
    `resume_from` is the line to go on from, None when nothing is left; `cause` says why it stopped early, "" when it
    did not. `sent` is false when nothing was tried: a dry run, or refused lines in a file. `unopened` tells that it was
    history, of which the registry has not opened all.
    """

    events: int
    heartbeats: int
    withheld: int
    acknowledged: int
    refused: tuple[RefusedLines, ...]
    resume_from: int | None
    cause: str
    sent: bool
    exit_code: int
    unopened: bool = False


def publish(order: Order, progress: Progress = no_progress, wall: WallClock = wall_clock_ms) -> Published:
    """Publish the files of `order`, or the standard input.

    Files are read twice: nothing is sent before every line is known to be good. A pipe, named or not, is checked as it
    comes, and nothing that follows a refused line is sent. Raises OSError for a file that cannot be read, BrokerError
    when the broker cannot be used.
    """
    paths = order.paths or (STDIN,)
    terms = _terms(order, reading_clock(paths, wall))
    if not order.dry_run and not all(map(is_rereadable, paths)):
        return _send(order, read_blocks(paths), Pass(Router(order.registry), terms, progress))
    router = Router(order.registry)
    found = survey(read_blocks(paths), lambda line: router.of_line(line, terms.now(), live=not terms.history))
    if order.dry_run or (found.refusals.total and not order.skip_refused):
        return _unsent(order, found)
    terms = replace(terms, good=not found.refusals.total, checks=tuple(found.checks), gaps=frozenset(found.gaps))
    return _send(order, read_blocks(paths), Pass(Router(order.registry, found.retracted), terms, progress))


def publish_blocks(
    order: Order, source: Iterator[LineBlock], progress: Progress = no_progress, *, good: bool = False
) -> Published:
    """Publish lines as they are made, such as a simulation's; the paths of `order` are not read.

    `good` says that their maker answers for every line: they are then not checked again.
    """
    terms = _terms(order, wall_clock_ms, good=good)
    return _send(order, source, Pass(Router(order.registry), terms, progress))


def _terms(order: Order, now: WallClock, *, good: bool = False) -> Terms:
    history = order.history and (good or not _told_now(order))
    return Terms(now=now, history=history, from_line=order.from_line, skip_refused=order.skip_refused, good=good)


def _told_now(order: Order) -> bool:
    """Return whether history counts as told when it arrives; a registry that accepts everybody opens none."""
    if order.registry.accepts_all:
        return False
    return order.dry_run or broker_stamps(order.settings, order.registry.source_topics())


def _send(order: Order, source: Iterator[LineBlock], sending: Pass) -> Published:
    asyncio.run(sending.run(source, order.settings, order.registry.source_topics()))
    return Published(
        events=sending.events,
        heartbeats=sending.heartbeats,
        withheld=sending.withheld,
        acknowledged=sending.acknowledged,
        refused=sending.refusals.groups(),
        resume_from=sending.resume_from,
        cause=sending.cause,
        sent=True,
        exit_code=int(bool(sending.cause or sending.refusals.total)),
        unopened=_is_unopened(order, sending.refusals),
    )


def _is_unopened(order: Order, refusals: RefusalCounts) -> bool:
    return order.history and any(group.reason == Reason.TOO_OLD for group in refusals.groups())


def _unsent(order: Order, found: Survey) -> Published:
    vouching = sum(count for platform, count in found.beats.items() if vouches(platform, found.gaps))
    return Published(
        events=found.events,
        heartbeats=vouching,
        withheld=found.beats.total() - vouching,
        acknowledged=0,
        refused=found.refusals.groups(),
        resume_from=None,
        cause="",
        sent=False,
        exit_code=int(bool(found.refusals.total)),
        unopened=_is_unopened(order, found.refusals),
    )

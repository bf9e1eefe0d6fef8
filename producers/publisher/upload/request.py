"""Files of events to the broker: refused before they leave, acknowledged line by line, safe to run again.

Event ids are in the file, so a line that is sent twice is counted once; what is not certain is sent again.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from producers.publisher.routing import Router
from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.line_upload import LineUpload, ProgressCallback, UploadOptions, ignore_progress
from producers.publisher.upload.precheck import FileCheck, can_send_heartbeat, check_lines
from producers.publisher.upload.timestamp_type import uses_log_append_time
from streams.contract.registry.registry import Registry
from streams.domain.vocabulary import Reason
from streams.edge.clock import WallClock, wall_clock_ms
from streams.edge.files.input_file import STDIN, is_rereadable
from streams.edge.files.line_blocks import LineBlock, read_blocks
from streams.edge.files.reading_clock import reading_clock
from streams.edge.files.refusal_groups import RefusalCounts, RefusedLines


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
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
class UploadResult:
    """What became of an order.

    Of the lines read, `events` and `heartbeats` were to be sent; `acknowledged` of both the broker has confirmed.
    `withheld` heartbeats were held back, since a line before which they would vouch was left out.
    `resume_from` is the line to go on from, None when nothing is left; `cause` says why it stopped early, "" when it
    did not. `sent` is false when nothing was tried: a dry run, or refused lines in a file. `unopened` tells that it was
    history, of which the registry has not opened all.
    """

    events: int
    heartbeats: int
    withheld_heartbeats: int
    acknowledged: int
    refusal_groups: tuple[RefusedLines, ...]
    resume_from_line: int | None
    stop_cause: str
    is_sent: bool
    exit_code: int
    has_closed_history: bool = False


def publish_files(
    request: UploadRequest, progress: ProgressCallback = ignore_progress, now: WallClock = wall_clock_ms
) -> UploadResult:
    """Publish the files of `order`, or the standard input.

    Files are read twice: nothing is sent before every line is known to be good. A pipe, named or not, is checked as it
    comes, and nothing that follows a refused line is sent. Raises OSError for a file that cannot be read, BrokerError
    when the broker cannot be used.
    """
    paths = request.paths or (STDIN,)
    terms = _upload_options(request, reading_clock(paths, now))
    if not request.dry_run and not all(map(is_rereadable, paths)):
        return _run_upload(request, read_blocks(paths), LineUpload(Router(request.registry), terms, progress))
    router = Router(request.registry)
    found = check_lines(
        read_blocks(paths), lambda line: router.route_line(line, terms.now(), is_live=not terms.history)
    )
    if request.dry_run or (found.refusals.total and not request.skip_refused):
        return _dry_run_result(request, found)
    terms = replace(
        terms,
        is_prevalidated=not found.refusals.total,
        checksums=tuple(found.checksums),
        incomplete_platforms=frozenset(found.incomplete_platforms),
    )
    return _run_upload(
        request, read_blocks(paths), LineUpload(Router(request.registry, found.retracted_ids), terms, progress)
    )


def publish_blocks(
    request: UploadRequest,
    source: Iterator[LineBlock],
    progress: ProgressCallback = ignore_progress,
    *,
    is_prevalidated: bool = False,
) -> UploadResult:
    """Publish lines as they are made, such as a simulation's; the paths of `order` are not read.

    `good` says that their maker answers for every line: they are then not checked again.
    """
    terms = _upload_options(request, wall_clock_ms, is_prevalidated=is_prevalidated)
    return _run_upload(request, source, LineUpload(Router(request.registry), terms, progress))


def _upload_options(request: UploadRequest, now: WallClock, *, is_prevalidated: bool = False) -> UploadOptions:
    history = request.history and (is_prevalidated or not _is_logged_on_arrival(request))
    return UploadOptions(
        now=now,
        history=history,
        from_line=request.from_line,
        skip_refused=request.skip_refused,
        is_prevalidated=is_prevalidated,
    )


def _is_logged_on_arrival(request: UploadRequest) -> bool:
    """Return whether history counts as told when it arrives; a registry that accepts everybody opens none."""
    if request.registry.accepts_all:
        return False
    return request.dry_run or uses_log_append_time(request.settings, request.registry.source_topics())


def _run_upload(request: UploadRequest, source: Iterator[LineBlock], upload: LineUpload) -> UploadResult:
    asyncio.run(upload.run(source, request.settings, request.registry.source_topics()))
    return UploadResult(
        events=upload.events,
        heartbeats=upload.heartbeats,
        withheld_heartbeats=upload.withheld_heartbeats,
        acknowledged=upload.acknowledged,
        refusal_groups=upload.refusals.groups(),
        resume_from_line=upload.resume_from_line,
        stop_cause=upload.stop_cause,
        is_sent=True,
        exit_code=int(bool(upload.stop_cause or upload.refusals.total)),
        has_closed_history=_has_closed_history(request, upload.refusals),
    )


def _has_closed_history(request: UploadRequest, refusals: RefusalCounts) -> bool:
    return request.history and any(group.reason == Reason.TOO_OLD for group in refusals.groups())


def _dry_run_result(request: UploadRequest, check: FileCheck) -> UploadResult:
    vouching = sum(
        count
        for platform, count in check.heartbeats.items()
        if can_send_heartbeat(platform, check.incomplete_platforms)
    )
    return UploadResult(
        events=check.events,
        heartbeats=vouching,
        withheld_heartbeats=check.heartbeats.total() - vouching,
        acknowledged=0,
        refusal_groups=check.refusals.groups(),
        resume_from_line=None,
        stop_cause="",
        is_sent=False,
        exit_code=int(bool(check.refusals.total)),
        has_closed_history=_has_closed_history(request, check.refusals),
    )

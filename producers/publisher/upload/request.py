"""Publishes files of events: checks lines before sending, tracks acknowledgements, and is safe to run again.

Event ids are in the file, so a line that is sent twice counts once. Lines that may have arrived are sent again.
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
from streams.domain.vocabulary import RefusalReason
from streams.edge.clock import WallClock, wall_clock_ms
from streams.edge.files.input_file import STDIN, is_rereadable
from streams.edge.files.line_blocks import LineBlock, read_blocks
from streams.edge.files.reading_clock import reading_clock
from streams.edge.files.refusal_groups import RefusalCounts, RefusedLines


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """What to publish, and how; without paths, or with the path `-`, lines come from the standard input.

    With `history` each record gets its line's `recordedtime`, or `time`, as log time; otherwise lines are logged now.
    If the broker sets the timestamps, history is logged now, too: events that are too old for live events must then be
    in a span of history that the registry has open. A line is refused if a worker would refuse it. With `skip_refused`
    refused lines are left out, and so are heartbeats of their platforms. `from_line` counts over all files, from 1.
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
    """The result of an upload.

    `events` and `heartbeats` count the lines to send; `acknowledged` counts those that the broker acknowledged.
    `withheld_heartbeats` were not sent, since an event that they would cover was refused. `resume_from_line` is the
    first line to send next time, None if nothing is left. `stop_cause` says why the upload stopped early, "" if it did
    not. `is_sent` is false for a dry run, and if a file has refused lines. `has_closed_history` is true if lines of
    history are not in a span that the registry has open.
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
    """Publish the files of `request`, or the standard input.

    Files are read twice, so that nothing is sent before every line is checked. Lines of a pipe, named or not, are
    checked as they arrive, and no line after a refused line is sent. Raises OSError for a file that cannot be read,
    BrokerError if the broker cannot be used.
    """
    paths = request.paths or (STDIN,)
    options = _upload_options(request, reading_clock(paths, now))
    if not request.dry_run and not all(map(is_rereadable, paths)):
        return _run_upload(request, read_blocks(paths), LineUpload(Router(request.registry), options, progress))
    router = Router(request.registry)
    check = check_lines(
        read_blocks(paths), lambda line: router.route_line(line, options.now(), is_live=not options.history)
    )
    if request.dry_run or (check.refusals.total and not request.skip_refused):
        return _dry_run_result(request, check)
    options = replace(
        options,
        is_prevalidated=not check.refusals.total,
        checksums=tuple(check.checksums),
        incomplete_platforms=frozenset(check.incomplete_platforms),
    )
    return _run_upload(
        request, read_blocks(paths), LineUpload(Router(request.registry, check.retracted_ids), options, progress)
    )


def publish_blocks(
    request: UploadRequest,
    source: Iterator[LineBlock],
    progress: ProgressCallback = ignore_progress,
    *,
    is_prevalidated: bool = False,
) -> UploadResult:
    """Publish lines from an iterator, for example of a simulation; the paths of `request` are not read.

    With `is_prevalidated` the lines are not checked.
    """
    options = _upload_options(request, wall_clock_ms, is_prevalidated=is_prevalidated)
    return _run_upload(request, source, LineUpload(Router(request.registry), options, progress))


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
    """Return whether the broker sets the log time of history; a registry that accepts all has no open history."""
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
    return request.history and any(group.reason == RefusalReason.TOO_OLD for group in refusals.groups())


def _dry_run_result(request: UploadRequest, check: FileCheck) -> UploadResult:
    sendable = sum(
        count
        for platform, count in check.heartbeats.items()
        if can_send_heartbeat(platform, check.incomplete_platforms)
    )
    return UploadResult(
        events=check.events,
        heartbeats=sendable,
        withheld_heartbeats=check.heartbeats.total() - sendable,
        acknowledged=0,
        refusal_groups=check.refusals.groups(),
        resume_from_line=None,
        stop_cause="",
        is_sent=False,
        exit_code=int(bool(check.refusals.total)),
        has_closed_history=_has_closed_history(request, check.refusals),
    )

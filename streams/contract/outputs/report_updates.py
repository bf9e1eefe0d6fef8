"""The events that Safeclock publishes about single reports: `response-measured` and `deadline-missed`.

These events are for systems that track single reports, at the platform or at a regulator. An event's id is a function
of its content. A correction is a later event: the latest event for a clock replaces earlier ones.
"""

from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from xxhash import xxh3_128_hexdigest

from streams.contract.events.schema.event_data import Timestamp
from streams.contract.outputs.common_fields import WORKER_SOURCE, WorkerSource
from streams.contract.timestamps import format_timestamp
from streams.domain.clocks.deadlines import DEADLINE_OUTCOMES
from streams.domain.clocks.endings import ENDING_WORDS
from streams.domain.ledger.counters import ClockCounterNames
from streams.domain.ledger.report_updates import ClocksEnded, EndedClock, ReportUpdate

Milliseconds = Annotated[int, Meta(ge=0)]
Ending = Literal[
    "stopped",
    "no_violation",
    "already_restricted",
    "unavailable",
    "out_of_scope",
    "invalidated",
    "withdrawn",
    "expired",
]
DeadlineOutcome = Literal["met", "missed", "released"]


class MeasuredClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock that ended, with `stopped` or a competing ending; the last two fields are null without a limit."""

    clock: str
    version: str
    ending: Ending
    duration_ms: Milliseconds
    limit_ms: Milliseconds | None
    deadline_outcome: DeadlineOutcome | None


class MissedClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock that was running when its limit passed."""

    clock: str
    version: str
    limit_ms: Milliseconds


class ResponseMeasured(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The clocks of a report that one action ended; `filed_at` is the time of the filing."""

    platform: str
    filed_at: Timestamp
    clocks: Annotated[list[MeasuredClock], Meta(min_length=1)]


class DeadlineMissed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of a report that passed at one instant while their clocks ran; `filed_at` is when it was filed."""

    platform: str
    filed_at: Timestamp
    clocks: Annotated[list[MissedClock], Meta(min_length=1)]


class ResponseMeasuredEvent(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="safeclock.response-measured.v1",
):
    """Clocks of the report with the token `subject` ended at `time`; the latest event for a clock replaces others."""

    specversion: Literal["1.0"]
    id: str
    source: WorkerSource
    subject: str
    time: Timestamp
    data: ResponseMeasured


class DeadlineMissedEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="safeclock.deadline-missed.v1"
):
    """Limits of a report have passed: `subject` is the report's token, `time` the instant at which the limits passed.

    A response or a pause that is logged late may show that a limit was met: then a response-measured event follows.
    """

    specversion: Literal["1.0"]
    id: str
    source: WorkerSource
    subject: str
    time: Timestamp
    data: DeadlineMissed


def encode_report_update(update: ReportUpdate) -> bytes:
    """Return the value of a report update's record; the record's key is the report's.

    The JSON is joined from cached texts, since a worker encodes about two updates for every report.
    """
    if isinstance(update, ClocksEnded):
        return _event_json(
            update, "response-measured", str(update.duration).join(_clock_fragments(update.ended_clocks))
        )
    return _event_json(update, "deadline-missed", ",".join([_missed_clock_json(names) for names in update.clocks]))


def _event_json(update: ReportUpdate, kind: str, clocks: str) -> bytes:
    platform, _, subject = update.key.decode().partition("|")
    time = format_timestamp(update.at)
    id_ = xxh3_128_hexdigest(f"{platform}|{subject}|{time}|{clocks}")
    return (
        f'{{"type":"safeclock.{kind}.v1","specversion":"1.0","id":"{id_}","source":"{WORKER_SOURCE}","subject":"{subject}",'
        f'"time":"{time}","data":{{"platform":"{platform}","filed_at":"{format_timestamp(update.filed_at)}","clocks":[{clocks}]}}}}'
    ).encode()


@lru_cache(maxsize=4096)
def _clock_fragments(ended: tuple[EndedClock, ...]) -> list[str]:
    """Return the JSON of ended clocks, split at the place of the durations."""
    measured = [
        MeasuredClock(
            clock=names.clock.id,
            version=names.clock.version,
            ending=ENDING_WORDS[ending],  # type: ignore[arg-type]  # one of the words
            duration_ms=0,
            limit_ms=names.clock.limit,
            deadline_outcome=DEADLINE_OUTCOMES.get(outcome),  # type: ignore[arg-type]  # one of the words
        )
        for names, ending, outcome in ended
    ]
    text = msgspec.json.encode(measured).decode()[1:-1]
    first, *others = text.split('"duration_ms":0,')
    return [f'{first}"duration_ms":', *[f',{part}"duration_ms":' for part in others[:-1]], f",{others[-1]}"]


@lru_cache(maxsize=1024)
def _missed_clock_json(names: ClockCounterNames) -> str:
    clock = names.clock
    missed = MissedClock(clock=clock.id, version=clock.version, limit_ms=clock.limit or 0)
    return msgspec.json.encode(missed).decode()


_decoder: Final = msgspec.json.Decoder(ResponseMeasuredEvent | DeadlineMissedEvent)


def decode_report_update(value: bytes) -> ResponseMeasuredEvent | DeadlineMissedEvent:
    """Return the event that `encode_report_update` encoded; raises ValueError for any other value."""
    event: ResponseMeasuredEvent | DeadlineMissedEvent = _decoder.decode(value)
    return event

"""The events that Safeclock publishes about single reports: `response-measured` and `deadline-missed`.

They are for machines that follow single reports, at the platform or at a regulator. An id is a function of what is
said; what was corrected is told by a later event, and the last one on a clock holds.
"""

from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from xxhash import xxh3_128_hexdigest

from streams.contract.instants import format_ms
from streams.contract.types import Instant
from streams.domain.counters import ClockCounterNames
from streams.domain.endings import ENDING_WORDS, VERDICTS
from streams.domain.notices import EndedClock, Notice, Response

SOURCE: Final = "/safeclock/worker"

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
Verdict = Literal["met", "missed", "released"]


class ClockMeasured(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock that has ended: `ending` is stopped or what competed; `limit_ms` and `verdict` are null without a limit."""

    clock: str
    version: str
    ending: Ending
    duration_ms: Milliseconds
    limit_ms: Milliseconds | None
    verdict: Verdict | None


class ClockMissed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clock that ran when its limit passed."""

    clock: str
    version: str
    limit_ms: Milliseconds


class ResponseMeasured(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clocks of a report have ended with one deed; `filed` is the filing's time."""

    platform: str
    filed: Instant
    clocks: Annotated[list[ClockMeasured], Meta(min_length=1)]


class DeadlineMissed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which limits of a report passed at one instant while their clocks ran; `filed` is the filing's time."""

    platform: str
    filed: Instant
    clocks: Annotated[list[ClockMissed], Meta(min_length=1)]


class ResponseMeasuredEvent(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="safeclock.response-measured.v1",
):
    """Clocks of a report have ended: `subject` is the report's token, `time` the deed's. The last one on a clock holds."""

    specversion: Literal["1.0"]
    id: str
    source: Literal["/safeclock/worker"]
    subject: str
    time: Instant
    data: ResponseMeasured


class DeadlineMissedEvent(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="safeclock.deadline-missed.v1"
):
    """Limits of a report have passed: `subject` is the report's token, `time` when they did.

    A response that was told late, or a pause, may show later that a limit was kept: a response-measured event says so.
    """

    specversion: Literal["1.0"]
    id: str
    source: Literal["/safeclock/worker"]
    subject: str
    time: Instant
    data: DeadlineMissed


def encode(notice: Notice) -> bytes:
    """Return the value of the record that tells a notice; its key is the report's.

    It is put together from texts that are made once, since a worker makes two for every report.
    """
    if isinstance(notice, Response):
        return _event(notice, "response-measured", str(notice.duration).join(_around(notice.ended)))
    return _event(notice, "deadline-missed", ",".join([_missed(names) for names in notice.clocks]))


def _event(notice: Notice, kind: str, clocks: str) -> bytes:
    platform, _, subject = notice.key.decode().partition("|")
    time = format_ms(notice.at)
    id_ = xxh3_128_hexdigest(f"{platform}|{subject}|{time}|{clocks}")
    return (
        f'{{"type":"safeclock.{kind}.v1","specversion":"1.0","id":"{id_}","source":"{SOURCE}","subject":"{subject}",'
        f'"time":"{time}","data":{{"platform":"{platform}","filed":"{format_ms(notice.filed)}","clocks":[{clocks}]}}}}'
    ).encode()


@lru_cache(maxsize=4096)
def _around(ended: tuple[EndedClock, ...]) -> list[str]:
    """Return the text of clocks that have ended, cut where their duration stands."""
    measured = [
        ClockMeasured(
            clock=names.clock.id,
            version=names.clock.version,
            ending=ENDING_WORDS[ending],  # type: ignore[arg-type]  # one of the words
            duration_ms=0,
            limit_ms=names.clock.limit,
            verdict=VERDICTS.get(verdict),  # type: ignore[arg-type]  # one of the words
        )
        for names, ending, verdict in ended
    ]
    text = msgspec.json.encode(measured).decode()[1:-1]
    first, *others = text.split('"duration_ms":0,')
    return [f'{first}"duration_ms":', *[f',{part}"duration_ms":' for part in others[:-1]], f",{others[-1]}"]


@lru_cache(maxsize=1024)
def _missed(names: ClockCounterNames) -> str:
    clock = names.clock
    missed = ClockMissed(clock=clock.id, version=clock.version, limit_ms=clock.limit or 0)
    return msgspec.json.encode(missed).decode()


_decoder: Final = msgspec.json.Decoder(ResponseMeasuredEvent | DeadlineMissedEvent)


def decode(value: bytes) -> ResponseMeasuredEvent | DeadlineMissedEvent:
    """Return what `encode` wrote; ValueError for anything else."""
    event: ResponseMeasuredEvent | DeadlineMissedEvent = _decoder.decode(value)
    return event
